package mil_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// buildStep makes a function with a state, a compressed weight, a variadic
// operand and nested blocks.
func buildStep(t testing.TB) *mil.Program {
	t.Helper()
	fp16 := func(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float16, 1, mil.Unknown, 8)
	cache := b.State("cache", dtype.Float16, 1, 4, 8)
	data := b.IntTensor("w_data", dtype.Int4, []int{4, 8}, ramp(32, -8, 15)...)
	scale := b.Float16s("w_scale", []int{4, 1}, 0.5, 0.25, 1, 2)
	w := b.Op("constexpr_blockwise_shift_scale", "w", fp16(4, 8), mil.Args{"data": data, "scale": scale})
	old := b.Op("read_state", "old", fp16(1, 4, 8), mil.Args{"input": cache})
	both := b.Op("concat", "both", fp16(1, mil.Unknown, 8), mil.Args{
		"values": mil.Values{old, x}, "axis": b.Int("axis", 1), "interleave": b.Bool("interleave", false),
	})
	y := b.Op("linear", "y", fp16(1, mil.Unknown, 4), mil.Args{"x": both, "weight": w})
	fresh := b.Op("slice_by_size", "", fp16(1, 4, 8), mil.Args{
		"x": both, "begin": b.Ints("begin", 0, 1, 0), "size": b.Ints("size", 1, 4, 8),
	})
	b.Do("write_state", "", mil.Args{"input": cache, "data": fresh})
	flag := b.Input("flag", dtype.Float32, 1)
	pred := b.Op("cast", "", mil.TensorType(dtype.Bool, 1), mil.Args{"x": flag, "dtype": b.Text("", "bool")})
	pred = b.Op("squeeze", "", mil.TensorType(dtype.Bool), mil.Args{"x": pred})
	branch := func(op string) *mil.Block {
		return b.Block(nil, func([]*mil.Value) []*mil.Value {
			return []*mil.Value{b.Op(op, "", y.Type, mil.Args{"x": y})}
		})
	}
	out := b.MultiOp("cond", "chosen", []mil.Type{y.Type}, mil.Args{"pred": pred}, branch("relu"), branch("sigmoid"))
	b.Output("logits", out[0])
	b.Output("echo", x)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ramp returns n integers from lo to hi, over and over.
func ramp(n, lo, span int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = lo + i%(span+1)
	}
	return list
}

func TestABuiltFunctionPrintsLikeCoremltools(t *testing.T) {
	var text strings.Builder
	if err := mil.Print(&text, buildStep(t)); err != nil {
		t.Fatal(err)
	}
	want := `
main[CoreML8](%x: (1, is0, 8, fp16)(Tensor),
              %cache: (1, 4, 8, fp16)(State),
              %flag: (1,fp32)(Tensor)) {
  block0() {
    %w: (4, 8, fp16)(Tensor) = constexpr_blockwise_shift_scale(data=%w_data, scale=[[0.5], [0.25], [1.0], [2.0]], name="w")
    %old: (1, 4, 8, fp16)(Tensor) = read_state(input=%cache, name="old")
    %both: (1, is1, 8, fp16)(Tensor) = concat(values=(%old, %x), axis=1, interleave=False, name="both")
    %y: (1, is2, 4, fp16)(Tensor) = linear(x=%both, weight=%w, name="y")
    %slice_by_size: (1, 4, 8, fp16)(Tensor) = slice_by_size(x=%both, begin=[0, 1, 0], size=[1, 4, 8], name="slice_by_size")
    write_state(input=%cache, data=%slice_by_size, name="write_state")
    %cast: (1,bool)(Tensor) = cast(x=%flag, dtype="bool", name="cast")
    %squeeze: (bool)(Scalar) = squeeze(x=%cast, name="squeeze")
    %logits: (1, is3, 4, fp16)(Tensor) = cond(pred=%squeeze, name="chosen")
      block1() {
        %relu: (1, is4, 4, fp16)(Tensor) = relu(x=%y, name="relu")
      } -> (%relu)
      block2() {
        %sigmoid: (1, is5, 4, fp16)(Tensor) = sigmoid(x=%y, name="sigmoid")
      } -> (%sigmoid)
    %echo: (1, is6, 8, fp16)(Tensor) = identity(x=%x, name="echo")
  } -> (%logits, %echo)
}
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("printed text (-want +got):\n%s", diff)
	}
}

func TestBuilderRefusesWhatIsMalformed(t *testing.T) {
	fp16 := mil.TensorType(dtype.Float16, 2)
	tests := map[string]struct {
		build func(b *mil.Builder)
		want  error
	}{
		"a nil operand": {func(b *mil.Builder) {
			b.Output("y", b.Op("relu", "y", fp16, mil.Args{"x": (*mil.Value)(nil)}))
		}, mil.ErrStructure},
		"an operand of another function": {func(b *mil.Builder) {
			other := mil.NewBuilder("other", "CoreML8").Input("x", dtype.Float16, 2)
			b.Output("y", b.Op("relu", "y", fp16, mil.Args{"x": other}))
		}, mil.ErrUndefined},
		"a constant with too few bytes": {func(b *mil.Builder) {
			b.Output("y", b.Const("c", dtype.Float16, []int{2}, []byte{0, 0, 0}))
		}, mil.ErrConst},
		"a number that its type cannot hold": {func(b *mil.Builder) {
			b.Output("y", b.IntTensor("c", dtype.UInt3, []int{1}, 8))
		}, mil.ErrConst},
		"two parameters of one name": {func(b *mil.Builder) {
			b.Input("x", dtype.Float16, 2)
			b.Input("x", dtype.Float16, 2)
		}, mil.ErrDuplicate},
		"two outputs of one name": {func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 2)
			b.Output("y", b.Op("relu", "", fp16, mil.Args{"x": x}))
			b.Output("y", b.Op("relu", "", fp16, mil.Args{"x": x}))
		}, mil.ErrDuplicate},
		"arithmetic on a state": {func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 2)
			b.Output("y", b.Op("relu", "y", fp16, mil.Args{"x": s}))
		}, mil.ErrType},
		"a state of open size": {func(b *mil.Builder) {
			b.State("s", dtype.Float16, mil.Unknown)
		}, mil.ErrType},
		"a write of another shape": {func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 2)
			b.Do("write_state", "", mil.Args{"input": s, "data": b.Input("x", dtype.Float16, 3)})
		}, mil.ErrType},
		"a write of another element type": {func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 2)
			b.Do("write_state", "", mil.Args{"input": s, "data": b.Input("x", dtype.Float32, 2)})
		}, mil.ErrType},
		"a value that its block does not let out": {func(b *mil.Builder) {
			var inner *mil.Value
			pred := b.Bool("pred", true)
			branch := func() *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value {
					inner = b.Op("relu", "", fp16, mil.Args{"x": b.Float16s("", []int{2}, 1, 2)})
					return []*mil.Value{inner}
				})
			}
			b.MultiOp("cond", "", []mil.Type{fp16}, mil.Args{"pred": pred}, branch(), branch())
			b.Output("y", b.Op("relu", "", fp16, mil.Args{"x": inner}))
		}, mil.ErrUndefined},
		"a loop whose body forgets a variable": {func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 2)
			cond := b.Block([]mil.Type{fp16}, func([]*mil.Value) []*mil.Value { return []*mil.Value{b.Bool("", true)} })
			body := b.Block([]mil.Type{fp16}, func([]*mil.Value) []*mil.Value { return nil })
			b.MultiOp("while_loop", "", []mil.Type{fp16}, mil.Args{"loop_vars": mil.Values{x}}, cond, body)
		}, mil.ErrStructure},
		"a compressed weight that is computed": {func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 2)
			b.Op("constexpr_cast", "", mil.TensorType(dtype.Float32, 2), mil.Args{"source_val": x})
		}, mil.ErrStructure},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML8")
			test.build(b)
			if _, err := b.Function(); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestPackedIntegersReadBack(t *testing.T) {
	for _, typ := range []dtype.Type{
		dtype.Int4, dtype.UInt1, dtype.UInt2, dtype.UInt3, dtype.UInt4, dtype.UInt6,
		dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16, dtype.Int32, dtype.UInt32, dtype.Int64,
	} {
		bits := min(typ.Bits(), 8)
		lo := 0
		if typ.IsSigned() {
			lo = -1 << (bits - 1)
		}
		want := ramp(1000, lo, 1<<bits-1)
		data, err := mil.PackInts(typ, want)
		if err != nil {
			t.Fatalf("%v: %v", typ, err)
		}
		got, err := (&mil.Const{DType: typ, Shape: []int{1000}, Data: data}).Ints()
		if err != nil {
			t.Fatalf("%v: %v", typ, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", typ, diff)
		}
	}
}
