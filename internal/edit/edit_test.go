package edit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml/convert"
	"github.com/gocoreml/coreml/internal/edit"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// model makes a package of a tiny checkpoint.
func model(t *testing.T, checkpoint string, o *convert.Options) string {
	t.Helper()
	pkg := filepath.Join(t.TempDir(), "m.mlpackage")
	if _, err := convert.Convert(t.Context(), filepath.Join("../../coreml/convert/testdata/architectures", checkpoint), pkg, o); err != nil {
		t.Fatal(err)
	}
	return pkg
}

// said is what an edited package says of itself.
type said struct {
	functions   []string
	main        string // the default function
	description string
	author      string
	metadata    map[string]string
	weights     int64
}

// changed edits a package and reads the result.
func changed(t *testing.T, in string, e *edit.Edit) said {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.mlpackage")
	if err := edit.Apply(t.Context(), in, out, e); err != nil {
		t.Fatal(err)
	}
	return read(t, out)
}

func read(t *testing.T, name string) said {
	t.Helper()
	pkg, err := modelpkg.OpenPath(name)
	if err != nil {
		t.Fatal(err)
	}
	defer pkg.Close() //nolint:errcheck // only read
	d := pkg.Model().Description
	p := said{main: pkg.DefaultFunction(), description: d.Metadata.ShortDescription, author: d.Metadata.Author, metadata: map[string]string{}}
	for _, f := range d.Functions {
		p.functions = append(p.functions, f.Name)
	}
	for _, m := range d.Metadata.UserDefined {
		p.metadata[m.Key] = m.Value
	}
	files, err := pkg.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		p.weights += f.Size
	}
	return p
}

// A model and its copy are merged at no cost, and the copy's functions can be taken out again.
func TestMergedPackagesShareEqualWeights(t *testing.T) {
	one, other := model(t, "arcee", nil), model(t, "gpt2", nil)
	alone, second := changed(t, one, &edit.Edit{}), changed(t, other, &edit.Edit{})
	out := filepath.Join(t.TempDir(), "both.mlpackage")
	if err := edit.Apply(t.Context(), one, out, &edit.Edit{
		Merge: []edit.Merge{{Package: one, Name: "again"}, {Package: other, Name: "gpt2"}}, Rename: map[string]string{"main": "again", "again": "main"}, Default: "gpt2",
	}); err != nil {
		t.Fatal(err)
	}
	all := read(t, out)
	if want := []string{"again", "gpt2", "main"}; !slices.Equal(all.functions, want) || all.main != "gpt2" {
		t.Errorf("the functions are %v with %s as default, want %v with gpt2", all.functions, all.main, want)
	}
	// What both have is a file's header and what lies between weights.
	if sum := alone.weights + second.weights; all.weights > sum {
		t.Errorf("three functions have %d bytes of weights, the two models %d", all.weights, sum)
	}
	left := changed(t, out, &edit.Edit{Only: []string{"again"}})
	if len(left.functions) != 0 || left.main != "main" || left.weights != alone.weights {
		t.Errorf("one function is left as %v, %s with %d bytes, want main with %d", left.functions, left.main, left.weights, alone.weights)
	}
}

// Texts are set, kept and removed.
func TestTextsAreSetAndRemoved(t *testing.T) {
	pkg := model(t, "arcee", nil)
	before := changed(t, pkg, &edit.Edit{})
	after := changed(t, pkg, &edit.Edit{
		Description: new(""), Author: new("somebody"),
		Metadata: map[string]*string{"com.github.gocoreml.tensors": nil, "new": new("value")}, Features: map[string]string{"logits": "one for each token"},
	})
	if before.description == "" || before.metadata["com.github.gocoreml.tensors"] == "" {
		t.Fatalf("the package says nothing: %+v", before)
	}
	_, there := after.metadata["com.github.gocoreml.tensors"]
	if after.description != "" || after.author != "somebody" || there || after.metadata["new"] != "value" || after.weights != before.weights {
		t.Errorf("the package says %+v", after)
	}
}

// What does not fit the package is refused by name, and no package is left.
func TestEditsThatDoNotFitAreRefused(t *testing.T) {
	pkg := model(t, "arcee", &convert.Options{Function: "f"})
	for name, c := range map[string]struct {
		edit *edit.Edit
		want error
	}{
		"rename of what is not there":   {&edit.Edit{Rename: map[string]string{"g": "h"}}, edit.ErrEdit},
		"rename to nothing":             {&edit.Edit{Rename: map[string]string{"f": ""}}, edit.ErrEdit},
		"only what is not there":        {&edit.Edit{Only: []string{"g"}}, edit.ErrEdit},
		"a default that is not there":   {&edit.Edit{Default: "g"}, edit.ErrEdit},
		"a feature that is not there":   {&edit.Edit{Features: map[string]string{"x": "text"}}, edit.ErrEdit},
		"a merge under a name twice":    {&edit.Edit{Merge: []edit.Merge{{Package: pkg, Name: "f"}}}, edit.ErrEdit},
		"a merge without a name":        {&edit.Edit{Merge: []edit.Merge{{Package: pkg}}}, edit.ErrEdit},
		"a merge of another function":   {&edit.Edit{Merge: []edit.Merge{{Package: pkg, Function: "g", Name: "g"}}}, edit.ErrEdit},
		"a merge of what is not there":  {&edit.Edit{Merge: []edit.Merge{{Package: pkg + "x", Name: "g"}}}, fs.ErrNotExist},
		"two functions under one name":  {&edit.Edit{Merge: []edit.Merge{{Package: pkg, Name: "g"}}, Rename: map[string]string{"g": "f"}}, edit.ErrEdit},
		"a default that has been taken": {&edit.Edit{Merge: []edit.Merge{{Package: pkg, Name: "g"}}, Only: []string{"f"}, Default: "g"}, edit.ErrEdit},
	} {
		out := filepath.Join(t.TempDir(), "out.mlpackage")
		if err := edit.Apply(t.Context(), pkg, out, c.edit); !errors.Is(err, c.want) {
			t.Errorf("%s: error is %v", name, err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: there is a package", name)
		}
	}
	if err := edit.Apply(t.Context(), pkg, pkg, &edit.Edit{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over itself: error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := filepath.Join(t.TempDir(), "out.mlpackage")
	if err := edit.Apply(ctx, pkg, out, &edit.Edit{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error is %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("cancelled: there is a package")
	}
}
