package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/coreml/convert"
)

// peftAdapters are the adapters of package convert's testdata, which testdata/gen/adapters.py
// made there: linears with patterns of their own, trained biases, saved embeddings and heads
// of models that tie them, and Conv1D.
var peftAdapters = []string{"every-linear", "biases", "saved", "saved-embedding", "saved-conv1d", "tied-head"}

// As functions and at run time, whatever form the linear layers have, adapters give the
// logits that peft gives.
func TestAdaptersGiveTheLogitsOfPEFT(t *testing.T) {
	for _, name := range peftAdapters {
		dir := filepath.Join("../../coreml/convert/testdata/adapters", name)
		data, err := os.ReadFile(filepath.Join(dir, "reference.json"))
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			recordedRows
			Base string `json:"base"`
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		for form, o := range decoderForms {
			pkg := filepath.Join(t.TempDir(), "m.mlpackage")
			o.Adapters = []convert.Adapter{{Name: "adapted", Path: dir}}
			if _, err := convert.Convert(t.Context(), filepath.Join("../../coreml/convert/testdata/architectures", want.Base), pkg, &o); err != nil {
				t.Fatal(name, err)
			}
			for use, c := range map[string]coreml.Config{
				"as a function": {Function: "adapted"},
				"at run time":   {Adapters: []coreml.Adapter{{Path: dir}}},
			} {
				t.Run(name+" "+form+" "+use, func(t *testing.T) {
					c.Engine = coreml.EnginePortable
					m, err := coreml.Load(t.Context(), pkg, &c)
					if err != nil {
						t.Fatal(err)
					}
					defer m.Close() //nolint:errcheck // only read
					s, err := m.NewState()
					if err != nil {
						t.Fatal(err)
					}
					defer s.Close() //nolint:errcheck // only read
					near(t, feed(t, m, s, want.IDs, 0), want.Rows, 0.003)
				})
			}
		}
	}
}
