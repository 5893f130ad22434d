package generate_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
)

// TestTheSchemaHasTheFieldsOfDriverFiles compares the JSON schema with what the
// reader takes, object by object.
func TestTheSchemaHasTheFieldsOfDriverFiles(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "drivers.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage
		Additional *bool `json:"additionalProperties"`
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	schema.Defs[""] = schema.object
	for name, fields := range generate.DriverFields() {
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(schema.Defs[name].Properties))); diff != "" {
			t.Errorf("object %q differs (-reader +schema):\n%s", name, diff)
		}
		if a := schema.Defs[name].Additional; a == nil || *a {
			t.Errorf("object %q takes other fields", name)
		}
	}
	for _, name := range generate.RoleNames() {
		if !strings.Contains(string(schema.Defs["role"].Properties["role"]), `"`+string(name)+`"`) {
			t.Errorf("the schema has no role %q", name)
		}
	}
}

// TestDriversOfTheDocumentAreRead reads the examples that docs/drivers.md shows.
func TestDriversOfTheDocumentAreRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "drivers.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block := range strings.SplitSeq(string(data), "\n\n") {
		if !strings.HasPrefix(block, "    {") {
			continue
		}
		n++
		if _, err := generate.ReadDriver(strings.NewReader(block)); err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	if n < 10 {
		t.Errorf("the document has %d examples", n)
	}
}

// TestAWrittenDriverIsReadAsItIs writes drivers as JSON and reads them again.
func TestAWrittenDriverIsReadAsItIs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "drivers", "*", "driver.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, err := generate.ReadDriver(strings.NewReader(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		again, err := generate.ReadDriver(strings.NewReader(string(text)))
		if err != nil || cmp.Diff(first, again) != "" {
			t.Errorf("%s: %v, %s", file, err, cmp.Diff(first, again))
		}
	}
}

func TestStagesAreReadStrictly(t *testing.T) {
	for _, c := range []struct{ text, field, reason string }{
		{`{"stages": {}}`, "stages", "is an object, want a list"},
		{`{"stages": [5]}`, "stages.0", "is the number 5, want an object"},
		{`{"stages": [{}, {"pakage": "x"}]}`, "stages.1.pakage", "there is no such field; the fields are cursor_state, function, "},
		{`{"stages": [{"inputs": {"a": {"rol": "x"}}}]}`, "stages.0.inputs.a.rol", "there is no such field"},
		{`{"stages": [{"inputs": {"a": {"role": "tokens", "role": "sin"}}}]}`, "stages.0.inputs.a.role", "the key comes twice"},
		{`{"stages": [{"inputs": {"a": {"role": "tokens"}, "a": {"role": "sin"}}}]}`, "stages.0.inputs.a", "the key comes twice"},
		{`{"output": {"offsets": [0, "1"]}}`, "output.offsets.1", "is a string, want a whole number"},
		{`{"output": {"logits": "logits"}}`, "output.logits", "is a string, want a list"},
		{`{"prefill": {"pad": 1}}`, "prefill.pad", "is the number 1, want true or false"},
		{`{"rotation": {"functions": {"a": 1}}}`, "rotation.functions.a", "is the number 1, want a string"},
		{`{"version": 2}`, "version", "is 2; this program reads version 1"},
		{`{"kind": "embeddings", "output": "x", "gives": "rows"}`, "kind", "makes vectors and writes no text"},
		{`{"kind": 1}`, "kind", "is the number 1, want a string"},
		{`{"stages": [` + strings.Repeat(`{},`, 300) + `{}]}`, "stages", "has 301 elements, want at most 256"},
	} {
		_, err := generate.ReadDriver(strings.NewReader(c.text))
		t.Run(c.text[:min(len(c.text), 40)], func(t *testing.T) { wantDriverError(t, err, c.field, c.reason) })
	}
}

// FuzzReadDriver reads anything, and drives a package with what is a driver.
func FuzzReadDriver(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("..", "testdata", "drivers", "*", "driver.json"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`{"version": 1, "kind": "text", "image": {"pixels": {"scale": 1, "mean": [1, 2, 3], "std": [0.5], "layout": "channels_last", "order": "bgr"}, "crops": {"most": 4, "whole": "last"}, "projector": {"package": "p.mlpackage"}}}`)
	f.Add(`{"tokens": "inputIds", "mask": "causalMask", "caches": {"cache": "new_cache"}, "context": 9}`)
	f.Add(`{"stages": [{"inputs": {"inputIds": {"role": "tokens"}, "causalMask": {"role": "update_mask", "modulo": 3}, "cache": {"role": "cache", "output": "new_cache", "shift": 2}}}], "prefill": {"window": 7}, "context": 60}`)
	f.Add(`{"image": {"package": "a.mlpackage", "function": "f", "input": "image", "output": "rows", "into": "x", "token": 2, "marker": "<image>", "places": 16}}`)
	f.Add(`{"image": {"token": 0, "places": 1048576}, "stages": [{"inputs": {"x": {"role": "output", "output": "y"}}}]}`)
	f.Add(`{"output": {"logits": ["logits"], "vocabulary_axis": 1}, "rewind": "snapshot", "prefill": {"pad": true, "hold_last": true}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := generate.ReadDriver(strings.NewReader(text))
		if err != nil {
			return
		}
		m := &fakeModel{next: counting, unrecorded: true}
		g, err := generate.NewFake(m, m.description(), nil, &generate.Config{Driver: d})
		if err != nil {
			return
		}
		defer g.Close()
		s, err := g.NewSequence(t.Context())
		if err != nil {
			return
		}
		defer s.Close()
		for _, ids := range [][]int{{1, 2, 3}, {4}, {5, 6}} {
			if _, err := s.Append(t.Context(), ids); err != nil {
				return
			}
		}
		if err := s.Truncate(2); err == nil {
			_, _ = s.Append(t.Context(), []int{9, 9})
		}
	})
}

// FuzzMeta reads anything as meta.yaml.
func FuzzMeta(f *testing.F) {
	f.Add("model_info:\n  name: x\n  description: |\n    a: b\n  parameters:\n    batch_size: 64\n    functions:\n      - infer\n      - \"prefill\"\n    sizes: [1, 2]\n")
	f.Add("a: 'b'\n# c\n---\nd: e # f\n")
	f.Add("a:\n b:\n  c:\n   d: [\n- x\n")
	f.Fuzz(func(t *testing.T, text string) {
		if out, err := generate.ReadMeta([]byte(text)); err == nil && len(out) > len(text) {
			t.Errorf("%d keys in %d bytes", len(out), len(text))
		}
	})
}

func TestMetaIsReadAsItIsWritten(t *testing.T) {
	got, err := generate.ReadMeta([]byte("model_info:\n  name: 'a b'\n  description: |\n    key: no\n\n    more\n  parameters:\n    batch_size: 64 # tokens\n" +
		"    sizes: [1, 2,3]\n    functions:\n      - infer\n      - prefill\n    argmax_in_model: true\nother: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"model_info": "", "model_info.name": "a b", "model_info.description": "", "model_info.parameters": "", "model_info.parameters.batch_size": "64",
		"model_info.parameters.sizes": "1,2,3", "model_info.parameters.functions": "infer,prefill", "model_info.parameters.argmax_in_model": "true", "other": "x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	for text, reason := range map[string]string{
		"a: 1\na: 2\n": "line 2: the key \"a\" comes twice", "\ta: 1\n": "line 1: a tab", "a\n": "line 1: there is no key", "x: 1\nb:c\n": "line 2: there is no key",
		strings.Repeat("\n", 5000): "more than 4096 lines",
	} {
		if _, err := generate.ReadMeta([]byte(text)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q gave %v, want %s", text[:min(len(text), 10)], err, reason)
		}
	}
}
