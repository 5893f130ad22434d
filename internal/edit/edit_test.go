package edit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/edit"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// weightLen is the number of elements of each weight.
const weightLen = 1 << 12

// model makes a package of one function, to whose input x weights are added, each of one
// of these values.
func model(t *testing.T, function string, weights ...float32) string {
	t.Helper()
	b := mil.NewBuilder(function, "CoreML8")
	x := b.Input("x", dtype.Float16, weightLen)
	y := x
	for _, v := range weights {
		w := b.Float16s("w", []int{weightLen}, slices.Repeat([]float32{v}, weightLen)...)
		y = b.Op("add", "", x.Type, mil.Args{"x": y, "y": w})
	}
	b.Output("y", y)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	d, err := mil.Describe(p, function)
	if err != nil {
		t.Fatal(err)
	}
	d.Metadata = &milpb.Metadata{ShortDescription: "sums", UserDefined: []milpb.StringPair{{Key: "old", Value: "value"}}}
	pkg := filepath.Join(t.TempDir(), "m.mlpackage")
	if err := mil.Write(pkg, p, d); err != nil {
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

// Models are merged at the cost of what they do not share, functions change names, and
// each can be taken out again.
func TestMergedPackagesShareEqualWeights(t *testing.T) {
	one, other := model(t, "main", 1, 2), model(t, "main", 2, 3)
	alone := read(t, one)
	out := filepath.Join(t.TempDir(), "both.mlpackage")
	if err := edit.Apply(t.Context(), one, out, &edit.Edit{
		Merge:  []edit.Merge{{Package: one, Name: "again"}, {Package: other, Name: "other"}},
		Rename: map[string]string{"main": "again", "again": "main"}, Default: "other",
	}); err != nil {
		t.Fatal(err)
	}
	all := read(t, out)
	if want := []string{"again", "main", "other"}; !slices.Equal(all.functions, want) || all.main != "other" {
		t.Errorf("the functions are %v with %s as default, want %v with other", all.functions, all.main, want)
	}
	// Three weights of two bytes for each element, with their headers.
	if all.weights < 3*2*weightLen || all.weights > 4*2*weightLen {
		t.Errorf("three different weights take %d bytes", all.weights)
	}
	left := changed(t, out, &edit.Edit{Only: []string{"again"}})
	if len(left.functions) != 0 || left.main != "main" || left.weights != alone.weights {
		t.Errorf("one function is left as %v, %s with %d bytes, want main with %d", left.functions, left.main, left.weights, alone.weights)
	}
}

// Texts are set, kept and removed.
func TestTextsAreSetAndRemoved(t *testing.T) {
	pkg := model(t, "main", 1)
	before := read(t, pkg)
	after := changed(t, pkg, &edit.Edit{
		Description: new(""), Author: new("somebody"),
		Metadata: map[string]*string{"old": nil, "new": new("value")}, Features: map[string]string{"y": "the sum"},
	})
	if before.description == "" || before.metadata["old"] == "" {
		t.Fatalf("the package says nothing: %+v", before)
	}
	_, there := after.metadata["old"]
	if after.description != "" || after.author != "somebody" || there || after.metadata["new"] != "value" || after.weights != before.weights {
		t.Errorf("the package says %+v", after)
	}
}

// What does not fit the package is refused by name, and no package is left.
func TestEditsThatDoNotFitAreRefused(t *testing.T) {
	pkg := model(t, "f", 1)
	for name, c := range map[string]struct {
		edit *edit.Edit
		want error
	}{
		"rename of what is not there":   {&edit.Edit{Rename: map[string]string{"g": "h"}}, edit.ErrEdit},
		"rename to nothing":             {&edit.Edit{Rename: map[string]string{"f": ""}}, edit.ErrEdit},
		"only what is not there":        {&edit.Edit{Only: []string{"g"}}, edit.ErrEdit},
		"a default that is not there":   {&edit.Edit{Default: "g"}, edit.ErrEdit},
		"a feature that is not there":   {&edit.Edit{Features: map[string]string{"z": "text"}}, edit.ErrEdit},
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
