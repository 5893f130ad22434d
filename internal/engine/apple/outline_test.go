//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"errors"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

func compiledFS(metadata string) fstest.MapFS {
	return fstest.MapFS{"m.mlmodelc/metadata.json": {Data: []byte(metadata)}, "m.mlmodelc/model.mil": {}}
}

func namesOf(list []outlined) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.name)
	}
	return out
}

func TestCompiledModelsOfOneFunctionTellTheirOrder(t *testing.T) {
	const metadata = `[{
		"inputSchema": [{"name": "z", "shortDescription": "the last letter"}, {"name": "a", "colorspace": "BGR"}],
		"outputSchema": [{"name": "logits"}], "stateSchema": [{"name": "v"}, {"name": "k"}],
		"specificationVersion": 9, "author": "someone", "version": "1.2", "license": "free", "shortDescription": "short",
		"userDefinedMetadata": {"key": "text", "odd": 3}, "isUpdatable": "0"
	}]`
	o, err := compiledOutline(compiledFS(metadata), "m.mlmodelc", "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(namesOf(o.inputs), []string{"z", "a"}) || !slices.Equal(namesOf(o.states), []string{"v", "k"}) || len(o.outputs) != 1 {
		t.Errorf("features: %+v", o)
	}
	if o.inputs[0].text != "the last letter" || o.inputs[1].pixels != engine.BGR {
		t.Errorf("inputs: %+v", o.inputs)
	}
	if o.version != 9 || o.author != "someone" || o.release != "1.2" || o.license != "free" || o.shortText != "short" {
		t.Errorf("texts: %+v", o)
	}
	if len(o.texts) != 1 || o.texts["key"] != "text" {
		t.Errorf("free metadata: %v", o.texts)
	}
}

func TestCompiledModelsOfManyFunctions(t *testing.T) {
	const metadata = `[{"specificationVersion": "9", "defaultFunctionName": "b", "functions": [
		{"name": "b", "inputSchema": [{"name": "x"}]}, {"name": "a", "inputSchema": [{"name": "y"}]}]}]`
	for _, test := range []struct{ name, ask, function, input string }{
		{"the default one", "", "b", "x"},
		{"one by its name", "a", "a", "y"},
	} {
		o, err := compiledOutline(compiledFS(metadata), "m.mlmodelc", test.ask)
		if err != nil {
			t.Fatal(err)
		}
		if o.function != test.function || !slices.Equal(namesOf(o.inputs), []string{test.input}) {
			t.Errorf("%s: %+v", test.name, o)
		}
		if !slices.Equal(o.functions, []string{"a", "b"}) || o.defaultFunction != "b" || o.version != 9 {
			t.Errorf("%s: functions %v, default %q, version %d", test.name, o.functions, o.defaultFunction, o.version)
		}
	}
	if _, err := compiledOutline(compiledFS(metadata), "m.mlmodelc", "c"); !errors.Is(err, modelpkg.ErrFunction) {
		t.Errorf("a function that does not exist: %v", err)
	}
	const none = `[{"functions": [{"name": "b"}, {"name": "a"}]}]`
	if _, err := compiledOutline(compiledFS(none), "m.mlmodelc", ""); !errors.Is(err, modelpkg.ErrFunction) {
		t.Errorf("no default: %v", err)
	}
}

func TestCompiledModelsThatTellNothing(t *testing.T) {
	for name, metadata := range map[string]string{
		"no JSON": "{", "no list": "{}", "an empty list": "[]", "other types": `[{"inputSchema": 3}]`, "null": `[null]`,
	} {
		o, err := compiledOutline(compiledFS(metadata), "m.mlmodelc", "f")
		if err != nil || len(o.inputs) > 0 || o.function != "f" {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	o, err := compiledOutline(fstest.MapFS{"m.mlmodelc/model.mil": {}}, "m.mlmodelc", "")
	if err != nil || o == nil {
		t.Errorf("no file at all: %v", err)
	}
}

func FuzzCompiledOutline(f *testing.F) {
	f.Add([]byte(`[{"inputSchema": [{"name": "z"}], "functions": [{"name": "main"}], "specificationVersion": "8"}]`), "")
	f.Add([]byte(`[{"userDefinedMetadata": {"a": "b"}, "specificationVersion": 1e99}]`), "main")
	f.Fuzz(func(t *testing.T, metadata []byte, function string) {
		o, err := compiledOutline(compiledFS(string(metadata)), "m.mlmodelc", function)
		if (o == nil) == (err == nil) {
			t.Errorf("%v, %v", o, err)
		}
	})
}

func TestArrange(t *testing.T) {
	features := map[string]engine.Feature{
		"a": {Name: "a"}, "b": {Name: "b", Kind: engine.Image, Pixels: engine.RGB}, "c": {Name: "c"},
		"d": {Name: "d", Ranges: []engine.Range{{Lower: 1, Upper: 5}, {Lower: 1, Upper: 9}}},
	}
	order := []outlined{
		{name: "d", ranges: []engine.Range{{Lower: 1, Upper: 5}, {Lower: 1, Upper: -1}}},
		{name: "b", text: "picture", pixels: engine.BGR},
		{name: "none"},
		{name: "b"},
	}
	got := arrange(features, order)
	var names []string
	for _, f := range got {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"d", "b", "a", "c"}) {
		t.Fatalf("order %v", names)
	}
	if got[0].Ranges[1].Upper != -1 {
		t.Error("the file's range was not taken")
	}
	if got[1].Pixels != engine.BGR || got[1].Description != "picture" {
		t.Errorf("picture: %+v", got[1])
	}
	if len(features) != 4 {
		t.Error("the map given was changed")
	}
}

func TestSources(t *testing.T) {
	for _, test := range []struct {
		name     string
		src      engine.Source
		compiled bool
		fails    bool
	}{
		{"a folder of the operating system", engine.Source{Path: "/models/a.mlpackage"}, false, false},
		{"a compiled one", engine.Source{Path: "/models/a.mlmodelc/"}, true, false},
		{"a compiled one in a file system", engine.Source{FS: fstest.MapFS{}, Dir: "x/A.MLMODELC"}, true, false},
		{"the root of a file system", engine.Source{FS: fstest.MapFS{}, Dir: "."}, false, false},
		{"nothing", engine.Source{}, false, true},
		{"a folder outside of the file system", engine.Source{FS: fstest.MapFS{}, Dir: "../x"}, false, true},
		{"an absolute path in a file system", engine.Source{FS: fstest.MapFS{}, Dir: "/x"}, false, true},
	} {
		s, err := newSource(test.src)
		if (err != nil) != test.fails || err == nil && s.compiled() != test.compiled {
			t.Errorf("%s: %+v, %v", test.name, s, err)
		}
	}
}

// TestTheOutlineOfACompiledModel has what Apple's compiler wrote: the order of features,
// functions and ranges come from its description.
func TestTheOutlineOfACompiledModel(t *testing.T) {
	for _, src := range []engine.Source{
		{Path: "../../../testdata/compiled/multifunction_flexible.mlmodelc"},
		{FS: os.DirFS("../../../testdata/compiled/multifunction_flexible.mlmodelc"), Dir: "."}, // without its name
	} {
		s, err := newSource(src)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.outline("")
		if err != nil {
			t.Fatal(err)
		}
		if !s.compiled() || o.function != "second" || o.defaultFunction != "second" || !slices.Equal(o.functions, []string{"first", "second"}) {
			t.Errorf("outline %+v", o)
		}
		if len(o.inputs) != 1 || o.inputs[0].name != "input" || !slices.Equal(o.inputs[0].ranges, []engine.Range{{Lower: 0, Upper: 4}}) {
			t.Errorf("inputs %+v", o.inputs)
		}
		if _, err := s.outline("third"); !errors.Is(err, modelpkg.ErrFunction) {
			t.Errorf("error is %v", err)
		}
	}
	s, err := newSource(engine.Source{Path: "../../../testdata/compiled/pipeline_weighted.mlmodelc"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.outline("")
	if err != nil || len(o.outputs) != 2 || o.outputs[0].name != "rounded" || o.outputs[1].name != "result" || o.version != 9 {
		t.Errorf("outline %+v, %v", o, err)
	}
}
