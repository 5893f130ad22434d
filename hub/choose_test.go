package hub

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// filesOf makes a listing of paths, each of 10 bytes.
func filesOf(names ...string) []File {
	list := make([]File, len(names))
	for i, name := range names {
		list[i] = File{Path: name, Size: 10}
	}
	return list
}

func TestPackagesAreFoundByTheirNames(t *testing.T) {
	files := filesOf(
		"README.md", "a/b/X.MLPackage/Manifest.json", "a/b/X.MLPackage/Data/com.apple.CoreML/model.mlmodel",
		"Y.mlmodel", "Z.mlmodelc/coremldata.bin", "Z.mlmodelc/weights/weight.bin", "W.mlpackage", "V.mlmodel/x", "model.safetensors",
	)
	want := []PackageEntry{{"Y.mlmodel", 10}, {"Z.mlmodelc", 20}, {"a/b/X.MLPackage", 20}}
	if got := findPackages(files); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	files[5].Size = -1
	if got := findPackages(files); got[1].Size != -1 {
		t.Errorf("a size that is not known makes %v", got)
	}
}

func TestAPackageIsChosenByItsPathOrItsForm(t *testing.T) {
	repo := Repo{ID: "org/name"}
	for _, c := range []struct {
		name, where string
		files       []string
		want        string // "" is ambiguous, "-" none
	}{
		{"the only one", "", []string{"m.mlpackage/a", "x"}, "m.mlpackage"},
		{"a package before its source and its compiled form", "", []string{"m.mlpackage/a", "m.mlmodelc/b", "m.mlmodel"}, "m.mlpackage"},
		{"a source before its compiled form", "", []string{"m.mlmodelc/b", "m.mlmodel"}, "m.mlmodel"},
		{"two", "", []string{"m.mlpackage/a", "n.mlpackage/a"}, ""},
		{"one of two", "n.mlpackage", []string{"m.mlpackage/a", "n.mlpackage/a"}, "n.mlpackage"},
		{"the only one of a folder", "f", []string{"m.mlpackage/a", "f/n.mlpackage/a", "fg/o.mlpackage/a"}, "f/n.mlpackage"},
		{"a compiled form by its path", "m.mlmodelc", []string{"m.mlpackage/a", "m.mlmodelc/b"}, "m.mlmodelc"},
		{"none", "", []string{"README.md"}, "-"},
		{"none there", "g", []string{"m.mlpackage/a"}, "-"},
		{"inside of one", "m.mlpackage/Data", []string{"m.mlpackage/Data/x.mlmodel"}, "-"},
	} {
		got, err := choosePackage(repo, findPackages(filesOf(c.files...)), c.where)
		switch c.want {
		case "", "-":
			sentinel, other := ErrAmbiguous, ErrEntryNotFound
			if c.want == "-" {
				sentinel, other = other, sentinel
			}
			list, ok := errors.AsType[*PackagesError](err)
			if !ok || !errors.Is(err, sentinel) || errors.Is(err, other) || !strings.Contains(err.Error(), "org/name") {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			for _, p := range list.Packages {
				if !strings.Contains(err.Error(), `"`+p.Path+`" (10 B)`) {
					t.Errorf("%s: %v lacks %q with its size", c.name, err, p.Path)
				}
			}
		default:
			if err != nil || got.Path != c.want {
				t.Errorf("%s: %q, %v, want %q", c.name, got.Path, err, c.want)
			}
		}
	}
}

func TestTheFilesOfAPackageAreFetchedAndNoOthers(t *testing.T) {
	const pkg = "m.mlpackage/Manifest.json"
	for _, c := range []struct {
		name, where string
		files, want []string
		tokenizer   string
	}{
		{
			"beside the package", "",
			[]string{
				pkg, "tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json", "m.driver.json", "model.safetensors", "README.md", "pytorch_model.bin", "additional_chat_templates/rag.jinja", "additional_chat_templates/x.txt",
				"modules.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin", "1_Other/model.safetensors", "a_b/config.json",
			},
			[]string{pkg, "tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json", "m.driver.json", "additional_chat_templates/rag.jinja", "modules.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"},
			".",
		},
		{
			"in the root of the repository", "",
			[]string{"coreml/int4/" + pkg, "coreml/int4/driver.json", "tokenizer.model", "special_tokens_map.json", "onnx/tokenizer.json", "x.safetensors"},
			[]string{"coreml/int4/" + pkg, "coreml/int4/driver.json", "tokenizer.model", "special_tokens_map.json"},
			".",
		},
		{
			"in the nearest folder above", "",
			[]string{"coreml/int4/" + pkg, "coreml/vocab.json", "coreml/merges.txt", "tokenizer.json"},
			[]string{"coreml/int4/" + pkg, "coreml/vocab.json", "coreml/merges.txt"},
			"coreml",
		},
		{"nowhere", "", []string{"a/" + pkg, "a/config.json", "config.json"}, []string{"a/" + pkg, "a/config.json"}, ""},
		{
			"of one of two packages", "b",
			[]string{"a/" + pkg, "a/tokenizer.json", "b/" + pkg, "b/tokenizer.json"},
			[]string{"b/" + pkg, "b/tokenizer.json"},
			"b",
		},
		{"of a file", "", []string{"m.mlmodel", "x.tiktoken", "y.mlmodelx"}, []string{"m.mlmodel", "x.tiktoken"}, "."},
	} {
		got, err := choose(Repo{ID: "o/n"}, filesOf(c.files...), c.where)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		slices.Sort(got.files)
		slices.Sort(c.want)
		if !slices.Equal(got.files, c.want) || got.tokenizer != c.tokenizer {
			t.Errorf("%s: %q with the tokenizer in %q, want %q with %q", c.name, got.files, got.tokenizer, c.want, c.tokenizer)
		}
	}
}

func TestTheFilesOfATokenizerAreThoseOfItsFolder(t *testing.T) {
	repo := Repo{ID: "o/n"}
	files := filesOf("tokenizer.json", "config.json", "model.safetensors", "sub/tokenizer.model", "sub/x.bin", "other/x", "p/m.mlpackage/a", "p/vocab.txt")
	for where, want := range map[string][]string{
		"": {"tokenizer.json", "config.json"}, "sub": {"sub/tokenizer.model"}, "sub/tokenizer.model": {"sub/tokenizer.model"}, "p": {"p/vocab.txt"},
	} {
		got, err := chooseTokenizer(repo, files, where)
		if err != nil || !slices.Equal(got.files, want) {
			t.Errorf("at %q: %v, %v, want %q", where, got, err, want)
		}
	}
	for _, where := range []string{"other", "absent"} {
		if got, err := chooseTokenizer(repo, files, where); !errors.Is(err, ErrEntryNotFound) {
			t.Errorf("at %q: %v, %v", where, got, err)
		}
	}
	// Without one in the root it is that of the only package.
	if got, err := chooseTokenizer(repo, files[2:], ""); err != nil || !slices.Equal(got.files, []string{"p/vocab.txt"}) {
		t.Errorf("beside the only package: %v, %v", got, err)
	}
}

// TestForeignNamesInAListOfPackagesAreQuoted is for names that a hub chose.
func TestForeignNamesInAListOfPackagesAreQuoted(t *testing.T) {
	evil := "\x1b]0;x\x07\u202e.mlpackage"
	var names []string
	for i := range 100 {
		names = append(names, strings.Repeat("n", 1000)+strings.Repeat("m", i)+evil+"/a")
	}
	_, err := choosePackage(Repo{ID: "o/n"}, findPackages(filesOf(names...)), "")
	text := err.Error()
	if strings.ContainsAny(text, "\x1b\x07\u202e\n") || len(text) > 20_000 || !strings.Contains(text, "and 60 more") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func TestSizesAreInUnitsOf1024(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 14 << 30: "14.0 GiB", 5 << 60: "5.0 EiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
