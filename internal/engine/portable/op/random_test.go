package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// drawn runs an operator of random numbers with a seed.
func drawn(t *testing.T, name string, n, seed int32, params operands) []float32 {
	t.Helper()
	x := example{op: name, in: operands{"shape": ints(n), "seed": whole(seed)}}
	for name, v := range params {
		x.in[name] = v
	}
	return slices.Clone(floatsOf(t, x))
}

func TestRandomNumbersFollowTheirDistributions(t *testing.T) {
	const n = 20000
	third := math.Sqrt(1. / 12) // the deviation of numbers between 0 and 1
	for _, tc := range []struct {
		name, op        string
		params          operands
		mean, deviation float64
		lo, hi          float32 // from lo up to but not including hi
	}{
		{"uniform numbers lie between zero and one", "random_uniform", nil, 0.5, third, 0, 1},
		{"uniform numbers between bounds", "random_uniform", operands{"low": num(-2), "high": num(4)}, 1, 6 * third, -2, 4},
		{"uniform numbers of an empty interval", "random_uniform", operands{"low": num(3), "high": num(3)}, 3, 0, 3, 3.1},
		{"normal numbers", "random_normal", nil, 0, 1, -10, 10},
		{"normal numbers of a mean and a deviation", "random_normal", operands{"mean": num(3), "stddev": num(2)}, 3, 2, -20, 20},
		{"half of Bernoulli's numbers are one", "random_bernoulli", nil, 0.5, 0.5, 0, 1.1},
		{"a quarter of Bernoulli's numbers", "random_bernoulli", operands{"prob": num(0.25)}, 0.25, math.Sqrt(3) / 4, 0, 1.1},
		{"all of Bernoulli's numbers", "random_bernoulli", operands{"prob": num(1)}, 1, 0, 1, 1.1},
		{"none of Bernoulli's numbers", "random_bernoulli", operands{"prob": num(0)}, 0, 0, 0, 0.1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := drawn(t, tc.op, n, 5, tc.params)
			mean, deviation := 0.0, 0.0
			for _, x := range v {
				mean += float64(x) / n
				if x < tc.lo || x >= tc.hi {
					t.Fatalf("%v is outside %v to %v", x, tc.lo, tc.hi)
				}
			}
			for _, x := range v {
				deviation += (float64(x) - mean) * (float64(x) - mean) / n
			}
			// Five standard errors of the mean; the seed is fixed.
			if bound := 5*tc.deviation/math.Sqrt(n) + 1e-6; math.Abs(mean-tc.mean) > bound {
				t.Errorf("the mean is %v, want %v", mean, tc.mean)
			}
			if d := math.Sqrt(deviation); math.Abs(d-tc.deviation) > 0.03*tc.deviation+1e-6 {
				t.Errorf("the deviation is %v, want %v", d, tc.deviation)
			}
			if again := drawn(t, tc.op, n, 5, tc.params); !slices.Equal(v, again) {
				t.Error("the seed gives other numbers the second time")
			}
			if other := drawn(t, tc.op, n, 6, tc.params); tc.deviation > 0 && slices.Equal(v, other) {
				t.Error("another seed gives the same numbers")
			}
			if tc.deviation > 0 && slices.Equal(drawn(t, tc.op, n, -1, tc.params), drawn(t, tc.op, n, -1, tc.params)) {
				t.Error("without a seed the numbers repeat")
			}
		})
	}
}

// The float64 below 1 would be 1 as a float32.
func TestUniformNumbersNeverReachTheirUpperBound(t *testing.T) {
	const low, high = 16777215, 16777216 // neighbours in float32
	for _, x := range drawn(t, "random_uniform", 1000, 1, operands{"low": num(low), "high": num(high)}) {
		if x != low {
			t.Fatalf("%v was drawn from %v up to %v", x, low, high)
		}
	}
}

func TestRandomClassesFollowTheirWeights(t *testing.T) {
	const n = 20000
	log3 := float32(math.Log(3))
	for _, tc := range []struct {
		name, mode string
		x          *array.Value
		share      [3]float64
	}{
		{"probabilities", "probs", f32(dims{1, 3}, 0.25, 0, 0.75), [3]float64{0.25, 0, 0.75}},
		{"weights that do not add up to one", "probs", f32(dims{1, 3}, 1, 0, 3), [3]float64{0.25, 0, 0.75}},
		{"a negative weight counts as none", "probs", f32(dims{1, 3}, 1, -5, 3), [3]float64{0.25, 0, 0.75}},
		{"logits", "logits", f32(dims{1, 3}, 0, -inf, log3), [3]float64{0.25, 0, 0.75}},
		{"logits that would overflow", "logits", f32(dims{1, 3}, 5000, -inf, 5000+log3), [3]float64{0.25, 0, 0.75}},
		{"one class has all the weight", "probs", f32(dims{1, 3}, 0, 2, 0), [3]float64{0, 1, 0}},
		{"without any weight it is the last class", "probs", f32(dims{1, 3}, 0, 0, 0), [3]float64{0, 0, 1}},
		{"a logit that is no number leaves the last class", "logits", f32(dims{1, 3}, 0, nan, 0), [3]float64{0, 0, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := example{op: "random_categorical", in: operands{"x": tc.x, "mode": text(tc.mode), "size": whole(n), "seed": whole(3)}}
			var counts [3]float64
			for _, k := range floatsOf(t, x) {
				counts[int(k)] += 1. / n
			}
			for k, share := range tc.share {
				// Five standard errors.
				if math.Abs(counts[k]-share) > 5*math.Sqrt(share*(1-share)/n)+1e-9 {
					t.Errorf("class %d was drawn in %v of all draws, want %v", k, counts[k], share)
				}
			}
		})
	}
}

func TestEveryRowDrawsItsOwnClasses(t *testing.T) {
	x := example{op: "random_categorical", in: operands{
		"x": f32(dims{2, 2, 2}, 1, 0, 0, 1, 0, 1, 1, 0), "mode": text("probs"), "size": whole(3), "seed": whole(1),
	}}
	if got, want := floatsOf(t, x), []float32{0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("drawn were %v, want %v", got, want)
	}
}

func TestRandomNumbersThatCannotBeDrawn(t *testing.T) {
	testExamples(t, []example{
		{
			name: "a negative dimension", op: "random_uniform",
			in: operands{"shape": ints(2, -3)}, refused: "shape [2 -3] is negative or too large",
		},
		{
			name: "nine dimensions", op: "random_normal",
			in: operands{"shape": ints(1, 1, 1, 1, 1, 1, 1, 1, 1)}, refused: "above the limit of 8",
		},
		{
			name: "two probabilities", op: "random_bernoulli",
			in: operands{"shape": ints(2), "prob": f32(dims{2}, 0, 1)}, refused: "prob holds 2 values where one is expected",
		},
		{
			name: "no classes", op: "random_categorical",
			in: operands{"x": f32(dims{2, 0})}, refused: "x of shape [2 0] has no classes",
		},
		{
			name: "a single weight without a dimension", op: "random_categorical",
			in: operands{"x": num(1)}, refused: "x of shape [] has no classes",
		},
		{
			name: "less than no draws", op: "random_categorical",
			in: operands{"x": counting(1, 3), "size": whole(-1)}, refused: "shape [1 -1] is negative or too large",
		},
		{
			name: "weights of another kind", op: "random_categorical",
			in: operands{"x": counting(1, 3), "mode": text("odds")}, refused: `mode "odds" is unknown`, late: true,
		},
	})
}
