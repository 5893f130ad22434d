package portable

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// runOnce runs a program without inputs and returns its outputs.
func runOnce(t *testing.T, opset string, build func(b *mil.Builder)) (outs [][]float32, shapes [][]int) {
	t.Helper()
	b := mil.NewBuilder("main", opset)
	build(b)
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
	if err != nil {
		t.Fatal(err)
	}
	fr := newFrame(p, nil, 1)
	if err := fr.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Outputs {
		outs = append(outs, slices.Clone(fr.call.F32(&fr.Values[s])))
		shapes = append(shapes, slices.Clone(fr.Values[s].Shape()))
	}
	return outs, shapes
}

// drawn runs an operator of random numbers with the given parameters.
func drawn(t *testing.T, op string, n, seed int, params map[string]float32) []float32 {
	t.Helper()
	outs, _ := runOnce(t, "CoreML8", func(b *mil.Builder) {
		args := mil.Args{"shape": b.Ints("", n), "seed": b.Int("", seed)}
		for name, v := range params {
			args[name] = b.Float("", dtype.Float32, v)
		}
		b.Output("y", b.Op(op, "y", mil.TensorType(dtype.Float32, n), args))
	})
	return outs[0]
}

func TestRandomNumbersFollowTheirDistributions(t *testing.T) {
	const n = 20000
	for _, tc := range []struct {
		op              string
		params          map[string]float32
		mean, deviation float64
		lo, hi          float32
	}{
		{"random_uniform", nil, 0.5, 0.2887, 0, 1},
		{"random_uniform", map[string]float32{"low": -2, "high": 4}, 1, 1.7321, -2, 4},
		{"random_uniform", map[string]float32{"low": 3, "high": 3}, 3, 0, 3, 3.1},
		{"random_normal", map[string]float32{"mean": 3, "stddev": 2}, 3, 2, -20, 20},
		{"random_bernoulli", nil, 0.5, 0.5, 0, 1.1},
		{"random_bernoulli", map[string]float32{"prob": 0.25}, 0.25, 0.433, 0, 1.1},
		{"random_bernoulli", map[string]float32{"prob": 1}, 1, 0, 0, 1.1},
	} {
		v := drawn(t, tc.op, n, 5, tc.params)
		mean, deviation := 0.0, 0.0
		for _, x := range v {
			mean += float64(x) / n
			if x < tc.lo || x >= tc.hi {
				t.Fatalf("%s %v: %v is outside %v to %v", tc.op, tc.params, x, tc.lo, tc.hi)
			}
		}
		for _, x := range v {
			deviation += (float64(x) - mean) * (float64(x) - mean) / n
		}
		// Five standard errors of the mean; the seed is fixed.
		if bound := 5*tc.deviation/math.Sqrt(n) + 1e-6; math.Abs(mean-tc.mean) > bound || math.Abs(math.Sqrt(deviation)-tc.deviation) > 0.03*tc.deviation+1e-6 {
			t.Errorf("%s %v: mean %v and deviation %v, want %v and %v", tc.op, tc.params, mean, math.Sqrt(deviation), tc.mean, tc.deviation)
		}
		if again := drawn(t, tc.op, n, 5, tc.params); !slices.Equal(v, again) {
			t.Errorf("%s: a seed gives other numbers the second time", tc.op)
		}
		if tc.deviation > 0 && slices.Equal(drawn(t, tc.op, n, -1, tc.params), drawn(t, tc.op, n, -1, tc.params)) {
			t.Errorf("%s: without a seed the numbers repeat", tc.op)
		}
	}
}

func TestRandomClassesFollowTheirWeights(t *testing.T) {
	const n = 20000
	for mode, weights := range map[string][]float32{"probs": {1, 0, 3}, "logits": {0, float32(math.Inf(-1)), float32(math.Log(3))}} {
		outs, shapes := runOnce(t, "CoreML8", func(b *mil.Builder) {
			b.Output("y", b.Op("random_categorical", "y", mil.TensorType(dtype.Float32, 1, n), mil.Args{
				"x": b.Float32s("", []int{1, 3}, weights...), "mode": b.Text("", mode), "size": b.Int("", n), "seed": b.Int("", 3),
			}))
		})
		var counts [3]int
		for _, k := range outs[0] {
			counts[int(k)]++
		}
		if !slices.Equal(shapes[0], []int{1, n}) || counts[1] != 0 || math.Abs(float64(counts[0])/n-0.25) > 0.02 {
			t.Errorf("%s: shape %v, counts %v", mode, shapes[0], counts)
		}
	}
}

func TestScatterLosesWhatLiesOutside(t *testing.T) {
	matrix := mil.TensorType(dtype.Float32, 2, 3)
	for opset, want := range map[string][]float32{
		"CoreML7": {9, 11, 13, 4, 5, 6},
		"CoreML8": {9, 11, 13, 4, 5, 6},
	} {
		for _, outside := range []int{10, -1} {
			outs, _ := runOnce(t, opset, func(b *mil.Builder) {
				b.Output("y", b.Op("scatter", "y", matrix, mil.Args{
					"data": b.Float32s("", []int{2, 3}, 1, 2, 3, 4, 5, 6), "indices": b.Ints("", outside, 0),
					"updates": b.Float32s("", []int{2, 3}, 5, 6, 7, 8, 9, 10), "mode": b.Text("", "add"),
					"axis": b.Int("", 0), "validate_indices": b.Bool("", false),
				}))
			})
			if !slices.Equal(outs[0], want) {
				t.Errorf("%s with index %d: %v, want %v", opset, outside, outs[0], want)
			}
		}
	}
}

func TestTheNearestNeighbourOfEveryPlace(t *testing.T) {
	row := func(b *mil.Builder) *mil.Value { return b.Float32s("", []int{1, 1, 1, 3}, 1.5, -2.5, 3.5) }
	outs, _ := runOnce(t, "CoreML7", func(b *mil.Builder) {
		for _, factor := range []float32{0.67, 1.12, 2} {
			n := int(3 * factor)
			b.Output(fmt.Sprintf("up%v", factor), b.Op("upsample_nearest_neighbor", "", mil.TensorType(dtype.Float32, 1, 1, 1, n), mil.Args{
				"x": row(b), "scale_factor_width": b.Float("", dtype.Float32, factor),
			}))
		}
		for _, n := range []int{2, 6, 4} {
			b.Output(fmt.Sprintf("to%d", n), b.Op("resize", "", mil.TensorType(dtype.Float32, 1, 1, 1, n), mil.Args{
				"x": row(b), "shape": b.Ints("", 1, n), "resized_dims": b.Int("", 2), "interpolation_mode": b.Text("", "NEAREST_NEIGHBOR"),
			}))
		}
	})
	for k, want := range [][]float32{
		{1.5, -2.5},
		{1.5, -2.5, 3.5},
		{1.5, 1.5, -2.5, -2.5, 3.5, 3.5},
		// resize takes the closest element and of two equally close ones the first:
		// the places are 0, 1.5; 0, 0.5, 1, ...; and 0, 0.75, 1.5, 2.25.
		{1.5, -2.5},
		{1.5, 1.5, -2.5, -2.5, 3.5, 3.5},
		{1.5, -2.5, -2.5, 3.5},
	} {
		if !slices.Equal(outs[k], want) {
			t.Errorf("output %d: %v, want %v", k, outs[k], want)
		}
	}
}
