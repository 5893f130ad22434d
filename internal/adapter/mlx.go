package adapter

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/gocoreml/coreml/internal/safetensors"
)

// mlx is the configuration that mlx-lm writes: of all that is in it, most is of the
// training.
type mlx struct{ scale float64 }

// readMLX reads a configuration of mlx-lm. Which modules are adapted (num_layers, keys)
// the tensors say.
func readMLX(fields map[string]json.RawMessage) (*mlx, error) {
	kind := "lora"
	if err := take(fields, "fine_tune_type", &kind); err != nil {
		return nil, err
	}
	if kind != "lora" {
		return nil, bad("fine_tune_type is %s: only lora is applied", name(kind))
	}
	var old bool
	if err := take(fields, "use_dora", &old); err != nil {
		return nil, err
	}
	if old {
		return nil, bad("use_dora is set: the magnitudes of DoRA are not applied")
	}
	var p map[string]json.RawMessage
	if err := take(fields, "lora_parameters", &p); err != nil {
		return nil, err
	}
	c := &mlx{scale: math.NaN()}
	if err := take(p, "scale", &c.scale); err != nil {
		return nil, err
	}
	if math.IsNaN(c.scale) || math.IsInf(c.scale, 0) {
		return nil, bad("%s: lora_parameters has no scale", configName)
	}
	// The first versions, which called the number of layers lora_layers, had an alpha and
	// multiplied by alpha/rank too. Later ones ignore it.
	_, later := fields["num_layers"]
	alpha, rank := 0.0, 0.0
	if err := take(p, "alpha", &alpha); err != nil {
		return nil, err
	}
	if err := take(p, "rank", &rank); err != nil {
		return nil, err
	}
	if alpha != 0 && !later {
		if rank <= 0 {
			return nil, bad("%s: lora_parameters has an alpha and no rank", configName)
		}
		c.scale *= alpha / rank
	}
	return c, nil
}

// modules makes modules of a file's tensors: X.lora_a is [inputs, rank] and X.lora_b
// [rank, outputs].
func (c *mlx) modules(f *safetensors.File) ([]Module, error) {
	found := map[string]*Module{}
	for i := range f.Entries {
		e := &f.Entries[i]
		module, isA := strings.CutSuffix(e.Name, ".lora_a")
		p := partA
		if !isA {
			var isB bool
			if module, isB = strings.CutSuffix(e.Name, ".lora_b"); !isB {
				return nil, bad("tensor %s is no part of LoRA that is applied", name(e.Name))
			}
			p = partB
		}
		m := found[module]
		if m == nil {
			m = &Module{Name: module, Scale: c.scale, turned: true}
			found[module] = m
		}
		if err := m.add(e, p); err != nil {
			return nil, err
		}
	}
	out := make([]Module, 0, len(found))
	for _, m := range found {
		if err := m.measure(f); err != nil {
			return nil, err
		}
		if strings.HasSuffix(m.Name, "embed_tokens") || strings.HasSuffix(m.Name, ".wte") {
			m.Embedding = true
		}
		out = append(out, *m)
	}
	if len(out) == 0 {
		return nil, bad("%s adapts nothing", mlxWeights)
	}
	return out, nil
}
