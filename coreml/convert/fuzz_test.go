package convert

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// No configuration may panic, hang or take much memory, and every error says of which
// kind it is.
func FuzzConfig(f *testing.F) {
	files, err := filepath.Glob("../../testdata/checkpoints/*/config.json")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no seeds", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for model := range architectures {
			var fields map[string]any
			if err := json.Unmarshal(data, &fields); err != nil {
				f.Fatal(err)
			}
			fields["model_type"] = model
			changed, err := json.Marshal(fields)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(changed)
		}
	}
	f.Add([]byte(`{"model_type":"llama","hidden_size":1e9,"num_attention_heads":1,"num_hidden_layers":1,"rope_scaling":{"type":"longrope","short_factor":[1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := newConfig(data)
		if err == nil {
			var d *decoder
			if d, err = newDecoder(c, nil); err == nil {
				d.Context = 64
				if len(d.Layers) > 8 {
					d.Layers = d.Layers[:8]
				}
				_, err = d.Weights(&modelgen.Form{})
			}
		}
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, modelgen.ErrConfig) {
			t.Errorf("error of no kind: %v", err)
		}
	})
}
