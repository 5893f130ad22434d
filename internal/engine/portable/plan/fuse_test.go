package plan_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// fusing is a program with what a pattern must make of it.
type fusing struct {
	name  string
	fill  func(b *mil.Builder)
	fused bool
}

// checkFusing plans each program and looks for the step of the pattern, and for what
// the listing says of it.
func checkFusing(t *testing.T, cases []fusing, def *op.Operator, note string, arith engine.Arithmetic) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := planIn(t, arith, c.fill)
			if got := strings.Contains(" "+all(p)+" ", " "+def.Name+" "); got != c.fused {
				t.Errorf("fused: %v, want %v: %s", got, c.fused, all(p))
			}
			if got := noted(p, note); got != c.fused {
				t.Errorf("the notes are %q", p.Notes)
			}
			plain, err := plan.New(t.Context(), function(t, c.fill), arith, false)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(all(plain), def.Name+" ") || len(plain.Notes) > 0 {
				t.Errorf("without fusion the steps are %s, with notes %q", all(plain), plain.Notes)
			}
		})
	}
}

// scores is a form of attention: what it says of each step, and what else it does.
type scores struct {
	turned, divided, swapped, casts bool
	noScale, noMask                 bool
	axis                            int
	mask                            mil.Type
	rank2                           bool
	after                           func(b *mil.Builder, weights *mil.Value)
}

// attention writes out attention over [1, 2, n, 4] as s says.
func attention(s scores) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		batch := []int{1, 2}
		if s.rank2 {
			batch = nil
		}
		shape := func(d ...int) mil.Type { return f16(append(append([]int(nil), batch...), d...)...) }
		in := func(name string, typ mil.Type) *mil.Value { return b.Input(name, typ.DType, typ.Shape...) }
		square := shape(mil.Unknown, mil.Unknown)
		q, v := in("q", shape(mil.Unknown, 4)), in("v", shape(mil.Unknown, 4))
		args := mil.Args{"x": q}
		if s.turned {
			args["y"] = in("k", shape(4, mil.Unknown))
		} else {
			args["y"], args["transpose_y"] = in("k", shape(mil.Unknown, 4)), b.Bool("", true)
		}
		x := b.Op("matmul", "", square, args)
		switch {
		case s.noScale:
		case s.divided:
			x = binary(b, "real_div", x, b.Float("", dtype.Float16, 2))
		case s.swapped:
			x = b.Op("mul", "", square, mil.Args{"x": b.Float("", dtype.Float16, 0.5), "y": x})
		default:
			x = binary(b, "mul", x, b.Float("", dtype.Float16, 0.5))
		}
		if !s.noMask {
			mask := s.mask
			if mask.Shape == nil {
				mask = f16(mil.Unknown, mil.Unknown)
			}
			m := in("mask", mask)
			if s.swapped {
				x = b.Op("add", "", square, mil.Args{"x": m, "y": x})
			} else {
				x = binary(b, "add", x, m)
			}
		}
		cast := func(x *mil.Value, to dtype.Type, name string) *mil.Value {
			if !s.casts {
				return x
			}
			typ := x.Type
			typ.DType = to
			return b.Op("cast", "", typ, mil.Args{"x": x, "dtype": b.Text("", name)})
		}
		x = cast(x, dtype.Float32, "fp32")
		x = b.Op("softmax", "", x.Type, mil.Args{"x": x, "axis": b.Int("", s.axis)})
		x = cast(x, dtype.Float16, "fp16")
		if s.after != nil {
			s.after(b, x)
		}
		b.Output("y", b.Op("matmul", "", shape(mil.Unknown, 4), mil.Args{"x": x, "y": v}))
	}
}

func TestAttentionThatIsWrittenOutBecomesOneStep(t *testing.T) {
	checkFusing(t, []fusing{
		{"transposed by the matmul, scaled by a factor, with a mask", attention(scores{axis: -1}), true},
		{"the key transposed already", attention(scores{axis: -1, turned: true}), true},
		{"scaled by a division", attention(scores{axis: -1, divided: true}), true},
		{"factor and mask on the other side", attention(scores{axis: -1, swapped: true}), true},
		{"a softmax in fp32", attention(scores{axis: -1, casts: true}), true},
		{"without a scale", attention(scores{axis: -1, noScale: true}), true},
		{"without a mask", attention(scores{axis: -1, noMask: true}), true},
		{"the last axis by its number", attention(scores{axis: 3}), true},
		{"a mask for each head", attention(scores{axis: -1, mask: f16(1, 2, mil.Unknown, mil.Unknown)}), true},
		{"another axis", attention(scores{axis: 2}), false},
		{"a mask of one dimension, which no row of scores has", attention(scores{axis: -1, mask: f16(mil.Unknown)}), false},
		{"a mask that would make the scores larger", attention(scores{axis: -1, mask: f16(3, 1, 2, mil.Unknown, mil.Unknown)}), false},
		{"matrices without heads", attention(scores{axis: -1, rank2: true}), false},
		{"weights that are an output too", attention(scores{axis: -1, after: func(b *mil.Builder, w *mil.Value) { b.Output("w", w) }}), false},
		{"weights that something else reads", attention(scores{axis: -1, after: func(b *mil.Builder, w *mil.Value) { b.Output("w", unary(b, "exp", w)) }}), false},
	}, op.FusedAttention, "fused: 1 attention", engine.ArithmeticFaithful)
}

func TestThePatternOfAttentionKeepsScaleAndRounding(t *testing.T) {
	for _, c := range []struct {
		name  string
		form  scores
		arith engine.Arithmetic
		want  op.AttentionPattern
	}{
		{"a factor", scores{axis: -1}, engine.ArithmeticFaithful, op.AttentionPattern{Scale: 0.5, Round: true}},
		{"a divisor", scores{axis: -1, divided: true}, engine.ArithmeticFaithful, op.AttentionPattern{Scale: 0.5, Round: true}},
		{"none", scores{axis: -1, noScale: true}, engine.ArithmeticFaithful, op.AttentionPattern{Scale: 1, Round: true}},
		{"wide arithmetic", scores{axis: -1}, engine.ArithmeticWide, op.AttentionPattern{Scale: 0.5}},
		{"a turned key", scores{axis: -1, turned: true}, engine.ArithmeticWide, op.AttentionPattern{Scale: 0.5, Transposed: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := step(t, planIn(t, c.arith, attention(c.form)), "attention").Data.(*op.AttentionPattern)
			if !ok || *got != c.want {
				t.Errorf("the pattern is %+v, want %+v", got, c.want)
			}
		})
	}
}

// norm is a form of RMS norm.
type norm struct {
	square          string // pow, square or mul
	exponent        float32
	root            bool // epsilon is the root's operand
	swapped, narrow bool
	axis            int
	dropDims        bool
	gamma           int // elements of the last factor
	shared          bool
	other           bool // the factor is of another value
}

// rms writes out x·rsqrt(mean(x²) + eps)·gamma over [3, 4].
func rms(n norm) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		typ, one := f16(3, 4), f16(3, 1)
		if !n.narrow {
			typ, one = f32(3, 4), f32(3, 1)
		}
		number := func(x float32) *mil.Value { return b.Float("", typ.DType, x) }
		x := b.Input("x", typ.DType, 3, 4)
		var s *mil.Value
		switch n.square {
		case "pow":
			s = binary(b, "pow", x, number(n.exponent))
		case "square":
			s = unary(b, "square", x)
		default:
			s = binary(b, "mul", x, x)
		}
		if n.shared {
			b.Output("squares", unary(b, "exp", s))
		}
		if n.dropDims {
			one = mil.TensorType(typ.DType, 3)
		}
		s = b.Op("reduce_mean", "", one, mil.Args{"x": s, "axes": b.Ints("", n.axis), "keep_dims": b.Bool("", !n.dropDims)})
		if n.root {
			s = b.Op("rsqrt", "", one, mil.Args{"x": s, "epsilon": number(1e-3)})
		} else {
			s = unary(b, "rsqrt", binary(b, "add", s, number(1e-3)))
		}
		if n.other {
			x = unary(b, "abs", x)
		}
		if n.swapped {
			s = b.Op("mul", "", typ, mil.Args{"x": s, "y": x})
		} else {
			s = binary(b, "mul", x, s)
		}
		g := b.Floats("", typ.DType, []int{n.gamma}, make([]float32, n.gamma)...)
		if n.swapped {
			b.Output("y", b.Op("mul", "", typ, mil.Args{"x": g, "y": s}))
		} else {
			b.Output("y", binary(b, "mul", s, g))
		}
	}
}

func TestRMSNormThatIsWrittenOutBecomesOneStep(t *testing.T) {
	checkFusing(t, []fusing{
		{"a power of two", rms(norm{square: "pow", exponent: 2, axis: -1, gamma: 4}), true},
		{"a square", rms(norm{square: "square", axis: -1, gamma: 4}), true},
		{"x times x", rms(norm{square: "mul", axis: -1, gamma: 4}), true},
		{"epsilon as the root's operand", rms(norm{square: "square", axis: -1, gamma: 4, root: true}), true},
		{"factors on the other side", rms(norm{square: "square", axis: -1, gamma: 4, swapped: true}), true},
		{"the last axis by its number", rms(norm{square: "square", axis: 1, gamma: 4}), true},
		{"a factor of one element for all", rms(norm{square: "square", axis: -1, gamma: 1}), true},
		{"another power", rms(norm{square: "pow", exponent: 3, axis: -1, gamma: 4}), false},
		{"another axis", rms(norm{square: "square", axis: 0, gamma: 4}), false},
		{"squares that something else reads", rms(norm{square: "square", axis: -1, gamma: 4, shared: true}), false},
		{"a factor of another value", rms(norm{square: "square", axis: -1, gamma: 4, other: true}), false},
		{"squares of halves, which are infinite from 256 on", rms(norm{square: "square", axis: -1, gamma: 4, narrow: true}), false},
	}, op.FusedRMSNorm, "fused: 1 RMS norm", engine.ArithmeticFaithful)
}

// In wide arithmetic nothing is rounded between operations, so that squares of halves
// are no reason against it.
func TestWideArithmeticFusesNormsOfHalves(t *testing.T) {
	checkFusing(t, []fusing{
		{"squares of halves", rms(norm{square: "square", axis: -1, gamma: 4, narrow: true}), true},
	}, op.FusedRMSNorm, "fused: 1 RMS norm", engine.ArithmeticWide)
}

func TestTheNormAddsBothEpsilons(t *testing.T) {
	p := planOf(t, rms(norm{square: "square", axis: -1, gamma: 4, root: true}))
	if got, ok := step(t, p, "rms_norm").Data.(*op.NormPattern); !ok || got.Eps != 1e-3 || got.RoundFactor || got.RoundProduct {
		t.Errorf("the pattern is %+v", got)
	}
}

// rope is a form of rotary embedding over [1, 2, n, 8].
type rope struct {
	split      bool
	from, to   int // of the part that is negated
	factor     float32
	swapped    bool
	axis       int
	shared     bool
	table      mil.Type
	interleave bool
	otherX     bool
}

// rotary writes out x·cos + join(-x[4:8], x[0:4])·sin.
func rotary(r rope) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		typ, part := f16(1, 2, mil.Unknown, 8), f16(1, 2, mil.Unknown, 4)
		x := b.Input("x", dtype.Float16, 1, 2, mil.Unknown, 8)
		table := r.table
		if table.Shape == nil {
			table = f16(mil.Unknown, 8)
		}
		cos, sin := b.Input("cos", table.DType, table.Shape...), b.Input("sin", table.DType, table.Shape...)
		cut := func(from, to int) *mil.Value {
			return b.Op("slice_by_index", "", f16(1, 2, mil.Unknown, to-from), mil.Args{
				"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", 0, 0, 0, to),
				"begin_mask": b.Bools("", true, true, true, false), "end_mask": b.Bools("", true, true, true, false),
			})
		}
		hi, lo := (*mil.Value)(nil), (*mil.Value)(nil)
		if r.split {
			out := b.MultiOp("split", "", []mil.Type{part, part}, mil.Args{"x": x, "num_splits": b.Int("", 2), "axis": b.Int("", 3)})
			lo, hi = out[0], out[1]
		} else {
			hi, lo = cut(r.from, r.to), cut(0, 4)
		}
		if r.shared {
			b.Output("half", unary(b, "exp", lo))
		}
		neg := binary(b, "mul", hi, b.Float("", dtype.Float16, r.factor))
		join := b.Op("concat", "", typ, mil.Args{"values": mil.Values{neg, lo}, "axis": b.Int("", r.axis), "interleave": b.Bool("", r.interleave)})
		straight := x
		if r.otherX {
			straight = unary(b, "abs", x)
		}
		along, across := binary(b, "mul", straight, cos), binary(b, "mul", join, sin)
		if r.swapped {
			along = b.Op("mul", "", typ, mil.Args{"x": cos, "y": straight})
			across = b.Op("mul", "", typ, mil.Args{"x": sin, "y": join})
			along, across = across, along
		}
		b.Output("y", binary(b, "add", along, across))
	}
}

func TestRotaryEmbeddingThatIsWrittenOutBecomesOneStep(t *testing.T) {
	good := rope{from: 4, to: 8, factor: -1, axis: -1}
	with := func(change func(r *rope)) func(b *mil.Builder) {
		r := good
		change(&r)
		return rotary(r)
	}
	checkFusing(t, []fusing{
		{"halves by slices", with(func(*rope) {}), true},
		{"halves by a split", with(func(r *rope) { r.split = true }), true},
		{"operands on the other side", with(func(r *rope) { r.swapped = true }), true},
		{"the last axis by its number", with(func(r *rope) { r.axis = 3 }), true},
		{"one angle for all", with(func(r *rope) { r.table = f16(1, 1) }), true},
		{"a part that is no half", with(func(r *rope) { r.from = 5 }), false},
		{"the first half twice", with(func(r *rope) { r.from, r.to = 0, 4 }), false},
		{"a factor that is not -1", with(func(r *rope) { r.factor = -2 }), false},
		{"a half that something else reads", with(func(r *rope) { r.shared = true }), false},
		{"a half of a split that something else reads", with(func(r *rope) { r.split, r.shared = true, true }), false},
		{"halves that are interleaved", with(func(r *rope) { r.interleave = true }), false},
		{"a table of another type", with(func(r *rope) { r.table = f32(mil.Unknown, 8) }), false},
		{"a table of a higher rank", with(func(r *rope) { r.table = f16(1, 1, 1, mil.Unknown, 8) }), false},
		{"a rotation of one value beside another", with(func(r *rope) { r.otherX = true }), false},
	}, op.FusedRotary, "fused: 1 rotary embedding", engine.ArithmeticFaithful)
}

// swiglu writes out act(x·g)·(x·u).
func swiglu(rows int, act func(b *mil.Builder, x *mil.Value) *mil.Value, swapped bool) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		gate, up := act(b, linear(b, x, 3)), linear(b, x, rows)
		if swapped {
			gate, up = up, gate
		}
		b.Output("y", b.Op("mul", "", f32(2, 3), mil.Args{"x": gate, "y": up}))
	}
}

func TestAGatedActivationBecomesOneStep(t *testing.T) {
	silu := func(b *mil.Builder, x *mil.Value) *mil.Value { return unary(b, "silu", x) }
	gelu := func(mode string) func(b *mil.Builder, x *mil.Value) *mil.Value {
		return func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("gelu", "", x.Type, mil.Args{"x": x, "mode": b.Text("", mode)})
		}
	}
	checkFusing(t, []fusing{
		{"silu", swiglu(3, silu, false), true},
		{"silu on the other side", swiglu(3, silu, true), true},
		{"gelu", swiglu(3, gelu("EXACT"), false), true},
		{"gelu without a mode", swiglu(3, func(b *mil.Builder, x *mil.Value) *mil.Value { return unary(b, "gelu", x) }, false), true},
		{"gelu by tanh", swiglu(3, gelu("TANH_APPROXIMATION"), false), true},
		{"gelu by a sigmoid, which has no kernel", swiglu(3, gelu("SIGMOID_APPROXIMATION"), false), false},
		{"another activation", swiglu(3, func(b *mil.Builder, x *mil.Value) *mil.Value { return unary(b, "tanh", x) }, false), false},
		{"one column that is broadcast", swiglu(1, silu, false), false},
		{"an activation that is an output too", swiglu(3, func(b *mil.Builder, x *mil.Value) *mil.Value {
			y := unary(b, "silu", x)
			b.Output("gate", y)
			return y
		}, false), false},
	}, op.FusedGatedProducts, "fused: 1 gated activation", engine.ArithmeticFaithful)
}

func TestPatternsInNestedBlocksAreLeftAlone(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		give := func() *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value {
				gate := unary(b, "silu", linear(b, x, 3))
				return []*mil.Value{binary(b, "mul", gate, linear(b, x, 3))}
			})
		}
		pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
		b.Output("y", b.MultiOp("cond", "", []mil.Type{f32(2, 3)}, mil.Args{"pred": pred}, give(), give())[0])
	})
	if got := len(step(t, p, "cond").Blocks[0].Steps); got != 4 {
		t.Errorf("the block has %d steps, want silu, mul and two linears", got)
	}
}

// A value that a nested block reads must not go with the group that makes it.
func TestWhatANestedBlockReadsIsNotFused(t *testing.T) {
	p := planOf(t, swiglu(3, func(b *mil.Builder, x *mil.Value) *mil.Value {
		y := unary(b, "silu", x)
		give := func() *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{unary(b, "exp", y)} })
		}
		pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
		b.Output("z", b.MultiOp("cond", "", []mil.Type{f32(2, 3)}, mil.Args{"pred": pred}, give(), give())[0])
		return y
	}, false))
	if got := all(p); strings.Contains(got, "gated") {
		t.Errorf("the steps are %s", got)
	}
}
