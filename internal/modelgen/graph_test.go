package modelgen_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// made writes a tiny model and reads its program.
func made(t *testing.T, change func(c *modelgen.Config)) *mil.Function {
	t.Helper()
	c := config(t, "tiny")
	change(c)
	p, err := mil.Read(t.Context(), write(t, c, weights(t, "int4")))
	if err != nil {
		t.Fatal(err)
	}
	return p.Function("main")
}

// count is how often an operator occurs.
func count(f *mil.Function, typ string) (n int) {
	for _, op := range f.Body.Ops {
		if op.Type == typ {
			n++
		}
	}
	return n
}

// A layer of Llama: four projections and attention, three matrices and a gate, two
// norms; what is around them is counted once.
func TestAModelHasTheOperationsOfItsLayers(t *testing.T) {
	f := made(t, func(*modelgen.Config) {})
	const layers = 2
	for typ, want := range map[string]int{
		"linear":                          7*layers + 1,
		"scaled_dot_product_attention":    layers,
		"silu":                            layers,
		"rsqrt":                           2*layers + 1,
		"read_state":                      4 * layers, // the old and the new content of two caches
		"write_state":                     2 * layers,
		"slice_update":                    2 * layers,
		"tile":                            2 * layers, // two heads share each key-value head
		"constexpr_blockwise_shift_scale": 7*layers + 2,
		"range_1d":                        1,
	} {
		if got := count(f, typ); got != want {
			t.Errorf("%d %s, want %d", got, typ, want)
		}
	}
	if f.Opset != "CoreML8" {
		t.Errorf("operator set %s", f.Opset)
	}
}

func TestHeadsThatShareNothingAreNotRepeated(t *testing.T) {
	f := made(t, func(c *modelgen.Config) { c.KVHeads = c.Heads })
	if got := count(f, "tile"); got != 0 {
		t.Errorf("%d tiles", got)
	}
}

func TestRotaryPositionsAreComputedOrLookedUp(t *testing.T) {
	angles := made(t, func(c *modelgen.Config) { c.Rotary = modelgen.Angles })
	tables := made(t, func(c *modelgen.Config) { c.Rotary = modelgen.Tables })
	if count(angles, "cos") != 1 || count(angles, "sin") != 1 {
		t.Errorf("%d cosines and %d sines are computed", count(angles, "cos"), count(angles, "sin"))
	}
	if count(tables, "cos") != 0 || count(tables, "range_1d") != 0 {
		t.Error("angles are computed beside their tables")
	}
	for _, op := range tables.Body.Ops {
		if op.Type != "const" || op.Name != "cos_table" {
			continue
		}
		v, err := op.Outputs[0].Const.Floats()
		if err != nil {
			t.Fatal(err)
		}
		// Position 0 turns nothing; the first pair of position 1 turns by one radian,
		// and the halves of a head turn alike. cos(1) = 0.540302, in halves 0.54052734.
		if len(v) != 256*32 || v[0] != 1 || v[31] != 1 || v[32] != 0.54052734 || v[32+16] != v[32] {
			t.Errorf("%d numbers: %v %v %v %v", len(v), v[0], v[31], v[32], v[32+16])
		}
		return
	}
	t.Error("there is no table of cosines")
}

func TestATiedHeadReadsTheEmbedding(t *testing.T) {
	f := made(t, func(c *modelgen.Config) { c.Tied = true })
	var embedding *mil.Value
	for _, op := range f.Body.Ops {
		if op.Name == "x" && op.Type == "gather" {
			embedding = op.Input("x")
		}
	}
	if embedding == nil {
		t.Fatal("there is no embedding")
	}
	if head := f.Body.Outputs[0].Producer; head.Type != "linear" || head.Input("weight") != embedding {
		t.Errorf("the head is %s of %v", head.Type, head.Input("weight"))
	}
}

func TestPresetsAreFoundByName(t *testing.T) {
	var names []string
	for _, p := range modelgen.Presets() {
		names = append(names, p.Name)
		if s, ok := modelgen.PresetNamed(p.Name); !ok || s != p.Shape {
			t.Errorf("%s is %+v, %v", p.Name, s, ok)
		}
	}
	if want := []string{"tiny", "smollm2-135m", "smollm2-360m", "tinyllama-1.1b", "llama-3.2-1b", "mistral-7b"}; !slices.Equal(names, want) {
		t.Errorf("the presets are %v, want %v", names, want)
	}
	if _, ok := modelgen.PresetNamed("gpt-5"); ok {
		t.Error("a shape that nobody knows was found")
	}
}

// Worked out by hand: 2 layers of 128·128 + 2·64·128 + 128·128 + 3·256·128 and twice
// 512·128.
func TestParametersOfTheTinyModel(t *testing.T) {
	c := config(t, "tiny")
	if got, want := c.Parameters(), 2*(128*128+2*64*128+128*128+3*256*128)+2*512*128; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	c.Tied = true
	if got, want := c.Parameters(), 2*(128*128+2*64*128+128*128+3*256*128)+512*128; got != want {
		t.Errorf("%d parameters of a tied model, want %d", got, want)
	}
}
