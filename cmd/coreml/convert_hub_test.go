package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

const tinyLlama = "../../testdata/checkpoints/llama-tied"

// tinyRepository is a folder as repositories of checkpoints are: the same weights in other
// forms beside those that count, and a tokenizer.
func tinyRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} {
		data, err := os.ReadFile(filepath.Join(tinyLlama, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pytorch_model.bin", "consolidated.safetensors", "README.md", "model.Q4_0.gguf"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConvertTakesTheNameOfARepository(t *testing.T) {
	server, cache := newUser(t, hubtest.Repo{ID: "org/tiny", Files: os.DirFS(tinyRepository(t))})
	out := t.TempDir()
	made := filepath.Join(out, "made.mlpackage")
	r := call(t, "convert", "org/tiny", made)
	r.want(t, exitOK, "", "model.safetensors: done")
	for name := range server.Bodies() {
		for _, other := range []string{".bin", "consolidated", "README", ".gguf"} {
			if strings.Contains(name, other) {
				t.Errorf("%s was fetched", name)
			}
		}
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json", "generation_config.json"} {
		if info, err := os.Lstat(filepath.Join(out, name)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("beside the package: %v, %v", info, err)
		}
	}
	commit := server.Commit("", "org/tiny", "main")
	says := call(t, "inspect", made, "--json").out
	for _, want := range []string{`"org/tiny"`, commit, "tiny (llama), weights none"} {
		if !strings.Contains(says, want) {
			t.Errorf("the package does not say %s", want)
		}
	}
	if repo, err := repositoryOf(made); err != nil || repo != "org/tiny" {
		t.Errorf("the package is from %q, %v", repo, err)
	}
	// It is the package that the same files make in a folder.
	other := filepath.Join(t.TempDir(), "other.mlpackage")
	call(t, "convert", tinyLlama, other, "-q").want(t, exitOK, "", "")
	same := func(pkg string) []byte {
		data, err := os.ReadFile(filepath.Join(pkg, "Data/com.apple.CoreML/weights/weight.bin"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if !slices.Equal(same(made), same(other)) {
		t.Error("the weights are other ones")
	}
	server.ClearLog()

	// What is in the cache is not fetched again, and offline nobody is asked.
	call(t, "convert", "org/tiny@main", filepath.Join(out, "again.mlpackage"), "-q").want(t, exitOK, "", "")
	if got := operations(server); !slices.Equal(got, []string{"GET info"}) {
		t.Errorf("a second time the hub was asked %q", got)
	}
	call(t, "convert", "org/tiny", filepath.Join(out, "offline.mlpackage"), "--offline", "--quantize", "int8", "-q").want(t, exitOK, "", "")
	call(t, "convert", "org/tiny", filepath.Join(out, "dry.mlpackage"), "--offline", "--dry-run").want(t, exitOK, "model.layers.0.mlp.down_proj.weight", "")
	call(t, "convert", "org/absent", filepath.Join(out, "x.mlpackage"), "--offline").
		want(t, exitFailure, "", `there is no checkpoint "org/absent": it is no file or folder here, and the local cache `+cache)
	if got := operations(server); len(got) != 0 {
		t.Errorf("offline the hub was asked %q", got)
	}
}

func TestConvertTakesAGGUFFileOfARepository(t *testing.T) {
	data, err := os.ReadFile("../../internal/checkpoint/testdata/gguf/qwen3.gguf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"tiny-F16.gguf", "tiny-Q8_0.gguf", "mmproj-tiny.gguf"} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, _ := newUser(t, hubtest.Repo{ID: "org/files", Files: os.DirFS(dir)})
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
	made := filepath.Join(t.TempDir(), "made.mlpackage")
	r := call(t, "convert", "org/files", made)
	for _, want := range []string{"there are 2 GGUF files", "org/files:tiny-F16.gguf", `"tiny-Q8_0.gguf"`} {
		r.want(t, exitFailure, "", want)
	}
	r = call(t, "convert", "org/files:tiny-Q8_0.gguf", made, "-q")
	r.want(t, exitOK, "", "")
	if n := len(server.Bodies()); n != 1 {
		t.Errorf("%d files were fetched: %v", n, server.Bodies())
	}
	if repo, err := repositoryOf(made); err != nil || repo != "org/files" {
		t.Errorf("the package is from %q, %v", repo, err)
	}
	call(t, "convert", "org/files:tiny-Q8_0.gguf", filepath.Join(t.TempDir(), "made.mlpackage"), "-q", "--offline").want(t, exitOK, "", "")
	call(t, "convert", "org/files:tiny-F16.gguf", filepath.Join(t.TempDir(), "made.mlpackage"), "--offline").want(t, exitFailure, "", "tiny-F16.gguf")
}

func TestConvertSaysWhatARepositoryLacks(t *testing.T) {
	newUser(t, hubtest.Repo{ID: "org/pickled", Files: hubtest.FS{"config.json": hubtest.Text("{}"), "pytorch_model.bin": hubtest.Text("x")}},
		hubtest.Repo{ID: "org/none", Files: hubtest.FS{"README.md": hubtest.Text("x")}})
	out := t.TempDir()
	for name, want := range map[string]string{
		"org/pickled": "pickled weights", "org/none": "no checkpoint lies there", "org/none:sub": "no checkpoint lies there",
		"org/absent": `there is no checkpoint "org/absent": it is no file or folder here, and on the hub: `, "org/none@old": "no such revision",
	} {
		call(t, "convert", name, filepath.Join(out, "sub", "made.mlpackage")).want(t, exitFailure, "", want)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// The verbs that make a package make the folder for it, and take it away where nothing
// came of it.
func TestTheFolderOfAPackageIsMade(t *testing.T) {
	in := synth(t, smallFlags...)
	for name, args := range map[string][]string{
		"convert": {"convert", tinyLlama, "OUT", "-q"}, "synth": append([]string{"synth", "OUT", "-q"}, smallFlags...),
		"checkpoint": append([]string{"synth", "OUT", "-q", "--checkpoint"}, smallFlags...),
		"compress":   {"compress", in, "OUT", "--decompress", "-q"}, "edit": {"edit", in, "OUT", "--author", "me", "-q"},
	} {
		root := t.TempDir()
		out := filepath.Join(root, "a", "b", "made.mlpackage")
		at := slices.Index(args, "OUT")
		args[at] = out
		call(t, args...).want(t, exitOK, "", "")
		if _, err := os.Stat(out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// A file is no folder.
		if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		args[at] = filepath.Join(root, "file", "sub", "made.mlpackage")
		call(t, args...).want(t, exitFailure, "", "made.mlpackage")
	}
	root := t.TempDir()
	out := filepath.Join(root, "a", "b", "made.mlpackage")
	for _, args := range [][]string{
		{"convert", tinyLlama, out, "--ignore", "x", "--keep", "["},
		{"convert", root, out},
		{"convert", tinyLlama, out, "--dry-run"},
		{"compress", root, out, "--decompress"},
		{"edit", in, out, "--only", "none"},
		{"synth", out, "--heads", "3", "--kv-heads", "2"},
		{"compress", in, out, "--config", filepath.Join(root, "absent.yaml")},
	} {
		call(t, args...)
		if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
			t.Errorf("%q left %v, %v", args, left, err)
		}
	}
}
