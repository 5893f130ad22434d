package portable_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

var (
	truth   = mil.TensorType(dtype.Bool)
	integer = mil.TensorType(dtype.Int32)
)

// square reshapes x, of any length, to 2 by 2, which four elements alone allow.
func square(b *mil.Builder, x *mil.Value) *mil.Value {
	return b.Op("reshape", "square", half(2, 2), mil.Args{"x": x, "shape": b.Ints("", 2, 2)})
}

// afterAWrite makes a program that writes its input n to a state and then goes on as
// fill says, with n as a scalar and an input x of open length.
func afterAWrite(t *testing.T, fill func(b *mil.Builder, n, x *mil.Value) *mil.Value) *portable.Built {
	t.Helper()
	return build(t, func(b *mil.Builder) {
		n, x, s := b.Input("n", dtype.Int32, 1), b.Input("x", dtype.Float16, mil.Unknown), b.State("s", dtype.Float16, 1)
		b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("cast", "", half(1), mil.Args{"x": n, "dtype": b.Text("", "fp16")})})
		b.Output("y", fill(b, b.Op("squeeze", "", integer, mil.Args{"x": n}), x))
	})
}

// block makes a block without parameters.
func block(b *mil.Builder, give func() *mil.Value) *mil.Block {
	return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{give()} })
}

// choice is a cond on n > 0, of which the first branch makes x a square.
func choice(b *mil.Builder, n, x *mil.Value) *mil.Value {
	pred := b.Op("greater", "", truth, mil.Args{"x": n, "y": b.Int("", 0)})
	return b.MultiOp("cond", "", []mil.Type{half(2, 2)}, mil.Args{"pred": pred},
		block(b, func() *mil.Value { return square(b, x) }),
		block(b, func() *mil.Value { return b.Float16s("", []int{2, 2}, 1, 2, 3, 4) }))[0]
}

// loop is a while_loop of n iterations, of which each makes x a square.
func loop(b *mil.Builder, n, x *mil.Value) *mil.Value {
	types := []mil.Type{integer, half(2, 2)}
	cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("less", "", truth, mil.Args{"x": in[0], "y": n})}
	})
	body := b.Block(types, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("add", "", integer, mil.Args{"x": in[0], "y": b.Int("", 1)}), square(b, x)}
	})
	first := mil.Values{b.Int("", 0), b.Float16s("", []int{2, 2}, 1, 2, 3, 4)}
	return b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": first}, cond, body)[1]
}

// nested is the choice inside of a branch that a constant takes.
func nested(b *mil.Builder, n, x *mil.Value) *mil.Value {
	return b.MultiOp("cond", "", []mil.Type{half(2, 2)}, mil.Args{"pred": b.Bool("", true)},
		block(b, func() *mil.Value { return choice(b, n, x) }),
		block(b, func() *mil.Value { return b.Float16s("", []int{2, 2}, 1, 2, 3, 4) }))[0]
}

// A prediction that fails after it has written to a state costs the caller that state.
// What blocks surely run is found out before.
func TestBlocksAreRehearsedBeforeAStateIsWritten(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, n, x *mil.Value) *mil.Value
		n    int32
		x    []float32
		ok   bool
	}{
		{"the branch that is taken does not fit", choice, 1, []float32{1, 2, 3}, false},
		{"the branch that is taken fits", choice, 1, []float32{1, 2, 3, 4}, true},
		{"the branch that does not fit is not taken", choice, 0, []float32{1, 2, 3}, true},
		{"the first iteration does not fit", loop, 2, []float32{1, 2, 3}, false},
		{"all iterations fit", loop, 2, []float32{1, 2, 3, 4}, true},
		{"a loop that does not fit has no iterations", loop, 0, []float32{1, 2, 3}, true},
		{"a branch in a branch does not fit", nested, 1, []float32{1, 2, 3}, false},
		{"a branch in a branch is not taken", nested, 0, []float32{1, 2, 3}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := afterAWrite(t, c.fill)
			st := p.State()
			_, err := p.Run(st, tensor.FromSlice([]int32{c.n}, 1), halves(c.x...))
			if c.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var unchanged *engine.UnchangedError
			if !errors.As(err, &unchanged) || !errors.Is(err, tensor.ErrShape) || !strings.Contains(err.Error(), "square") {
				t.Fatalf("error is %v, want one of the square that left the state as it was", err)
			}
			if x, err := st.Read("s"); err != nil {
				t.Error(err)
			} else if v, _ := tensor.Values[float32](x); v[0] != 0 {
				t.Errorf("the state holds %v", v)
			}
		})
	}
}

// The frame of a prediction is used again: what one rehearsal found of a block must not
// decide about the next prediction.
func TestBlocksAreRehearsedAgainInEachPrediction(t *testing.T) {
	for name, fill := range map[string]func(b *mil.Builder, n, x *mil.Value) *mil.Value{"cond": choice, "while_loop": loop, "nested": nested} {
		t.Run(name, func(t *testing.T) {
			p := afterAWrite(t, fill)
			st := p.State()
			var failed []int
			for k, in := range [][]float32{{1, 2, 3}, {5, 6, 7, 8}, {1, 2, 3}, {1, 2, 3}, {5, 6, 7, 8}, {5, 6, 7, 8}, {1}} {
				if _, err := p.Run(st, tensor.FromSlice([]int32{1}, 1), halves(in...)); err != nil {
					failed = append(failed, k)
				}
				if _, err := p.Run(st, tensor.FromSlice([]int32{0}, 1), halves(in...)); err != nil {
					t.Errorf("prediction %d, which skips the square: %v", k, err)
				}
			}
			if want := []int{0, 2, 3, 6}; !slices.Equal(failed, want) {
				t.Errorf("the predictions that fail are %v, want %v", failed, want)
			}
		})
	}
}
