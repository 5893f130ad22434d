package enginetest

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
)

// programCase is a program of the table, the inputs of its steps, which share a
// state, and what must come out of each. Expected values are worked out in
// float64 by plain loops in this package, or by hand.
type programCase struct {
	name  string
	build func(b *mil.Builder)
	steps []programStep
	// tolerance is relative for numbers above 1 and absolute below. It is 0 where
	// every intermediate result is a number that float16 holds.
	tolerance float64
}

// programStep is one prediction. Outputs that want does not name are not looked
// at.
type programStep struct {
	in   values
	want map[string]answer
}

// answer is what an output must be.
type answer struct {
	shape []int
	v     []float64
}

// The relative error of one rounding to float16 is 2^-11; a few of them add up.
const (
	// float16 has 11 bits with the hidden one.
	tolerance16 = 4.0 / (1 << 11)
	tolerance32 = 1e-5
)

// runPrograms runs the table with every kind of arithmetic, with and without
// fusion. Each way must give the expected numbers within the tolerance, fused
// patterns included.
func runPrograms(t *testing.T, e engine.Engine) {
	t.Helper()
	var table []programCase
	table = append(table, weightPrograms()...)
	table = append(table, mathPrograms()...)
	table = append(table, shapePrograms()...)
	table = append(table, attentionPrograms()...)
	for _, c := range table {
		check(t, e, "programs", c.name, func(t *testing.T) {
			// One package serves all ways.
			src := write(t, function(t, "main", c.build))
			traits := traitsOf(e)
			c.tolerance = traits.tolerance(c.tolerance)
			for _, cfg := range configs(e,
				engine.Config{Arithmetic: engine.ArithmeticFaithful},
				engine.Config{Arithmetic: engine.ArithmeticFaithful, NoFusion: true},
				engine.Config{Arithmetic: engine.ArithmeticWide, Threads: 1},
			) {
				c.run(t, load(t, e, src, cfg), fmt.Sprintf("%+v", cfg))
			}
		})
	}
}

// run makes the steps on one state. After an error the rest would compare with
// the wrong state.
func (c *programCase) run(t *testing.T, p *program, cfg string) {
	t.Helper()
	var st engine.State
	if len(p.desc.States) > 0 {
		st = p.newState(t)
	}
	for i, s := range c.steps {
		out, err := p.predict(t.Context(), s.in, st)
		if err != nil {
			t.Errorf("%s: step %d: %v", cfg, i, err)
			return
		}
		for name, want := range s.want {
			near(t, fmt.Sprintf("%s: step %d: %s", cfg, i, name), out[name], want.shape, want.v, c.tolerance)
		}
	}
}

// once is the steps of a case with one step and one output, y. Most programs
// keep nothing between steps.
func once(in values, shape []int, want ...float64) []programStep {
	return []programStep{{in: in, want: map[string]answer{"y": {shape, want}}}}
}

// ramp returns n numbers from lo on, d apart.
func ramp(n int, lo, d float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = lo + float64(i)*d
	}
	return v
}

// narrow returns v as float32 numbers. The values of these cases are exact in
// it.
func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// dot multiplies x [n, k] with w [m, k], each given by its elements. It is the
// definition that linear is held to: sums in float64, in order.
func dot(x, w []float64, n, m, k int) []float64 {
	y := make([]float64, n*m)
	for i := range n {
		for j := range m {
			for l := range k {
				y[i*m+j] += x[i*k+l] * w[j*k+l]
			}
		}
	}
	return y
}
