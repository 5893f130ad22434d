package tensor_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// program reads an operation's arguments from fuzzed bytes; behind their end
// lie zeros.
type program struct{ rest []byte }

func (p *program) next() int {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return int(int8(b))
}

func (p *program) ints(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = p.next()
	}
	return out
}

func (p *program) dtype() tensor.DType { return allTypes[int(uint8(p.next()))%len(allTypes)] }

// count returns a number from 0 to n-1.
func (p *program) count(n int) int { return int(uint8(p.next())) % n }

func (p *program) ranges() []tensor.Range {
	out := make([]tensor.Range, p.count(5))
	for i := range out {
		out[i] = []tensor.Range{
			tensor.All(), tensor.At(p.next()), tensor.Span(p.next(), p.next()), tensor.From(p.next()),
			tensor.Until(p.next()), tensor.NewAxis(), tensor.Rest(),
		}[p.count(7)]
		if p.count(2) == 1 {
			out[i] = out[i].By(p.next())
		}
	}
	return out
}

func (p *program) pads() []tensor.PadSize {
	out := make([]tensor.PadSize, p.count(4))
	for i := range out {
		out[i] = tensor.PadSize{Before: p.next() % 9, After: p.next() % 9}
	}
	return out
}

// first returns the first of some parts, or a tensor that carries their error.
func first(parts []*tensor.Tensor, err error) *tensor.Tensor {
	if err != nil || len(parts) == 0 {
		return nil
	}
	return parts[0]
}

// operations is every operation on one or two tensors and some numbers. Each
// reads the same bytes of a program, whatever the layout of its tensors is.
var operations = []func(p *program, x, y *tensor.Tensor) *tensor.Tensor{
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Reshape(p.ints(p.count(5))...) },
	func(_ *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Flatten() },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Transpose(p.ints(p.count(5))...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.SwapAxes(p.next(), p.next()) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Squeeze(p.ints(p.count(3))...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.ExpandDims(p.ints(p.count(3))...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Broadcast(p.ints(p.count(5))...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Reverse(p.ints(p.count(3))...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Slice(p.ranges()...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.To(p.dtype()) },
	func(p *program, x, y *tensor.Tensor) *tensor.Tensor { return tensor.Concat(p.next(), x, y) },
	func(p *program, x, y *tensor.Tensor) *tensor.Tensor { return tensor.Stack(p.next(), x, y) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor {
		m := p.ints(p.count(4))
		for i := range m {
			m[i] %= 5 // results stay small
		}
		return x.Tile(m...)
	},
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Pad(float64(p.next()), p.pads()...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.PadReflect(p.pads()...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.PadSymmetric(p.pads()...) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor {
		return first(x.Split(p.next(), p.ints(p.count(4))...))
	},
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return first(x.SplitEven(p.next(), p.next())) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return first(x.Unstack(p.next())) },
	func(p *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Gather(y, p.next()) },
	func(p *program, x, y *tensor.Tensor) *tensor.Tensor { return x.GatherAlong(y, p.next()) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.GatherND(y) },
	func(p *program, x, y *tensor.Tensor) *tensor.Tensor {
		return x.ReplaceAlong(y, x.Scalar(float64(p.next())), p.next())
	},
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Replace(x.Scalar(1), y.To(tensor.Bool)) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor {
		return x.Clamp(float64(p.next()), float64(p.next()))
	},
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.BandPart(p.next(), p.next()) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor {
		f := []func(*tensor.Tensor, []int, bool) *tensor.Tensor{
			(*tensor.Tensor).Sum, (*tensor.Tensor).Mean, (*tensor.Tensor).Product, (*tensor.Tensor).Min,
			(*tensor.Tensor).Max, (*tensor.Tensor).All, (*tensor.Tensor).Any,
		}
		return f[p.count(len(f))](x, p.ints(p.count(3)), p.count(2) == 1)
	},
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor {
		f := []func(*tensor.Tensor, int) *tensor.Tensor{
			(*tensor.Tensor).ArgMax, (*tensor.Tensor).ArgMin, (*tensor.Tensor).CumulativeSum,
			(*tensor.Tensor).CumulativeProduct, (*tensor.Tensor).Softmax, (*tensor.Tensor).LogSoftmax,
		}
		return f[p.count(len(f))](x, p.next())
	},
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.ArgSort(p.next(), p.count(2) == 1) },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { v, _ := x.TopK(p.next(), p.next()); return v },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { _, i := x.TopK(p.next(), p.next()); return i },
	func(p *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Sample(uint64(p.next())) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Add(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Div(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Mod(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Pow(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Maximum(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.LessEqual(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.Xor(y) },
	func(_ *program, x, y *tensor.Tensor) *tensor.Tensor { return x.MatMul(y) },
	func(_ *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Not() },
	func(_ *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Abs() },
	func(_ *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Gelu() },
	func(_ *program, x, _ *tensor.Tensor) *tensor.Tensor { return x.Round() },
}

// FuzzOperations runs chains of operations with arbitrary arguments. None may
// panic, and a view must give the same result as a copy of it.
func FuzzOperations(f *testing.F) {
	f.Add([]byte{2, 2, 3, 4, 5, 0, 9, 1, 1, 8, 27, 4, 1, 26, 0, 1, 1, 0})
	f.Add([]byte{3, 3, 2, 3, 4, 7, 2, 3, 2, 0, 1, 3, 4, 9, 1, 0, 39, 11, 1})
	f.Add([]byte{1, 2, 6, 6, 1, 19, 0, 20, 1, 22, 1, 13, 1, 3, 1, 1, 2, 2, 28, 1, 1})
	for i := range operations {
		f.Add([]byte{byte(i), 2, 3, 4, 6, byte(i), 1, 0, 1, byte(i), 1, 1, 0, 0, 1, byte(i + 1), 1})
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		p := &program{code}
		shape := p.ints(p.count(4))
		for i := range shape {
			shape[i] = min(shape[i], 6)
		}
		x := tensor.RandomUniform(tensor.Float64, -3, 4, 1, shape...).To(p.dtype())
		y := x.To(p.dtype())
		for len(p.rest) > 0 && x.Err() == nil && x.Len() < 1<<14 {
			op := operations[p.count(len(operations))]
			again := &program{p.rest}
			got, copied := op(p, x, y), op(again, x.Clone(), y.Clone())
			sameTensor(t, got, copied)
			x, y = got, x
			if p.count(3) == 0 {
				y = y.To(x.DType())
			}
		}
		if x.Err() != nil && x.Err().Error() == "" {
			t.Error("an error without text")
		}
	})
}

// sameTensor checks that two tensors have the same shape and bits, or errors of
// the same kind.
func sameTensor(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	if (got.Err() == nil) != (want.Err() == nil) {
		t.Fatalf("got %v, a copy gives %v", got, want)
	}
	if got.Err() != nil {
		for _, kind := range []error{tensor.ErrShape, tensor.ErrDType, tensor.ErrIndex, tensor.ErrValue, tensor.ErrInvalid} {
			if errors.Is(got.Err(), kind) != errors.Is(want.Err(), kind) {
				t.Fatalf("got %v, a copy gives %v", got, want)
			}
		}
		return
	}
	if got.Len() > 1<<20 { // a broadcast view; reading it all takes too long
		return
	}
	a, err := got.Clone().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Clone().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	for _, d := range got.Shape() {
		n *= d
	}
	if got.DType() != want.DType() || n != got.Len() || len(a) != n*got.DType().Size() || !bytes.Equal(a, b) {
		t.Fatalf("got %v, a copy gives %v", got, want)
	}
	if got.String() != want.String() {
		t.Fatalf("got %v, a copy prints %v", got, want)
	}
}
