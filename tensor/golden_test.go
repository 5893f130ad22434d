package tensor_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// goldenTensor is a tensor of testdata/numpy.json.
type goldenTensor struct {
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  string `json:"data"`
}

type goldenCase struct {
	Op   string         `json:"op"`
	Args []float64      `json:"args"`
	Ulps float64        `json:"ulps"`
	In   []goldenTensor `json:"in"`
	Out  []goldenTensor `json:"out"`
}

// numpyTypes is the order in which testdata/gen/numpy_golden.py numbers types.
var numpyTypes = []tensor.DType{
	tensor.Bool, tensor.Float16, tensor.Float32, tensor.Float64, tensor.Int8,
	tensor.UInt8, tensor.Int16, tensor.UInt16, tensor.Int32, tensor.Int64,
}

func (g goldenTensor) load(t *testing.T) *tensor.Tensor {
	t.Helper()
	raw, err := hex.DecodeString(g.Data)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(numpyTypes, func(d tensor.DType) bool { return d.String() == g.DType })
	if i < 0 {
		t.Fatalf("unknown type %q", g.DType)
	}
	// A fresh tensor is aligned for every type; decoded bytes may not be.
	out := tensor.New(numpyTypes[i], g.Shape...)
	memory, err := out.Bytes()
	if err != nil || len(memory) != len(raw) {
		t.Fatalf("%d bytes for %v: %v", len(raw), out, err)
	}
	copy(memory, raw)
	return out
}

// disguise returns a tensor with the same elements in another memory layout:
// transposed, backwards, and in the middle of a larger one.
func disguise(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() == 0 || x.Len() == 0 {
		return x
	}
	around := slices.Repeat([]tensor.PadSize{{Before: 1, After: 2}}, x.Rank())
	inside := make([]tensor.Range, x.Rank())
	for i := range inside {
		inside[i] = tensor.Span(1, -2)
	}
	return x.Reverse(0).Transpose().Pad(5, around...).Slice(inside...).Transpose().Reverse(0)
}

func TestOperationsAgreeWithNumPy(t *testing.T) {
	text, err := os.ReadFile("testdata/numpy.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for i, c := range cases {
		used[c.Op] = true
		t.Run(fmt.Sprintf("%d %s %s", i, c.Op, c.In[0].DType), func(t *testing.T) {
			var in []*tensor.Tensor
			for _, g := range c.In {
				in = append(in, g.load(t))
			}
			checkGolden(t, c, in)
			for j, x := range in {
				in[j] = disguise(x)
				if in[j].Len() > 1 && in[j].IsContiguous() {
					t.Fatalf("the disguise of %v is contiguous", x)
				}
			}
			checkGolden(t, c, in)
		})
	}
	if len(used) < 70 {
		t.Errorf("the goldens have %d operations", len(used))
	}
}

func checkGolden(t *testing.T, c goldenCase, in []*tensor.Tensor) {
	t.Helper()
	got := apply(t, c, in)
	if len(got) != len(c.Out) {
		t.Fatalf("got %d results, want %d", len(got), len(c.Out))
	}
	for i, g := range c.Out {
		want := g.load(t)
		if err := got[i].Err(); err != nil {
			t.Fatalf("%v of %v %v: %v", c.Op, in, c.Args, err)
		}
		if got[i].DType() != want.DType() || !slices.Equal(got[i].Shape(), want.Shape()) {
			t.Fatalf("%v of %v %v:\n got %v\nwant %v", c.Op, in, c.Args, got[i], want)
		}
		if at := differ(t, got[i], want, c.Ulps); at >= 0 {
			t.Fatalf("%v of %v %v: element %d:\n got %v\nwant %v", c.Op, in, c.Args, at, got[i], want)
		}
	}
}

// differ returns the first element in which two tensors differ by more than
// ulps units in the last place, or -1.
func differ(t *testing.T, got, want *tensor.Tensor, ulps float64) int {
	t.Helper()
	if want.DType().IsFloat() {
		unit := map[tensor.DType]float64{tensor.Float16: 0x1p-10, tensor.Float32: 0x1p-23, tensor.Float64: 0x1p-52}[want.DType()]
		tiny := map[tensor.DType]float64{tensor.Float16: 0x1p-24, tensor.Float32: 0x1p-149, tensor.Float64: 0x1p-1074}[want.DType()]
		a, b := values[float64](t, got), values[float64](t, want)
		for i := range a {
			same := a[i] == b[i] || a[i] != a[i] && b[i] != b[i]
			if !same && !(math.Abs(a[i]-b[i]) <= ulps*max(math.Abs(b[i])*unit, tiny)) {
				return i
			}
		}
		return -1
	}
	a, b := values[int64](t, got), values[int64](t, want)
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func values[T tensor.Element](t *testing.T, x *tensor.Tensor) []T {
	t.Helper()
	v, err := tensor.Values[T](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var binaryOps = map[string]func(a, b *tensor.Tensor) *tensor.Tensor{
	"add": (*tensor.Tensor).Add, "sub": (*tensor.Tensor).Sub, "mul": (*tensor.Tensor).Mul,
	"div": (*tensor.Tensor).Div, "mod": (*tensor.Tensor).Mod, "pow": (*tensor.Tensor).Pow,
	"minimum": (*tensor.Tensor).Minimum, "maximum": (*tensor.Tensor).Maximum,
	"equal": (*tensor.Tensor).Equal, "notequal": (*tensor.Tensor).NotEqual,
	"less": (*tensor.Tensor).Less, "lessequal": (*tensor.Tensor).LessEqual,
	"greater": (*tensor.Tensor).Greater, "greaterequal": (*tensor.Tensor).GreaterEqual,
	"and": (*tensor.Tensor).And, "or": (*tensor.Tensor).Or, "xor": (*tensor.Tensor).Xor,
	"matmul": (*tensor.Tensor).MatMul, "gathernd": (*tensor.Tensor).GatherND,
}

var unaryOps = map[string]func(*tensor.Tensor) *tensor.Tensor{
	"not": (*tensor.Tensor).Not, "abs": (*tensor.Tensor).Abs, "neg": (*tensor.Tensor).Neg,
	"sign": (*tensor.Tensor).Sign, "floor": (*tensor.Tensor).Floor, "ceil": (*tensor.Tensor).Ceil,
	"round": (*tensor.Tensor).Round, "square": (*tensor.Tensor).Square, "relu": (*tensor.Tensor).Relu,
	"exp": (*tensor.Tensor).Exp, "exp2": (*tensor.Tensor).Exp2, "log": (*tensor.Tensor).Log,
	"sqrt": (*tensor.Tensor).Sqrt, "rsqrt": (*tensor.Tensor).Rsqrt,
	"reciprocal": (*tensor.Tensor).Reciprocal, "sin": (*tensor.Tensor).Sin,
	"cos": (*tensor.Tensor).Cos, "tan": (*tensor.Tensor).Tan, "asin": (*tensor.Tensor).Asin,
	"acos": (*tensor.Tensor).Acos, "atan": (*tensor.Tensor).Atan, "sinh": (*tensor.Tensor).Sinh,
	"cosh": (*tensor.Tensor).Cosh, "tanh": (*tensor.Tensor).Tanh, "asinh": (*tensor.Tensor).Asinh,
	"acosh": (*tensor.Tensor).Acosh, "atanh": (*tensor.Tensor).Atanh, "erf": (*tensor.Tensor).Erf,
	"sigmoid": (*tensor.Tensor).Sigmoid, "silu": (*tensor.Tensor).Silu,
	"softplus": (*tensor.Tensor).Softplus, "gelu": (*tensor.Tensor).Gelu,
	"gelutanh": (*tensor.Tensor).GeluTanh,
}

var reduceOps = map[string]func(*tensor.Tensor, []int, bool) *tensor.Tensor{
	"sum": (*tensor.Tensor).Sum, "mean": (*tensor.Tensor).Mean, "product": (*tensor.Tensor).Product,
	"min": (*tensor.Tensor).Min, "max": (*tensor.Tensor).Max, "all": (*tensor.Tensor).All,
	"any": (*tensor.Tensor).Any,
}

var axisOps = map[string]func(*tensor.Tensor, int) *tensor.Tensor{
	"argmax": (*tensor.Tensor).ArgMax, "argmin": (*tensor.Tensor).ArgMin,
	"cumsum": (*tensor.Tensor).CumulativeSum, "cumprod": (*tensor.Tensor).CumulativeProduct,
	"softmax": (*tensor.Tensor).Softmax, "logsoftmax": (*tensor.Tensor).LogSoftmax,
}

func one(x *tensor.Tensor) []*tensor.Tensor { return []*tensor.Tensor{x} }

// apply runs the operation of a golden case.
func apply(t *testing.T, c goldenCase, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	args := make([]int, len(c.Args))
	for i, a := range c.Args {
		args[i] = int(a)
	}
	if f := binaryOps[c.Op]; f != nil {
		return one(f(in[0], in[1]))
	}
	if f := unaryOps[c.Op]; f != nil {
		return one(f(in[0]))
	}
	if f := reduceOps[c.Op]; f != nil {
		return one(f(in[0], args[1:], args[0] != 0))
	}
	if f := axisOps[c.Op]; f != nil {
		return one(f(in[0], args[0]))
	}
	x := in[0]
	switch c.Op {
	case "argsort":
		return one(x.ArgSort(args[0], args[1] != 0))
	case "topk":
		v, i := x.TopK(args[0], args[1])
		return []*tensor.Tensor{v, i}
	case "gather":
		return one(x.Gather(in[1], args[0]))
	case "gatheralong":
		return one(x.GatherAlong(in[1], args[0]))
	case "replacealong":
		return one(x.ReplaceAlong(in[1], in[2], args[0]))
	case "where":
		return one(tensor.Where(in[0], in[1], in[2]))
	case "concat":
		return one(tensor.Concat(args[0], in...))
	case "stack":
		return one(tensor.Stack(args[0], in...))
	case "tile":
		return one(x.Tile(args...))
	case "pad":
		return one(x.Pad(c.Args[0], pads(args[1:])...))
	case "padreflect":
		return one(x.PadReflect(pads(args)...))
	case "padsymmetric":
		return one(x.PadSymmetric(pads(args)...))
	case "reverse":
		return one(x.Reverse(args...))
	case "bandpart":
		return one(x.BandPart(args[0], args[1]))
	case "clamp":
		return one(x.Clamp(c.Args[0], c.Args[1]))
	case "transpose":
		return one(x.Transpose(args...))
	case "squeeze":
		return one(x.Squeeze(args...))
	case "expanddims":
		return one(x.ExpandDims(args...))
	case "broadcast":
		return one(x.Broadcast(args...))
	case "to":
		return one(x.To(numpyTypes[args[0]]))
	}
	t.Fatalf("unknown operation %q", c.Op)
	return nil
}

func pads(flat []int) []tensor.PadSize {
	var sizes []tensor.PadSize
	for i := 0; i < len(flat); i += 2 {
		sizes = append(sizes, tensor.PadSize{Before: flat[i], After: flat[i+1]})
	}
	return sizes
}
