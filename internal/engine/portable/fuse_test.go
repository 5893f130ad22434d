package portable_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// fusions are programs that hold a pattern, or almost, with the shapes of their
// inputs and the name that the plan must give the step, or must not.
var fusions = []struct {
	name  string
	fill  func(b *mil.Builder, in []*mil.Value)
	in    [][]int
	step  string
	fused bool
}{
	{"a rotation by slices", rotation(sliced), shapes("1 2 3 8", "3 8", "3 8"), "rotary", true},
	{"a rotation by a split", rotation(split), shapes("1 2 3 8", "3 8", "3 8"), "rotary", true},
	{"a rotation of transposed rows", turned, shapes("1 3 2 8", "1 1 3 8", "1 1 3 8"), "rotary", true},
	{"a rotation by one angle for all", rotation(sliced), shapes("1 2 3 8", "1 1", "8"), "rotary", true},
	{"one row turned by many angles", rotation(sliced), shapes("1 2 1 8", "4 8", "1 1 4 8"), "rotary", true},
	{"a rotation of many rows", rotation(sliced), shapes("1 2 2500 8", "2500 8", "2500 8"), "rotary", true},
	{"a rotation of no rows", rotation(sliced), shapes("1 2 0 8", "0 8", "0 8"), "rotary", true},
	{"halves that are not swapped", rotation(straight), shapes("1 2 3 8", "3 8", "3 8"), "rotary", false},
	{"parts that are not halves", rotation(uneven), shapes("1 2 3 8", "3 8", "3 8"), "rotary", false},
	{"a half that something else reads", rotation(shared), shapes("1 2 3 8", "3 8", "3 8"), "rotary", false},

	{"a gate of silu", gate("silu"), shapes("2 8"), "gated_linears", true},
	{"a gate of gelu", gate("gelu"), shapes("2 8"), "gated_linears", true},
	{"a gate of silu over some rows", gate("silu"), shapes("9 8"), "gated_linears", true},
	{"a gate of gelu over some rows", gate("gelu"), shapes("17 8"), "gated_linears", true},
	{"a gate over many rows", gate("silu"), shapes("5000 8"), "gated_linears", true},
	{"a gate over no rows", gate("silu"), shapes("0 8"), "gated_linears", true},
	{"a gate of products that something else reads", readGate, shapes("9 8"), "gated", true},
	{"an activation that something else reads", sharedGate, shapes("2 8"), "gated", false},
	{"a gate of what is no product", inputGate, shapes("2 8"), "gated", false},

	{"linears of one input", linears, shapes("3 8"), "linears", true},
	{"linears of one row", linears, shapes("1 8"), "linears", true},
	{"linears of two inputs", linearsOfTwo, shapes("3 8", "3 8"), "linears", false},
	{"linears that are outputs", outputs, shapes("3 8"), "linears", false},
}

// Fusion must not change a bit of what the separate operations give in
// arithmetic faithful, and only a little in wide.
func TestFusedStepsGiveWhatTheirOperationsGive(t *testing.T) {
	for _, test := range fusions {
		t.Run(test.name, func(t *testing.T) {
			for _, arith := range []engine.Arithmetic{engine.ArithmeticFaithful, engine.ArithmeticWide} {
				fused, plain := buildFusion(t, test.fill, test.in, arith, true), buildFusion(t, test.fill, test.in, arith, false)
				if found := strings.Contains(fused.Plan(), "  "+test.step+" "); found != test.fused {
					t.Errorf("the plan names %s: %v, want %v\n%s", test.step, found, test.fused, fused.Plan())
				}
				r := rand.New(rand.NewPCG(3, 4))
				var in []*tensor.Tensor
				for _, shape := range test.in {
					in = append(in, randomHalves(t, r, shape))
				}
				got, want := run(t, fused, nil, in...), run(t, plain, nil, in...)
				for k := range want {
					agree(t, got[k], want[k], arith == engine.ArithmeticFaithful)
				}
			}
		})
	}
}

// agree compares bits, or within the rounding of a few halves.
func agree(t *testing.T, got, want []float32, exact bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for k, w := range want {
		if g := got[k]; g != w && (exact || math.Abs(float64(g-w)) > 4e-3*max(1, math.Abs(float64(w)))) {
			t.Fatalf("number %d is %v, want %v", k, g, w)
		}
	}
}

func buildFusion(t *testing.T, fill func(b *mil.Builder, in []*mil.Value), in [][]int, arith engine.Arithmetic, fusion bool) *portable.Built {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	var values []*mil.Value
	for k, shape := range in {
		s := make([]int, len(shape))
		for d, n := range shape {
			s[d] = n
			if d < len(shape)-1 || n == 1 {
				s[d] = mil.Unknown
			}
		}
		values = append(values, b.Input(string(rune('a'+k)), dtype.Float16, s...))
	}
	fill(b, values)
	p, err := portable.Build(b, arith, fusion)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shapes(list ...string) [][]int {
	var out [][]int
	for _, s := range list {
		var shape []int
		for f := range strings.FieldsSeq(s) {
			n := 0
			for _, c := range f {
				n = 10*n + int(c-'0')
			}
			shape = append(shape, n)
		}
		out = append(out, shape)
	}
	return out
}

func randomHalves(t *testing.T, r *rand.Rand, shape []int) *tensor.Tensor {
	t.Helper()
	x := tensor.New(tensor.Float32, shape...)
	f, err := tensor.Data[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	for k := range f {
		f[k] = float32(r.NormFloat64())
	}
	return x.To(tensor.Float16)
}

var heads = half(1, 2, mil.Unknown, 8)

// cut takes columns of [1, 2, n, 8].
func cut(b *mil.Builder, x *mil.Value, from, to int) *mil.Value {
	return b.Op("slice_by_index", "", half(1, 2, mil.Unknown, to-from), mil.Args{
		"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", 0, 0, 0, to),
		"begin_mask": b.Bools("", true, true, true, false), "end_mask": b.Bools("", true, true, true, to == 8),
	})
}

func minus(b *mil.Builder, x *mil.Value) *mil.Value {
	return b.Op("mul", "", x.Type, mil.Args{"x": x, "y": b.Float("", dtype.Float16, -1)})
}

// What follows makes the second operand of a rotation: the part that is negated
// and the part that is not.

func sliced(b *mil.Builder, x *mil.Value) mil.Values {
	return mil.Values{minus(b, cut(b, x, 4, 8)), cut(b, x, 0, 4)}
}

func split(b *mil.Builder, x *mil.Value) mil.Values {
	t := half(1, 2, mil.Unknown, 4)
	out := b.MultiOp("split", "", []mil.Type{t, t}, mil.Args{"x": x, "num_splits": b.Int("", 2), "axis": b.Int("", -1)})
	return mil.Values{minus(b, out[1]), out[0]}
}

func straight(b *mil.Builder, x *mil.Value) mil.Values {
	return mil.Values{minus(b, cut(b, x, 0, 4)), cut(b, x, 4, 8)}
}

func uneven(b *mil.Builder, x *mil.Value) mil.Values {
	return mil.Values{minus(b, cut(b, x, 3, 8)), cut(b, x, 0, 3)}
}

func shared(b *mil.Builder, x *mil.Value) mil.Values {
	hi := cut(b, x, 4, 8)
	b.Output("half", hi)
	return mil.Values{minus(b, hi), cut(b, x, 0, 4)}
}

func rotation(parts func(b *mil.Builder, x *mil.Value) mil.Values) func(b *mil.Builder, in []*mil.Value) {
	return func(b *mil.Builder, in []*mil.Value) {
		join := b.Op("concat", "", heads, mil.Args{"values": parts(b, in[0]), "axis": b.Int("", -1)})
		along := b.Op("mul", "", heads, mil.Args{"x": in[0], "y": in[1]})
		across := b.Op("mul", "", heads, mil.Args{"x": join, "y": in[2]})
		b.Output("y", b.Op("add", "", heads, mil.Args{"x": along, "y": across}))
	}
}

// turned rotates [1, n, 2, 8] read as [1, 2, n, 8].
func turned(b *mil.Builder, in []*mil.Value) {
	in[0] = b.Op("abs", "", half(1, mil.Unknown, 2, 8), mil.Args{"x": in[0]})
	in[0] = b.Op("transpose", "", heads, mil.Args{"x": in[0], "perm": b.Ints("", 0, 2, 1, 3)})
	rotation(sliced)(b, in)
}

// product is a linear of 8 columns with a weight of its own, and a bias when it
// has many rows.
func product(b *mil.Builder, x *mil.Value, rows int) *mil.Value { return productBy(b, x, rows, 5) }

// productBy is product by other weights.
func productBy(b *mil.Builder, x *mil.Value, rows int, seed uint64) *mil.Value {
	r := rand.New(rand.NewPCG(uint64(rows), seed))
	w := make([]float32, rows*8)
	for k := range w {
		w[k] = float32(r.NormFloat64())
	}
	args := mil.Args{"x": x, "weight": b.Float16s("", []int{rows, 8}, w...)}
	if rows > 16 {
		args["bias"] = b.Float16s("", []int{rows}, w[:rows]...)
	}
	return b.Op("linear", "", half(mil.Unknown, rows), args)
}

func gate(activation string) func(b *mil.Builder, in []*mil.Value) {
	return func(b *mil.Builder, in []*mil.Value) {
		a := b.Op(activation, "", half(mil.Unknown, 16), mil.Args{"x": product(b, in[0], 16)})
		b.Output("y", b.Op("mul", "", half(mil.Unknown, 16), mil.Args{"x": productBy(b, in[0], 16, 6), "y": a}))
	}
}

func readGate(b *mil.Builder, in []*mil.Value) {
	gate, up := product(b, in[0], 16), productBy(b, in[0], 16, 6)
	b.Output("z", b.Op("sin", "", up.Type, mil.Args{"x": up}))
	b.Output("y", b.Op("mul", "", up.Type, mil.Args{"x": b.Op("silu", "", gate.Type, mil.Args{"x": gate}), "y": up}))
}

func sharedGate(b *mil.Builder, in []*mil.Value) {
	a := b.Op("silu", "", half(mil.Unknown, 16), mil.Args{"x": product(b, in[0], 16)})
	b.Output("activation", a)
	b.Output("y", b.Op("mul", "", half(mil.Unknown, 16), mil.Args{"x": a, "y": product(b, in[0], 16)}))
}

func inputGate(b *mil.Builder, in []*mil.Value) {
	a := b.Op("silu", "", half(mil.Unknown, 8), mil.Args{"x": product(b, in[0], 8)})
	b.Output("y", b.Op("mul", "", half(mil.Unknown, 8), mil.Args{"x": a, "y": in[0]}))
}

func linears(b *mil.Builder, in []*mil.Value) {
	x := b.Op("abs", "", half(mil.Unknown, 8), mil.Args{"x": in[0]})
	for _, rows := range []int{7, 40, 16} {
		y := product(b, x, rows)
		b.Output(fmt.Sprint("y", rows), b.Op("abs", "", y.Type, mil.Args{"x": b.Op("sin", "", y.Type, mil.Args{"x": y})}))
	}
}

func linearsOfTwo(b *mil.Builder, in []*mil.Value) {
	for k, x := range in {
		y := product(b, x, 16)
		b.Output(fmt.Sprint("y", k), b.Op("sin", "", y.Type, mil.Args{"x": y}))
	}
}

// outputs are logits in parts: of a prompt each is wanted for the last row only,
// which a group would not know.
func outputs(b *mil.Builder, in []*mil.Value) {
	for _, rows := range []int{7, 16} {
		b.Output(fmt.Sprint("y", rows), product(b, in[0], rows))
	}
}
