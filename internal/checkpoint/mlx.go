package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// mlxSettings is MLX's key quantization, of the model or of one module.
type mlxSettings struct {
	Group int    `json:"group_size"`
	Bits  int    `json:"bits"`
	Mode  string `json:"mode"`
}

// mlxMode is a way of quantising without biases, which has one number of bits and one size
// of groups: codes are small floating-point numbers, and so are the scales.
type mlxMode struct {
	bits, group int
	levels      *[256]float32
	scales      string
}

var mlxModes = map[string]mlxMode{
	"mxfp4": {4, 32, &float4, "F8_E8M0"},
	"mxfp8": {8, 32, &float8, "F8_E8M0"},
	"nvfp4": {4, 16, &float4, "F8_E4M3"},
}

// decodeMLX reads folders that mlx-lm has quantised: X.weight holds codes, X.scales and
// X.biases numbers for each group of a row, and w = scale*code + bias. Experts lie in
// tensors of three dimensions, X.switch_mlp.
func decodeMLX(_ context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	all, single, err := mlxConfig(config["quantization"])
	if err != nil {
		return nil, err
	}
	if err := noTransposed(config); err != nil {
		return nil, err
	}
	found, out := modules(stored, []string{"scales", "biases", "global_scale"})
	for name, m := range found {
		settings := all
		if s, ok := single[name]; ok {
			settings = s
		}
		w, ok := out[name+".weight"].(*Stored)
		if !ok {
			return nil, m.err("weight is missing")
		}
		m.parts["weight"] = w
		if out[name+".weight"], err = mlxMatrix(m, settings); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mlxMatrix makes the matrix of a module.
func mlxMatrix(m *module, s mlxSettings) (Tensor, error) {
	mode, other := mlxModes[s.Mode]
	switch {
	case s.Mode != "" && s.Mode != "affine" && !other:
		return nil, m.err("quantization in the mode %s is not read, affine, mxfp4, mxfp8 and nvfp4 are", storage.Quote(s.Mode))
	case !slices.Contains([]int{2, 3, 4, 5, 6, 8}, s.Bits) || s.Group < 1 || other && (s.Bits != mode.bits || s.Group != mode.group):
		return nil, m.err("quantization to %d bits in groups of %d is not read", s.Bits, s.Group)
	}
	w, stack, err := m.matrices("weight", wordTypes)
	if err != nil {
		return nil, err
	}
	rows := w.Shape()[0]
	columns := w.Shape()[1] * 32 / s.Bits
	if columns%s.Group != 0 || words(columns, s.Bits) != w.Shape()[1] {
		return nil, m.err("weight has rows of %d words, which are no groups of %d numbers of %d bits", w.Shape()[1], s.Group, s.Bits)
	}
	p := &packed{
		name: m.name + ".weight", stored: fmt.Sprintf("mlx %d-bit", s.Bits), shape: [2]int{rows, columns}, stack: stack, bits: s.Bits, groups: columns / s.Group,
		codes: codesInRows(w, columns, s.Bits),
	}
	if other {
		scales, err := m.beside("scales", []string{"U8"}, stack, rows, p.groups)
		if err != nil {
			return nil, err
		}
		for _, part := range []string{"biases", "global_scale"} {
			if m.parts[part] != nil {
				return nil, m.err("%s beside weights in the mode %s", part, s.Mode)
			}
		}
		p.stored, p.levels, p.scales = "mlx "+s.Mode, mode.levels, scalesAs(scales, mode.scales)
		return p, nil
	}
	scales, err := m.beside("scales", floatTypes, stack, rows, p.groups)
	if err != nil {
		return nil, err
	}
	biases, err := m.beside("biases", floatTypes, stack, rows, p.groups)
	if err != nil {
		return nil, err
	}
	p.scales, p.zeros, p.added = scales.Rows, biases.Rows, true
	return p, nil
}

// mlxConfig reads the key quantization: settings, and under the names of modules settings
// of their own. False there means that the module is not quantised, which its tensors say.
func mlxConfig(raw json.RawMessage) (all mlxSettings, single map[string]mlxSettings, err error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return all, nil, fmt.Errorf("%w: %s: quantization: %w", ErrFormat, configName, storage.JSONError(err))
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return all, nil, fmt.Errorf("%w: %s: quantization: %w", ErrFormat, configName, storage.JSONError(err))
	}
	single = map[string]mlxSettings{}
	for name, value := range keys {
		if len(value) == 0 || value[0] != '{' {
			continue
		}
		s := all
		if err := json.Unmarshal(value, &s); err != nil {
			return all, nil, fmt.Errorf("%w: %s: quantization: %s: %w", ErrFormat, configName, storage.Quote(name), storage.JSONError(err))
		}
		single[name] = s
	}
	return all, single, nil
}

// noTransposed refuses a model whose unquantised matrices are [inputs, outputs]: what a
// quantised one's are, nobody has written down, and a square one would be taken for right.
func noTransposed(config map[string]json.RawMessage) error {
	var modelType string
	if json.Unmarshal(config["model_type"], &modelType) == nil && modelType == "gpt2" {
		return fmt.Errorf("%w: quantised weights of gpt2 are not read: convert the model that they were made from", ErrFormat)
	}
	return nil
}
