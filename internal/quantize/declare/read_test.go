package declare_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
)

// forms are the kinds of chains that weights are declared by.
var forms = []string{
	"none", "int4:block=8", "uint4:block=4", "int8", "lut4:group=4", "lut2:uniform", "prune:0.5", "prune:2:4",
	"prune:0.5+int8", "prune:0.5+lut4", "lut4+int8", "prune:0.5+lut4+int8",
}

// encode compresses a matrix of a few values.
func encode(t testing.TB, text string) *quantize.Encoded {
	t.Helper()
	f, err := quantize.ParseForm(text)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, 8*16)
	for i := range values {
		values[i] = float32(i*37%101-50) / 32
	}
	e, err := quantize.EncodeTensor(t.Context(), f, quantize.Matrix([]int{8, 16}, values))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// program is a function that gives a weight and has an input, as every function must.
func program(t testing.TB, e *quantize.Encoded) *mil.Program {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", e.Type, 8, 16)
	w, err := declare.Weight(b, func(name string, typ dtype.Type, shape []int, data []byte) (*mil.Value, error) {
		return b.Const(name, typ, shape, bytes.Clone(data)), nil
	}, "w", e)
	if err != nil {
		t.Fatal(err)
	}
	b.Output("y", b.Op("add", "y", x.Type, mil.Args{"x": x, "y": w}))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What Weight declares Read finds again, and it stands for the same numbers.
func TestReadFindsWhatWeightDeclares(t *testing.T) {
	for _, form := range forms {
		t.Run(form, func(t *testing.T) {
			want := encode(t, form)
			p := program(t, want)
			ops := p.Function("main").Body.Ops
			got, err := declare.Read(ops[len(ops)-1].Input("y"))
			if err != nil {
				t.Fatal(err)
			}
			a, errA := want.Decode(t.Context(), 1)
			b, errB := got.Decode(t.Context(), 1)
			if err := errors.Join(errA, errB); err != nil || !slices.Equal(a, b) || got.Bytes() != want.Bytes() {
				t.Errorf("%d bytes for %v, want %d for %v, error %v", got.Bytes(), b, want.Bytes(), a, err)
			}
		})
	}
}

// A chain that no form has is refused, and the operator or operand named.
func TestReadRefusesWhatNoFormHas(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float16, 2, 2)
	if _, err := declare.Read(x); !errors.Is(err, declare.ErrChain) {
		t.Errorf("an input gives %v", err)
	}
	sum := b.Op("add", "", x.Type, mil.Args{"x": x, "y": x})
	if _, err := declare.Read(sum); !errors.Is(err, declare.ErrChain) {
		t.Errorf("a sum gives %v", err)
	}
	codes := b.IntTensor("", dtype.Int8, []int{2, 2}, 1, 2, 3, 4)
	typ := mil.TensorType(dtype.Float16, 2, 2)
	for name, args := range map[string]mil.Args{
		"no scale":                   {"data": codes},
		"a scale that is computed":   {"data": codes, "scale": x},
		"scales that divide nothing": {"data": codes, "scale": b.Float16s("", []int{3, 1}, 1, 1, 1)},
		"scales of another rank":     {"data": codes, "scale": b.Float16s("", []int{2}, 1, 1)},
		"offsets of another shape":   {"data": codes, "scale": b.Float16s("", []int{2, 1}, 1, 1), "offset": b.IntTensor("", dtype.Int8, []int{1, 1}, 1)},
		"codes of another shape":     {"data": b.IntTensor("", dtype.Int8, []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8), "scale": b.Float16s("", []int{1, 1}, 1)},
		"codes that are numbers":     {"data": b.Float16s("", []int{2, 2}, 1, 2, 3, 4), "scale": b.Float16s("", []int{1, 1}, 1)},
	} {
		if e, err := declare.Read(b.Op("constexpr_blockwise_shift_scale", "", typ, args)); !errors.Is(err, declare.ErrChain) {
			t.Errorf("%s: %+v, error %v", name, e, err)
		}
	}
}

// Whatever a program says its weights are made of, they are read or refused; what is read
// can be decoded, and has as many numbers as its shape.
func FuzzRead(f *testing.F) {
	for _, form := range forms {
		var text bytes.Buffer
		if err := mil.WriteText(&text, program(f, encode(f, form))); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	f.Add([]byte(`program(1.0){func main<ios16>(tensor<fp16, [2]> x){
		tensor<fp16, [2]> w = constexpr_affine_dequantize()[axis = int32(0), name = string("w"), quantized_data = tensor<int8, [2]>([1, 2]), scale = fp16(0x1p-1), zero_point = int8(1)];
		tensor<fp16, [2]> y = add(x = x, y = w)[name = string("y")];
	} -> (y);}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := mil.FromText(t.Context(), data, nil)
		if err != nil {
			return
		}
		for _, fn := range p.Functions {
			for _, op := range fn.Body.Ops {
				for _, v := range op.Outputs {
					e, err := declare.Read(v)
					if err != nil {
						if !errors.Is(err, declare.ErrChain) {
							t.Fatalf("error of no kind: %v", err)
						}
						continue
					}
					n, _ := dtype.Count(e.Shape)
					if n > 1<<20 {
						continue
					}
					values, err := e.Decode(t.Context(), 1)
					if err != nil || len(values) != n {
						t.Fatalf("%d numbers for shape %v: %v", len(values), e.Shape, err)
					}
				}
			}
		}
	})
}
