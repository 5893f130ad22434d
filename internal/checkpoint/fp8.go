package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// fp8Settings is quantization_config of fp8 and of fbgemm_fp8.
type fp8Settings struct {
	Format string `json:"fmt"`
	Block  []int  `json:"weight_block_size"`
}

// fp8Scales are the types of scales, with what their bytes are.
var fp8Scales = map[string]string{"F32": "F32", "BF16": "BF16", "F16": "F16", "F8_E8M0": "F8_E8M0", "U8": "F8_E8M0"}

// decodeFP8 reads folders of fp8 as DeepSeek and Qwen publish them, and of FBGEMM: X.weight
// has float8 numbers, X.weight_scale_inv or X.weight_scale what they are multiplied with,
// for each block of the matrix, for each row or for all. Despite its name the former is no
// inverse. Experts may be fused: X.gate_up_proj beside X.gate_up_proj_scale_inv; or have
// float4 numbers, two in a byte.
func decodeFP8(_ context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	var s fp8Settings
	if err := json.Unmarshal(config["quantization_config"], &s); err != nil {
		return nil, fmt.Errorf("%w: %s: quantization_config: %w", ErrFormat, configName, storage.JSONError(err))
	}
	if err := noTransposed(config); err != nil {
		return nil, err
	}
	switch {
	case s.Format != "" && s.Format != "e4m3":
		return nil, fmt.Errorf("%w: quantization_config: the fmt %s of fp8 is not read, e4m3 is", ErrFormat, storage.Quote(s.Format))
	case len(s.Block) != 0 && len(s.Block) != 2:
		return nil, fmt.Errorf("%w: quantization_config: the weight_block_size %v has not two sizes", ErrFormat, s.Block)
	}
	var inUse [][2]int
	if len(s.Block) == 2 {
		inUse = [][2]int{{s.Block[0], s.Block[1]}}
	}
	out := map[string]Tensor{}
	for name, t := range stored {
		if !fp8Beside(name) {
			out[name] = t
		}
	}
	for name, t := range out {
		scale := stored[name+"_scale_inv"]
		if scale == nil {
			scale = stored[name+"_scale"]
		}
		if scale == nil {
			continue
		}
		w, _ := t.(*Stored) //nolint:errcheck // nothing else is among them
		p, err := fp8Matrix(name, w, scale, inUse)
		if err != nil {
			return nil, err
		}
		out[name] = p
	}
	for name := range stored {
		weight, ok := strings.CutSuffix(strings.TrimSuffix(name, "_inv"), "_scale")
		if ok && fp8Beside(name) && !fp8Activations(name) && stored[weight] == nil {
			return nil, fmt.Errorf("%w: there are scales %s of a tensor that is not there", ErrFormat, storage.Quote(name))
		}
	}
	return out, nil
}

// fp8Beside reports whether a tensor is no weight but what belongs to one.
func fp8Beside(name string) bool {
	return strings.HasSuffix(name, "_scale_inv") || strings.HasSuffix(name, ".weight_scale") || fp8Activations(name)
}

// fp8Activations reports whether a tensor belongs to the activations or to the cache,
// which are not quantised here.
func fp8Activations(name string) bool {
	return slices.ContainsFunc([]string{".activation_scale", "_activation_scale", ".input_scale", ".input_scale_ub", ".k_scale", ".v_scale", ".output_scale"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}

// fp8Matrix makes a matrix, or several one below the other.
func fp8Matrix(name string, w, scale *Stored, inUse [][2]int) (Tensor, error) {
	m := &module{strings.TrimSuffix(name, ".weight"), map[string]*Stored{"weight": w}}
	kind, ok := fp8Scales[scale.Stored()]
	if !ok {
		return nil, m.err("its scales are of the type %s, which are not read", scale.Stored())
	}
	t, stack, err := m.matrices("weight", []string{"F8_E4M3", "I8"})
	if err != nil {
		return nil, err
	}
	rows, columns := t.Shape()[0], t.Shape()[1]
	p := &packed{name: name, stored: "fp8", shape: [2]int{rows, columns}, stack: stack, bits: 8, levels: &float8}
	if t.Stored() == "I8" {
		p.stored, p.shape[1], p.bits, p.levels = "fp4", 2*columns, 4, &float4
	}
	p.codes = codesInRows(t, p.shape[1], p.bits)
	return p, p.blockScales(m, scale, kind, inUse)
}
