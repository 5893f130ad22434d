package graft

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// editor changes a function.
type editor struct {
	*Config
	fn    *mil.Function
	names map[string]bool
	// before and after are the operations that come before and behind one of the
	// function's own.
	before, after map[*mil.Op][]*mil.Op
	zeros         map[int]*mil.Value // biases of zeros by length, which all may share
	biased        map[*mil.Op]bool   // operations that have got another bias
}

// insert puts the new operations into the body.
func (e *editor) insert() {
	var ops []*mil.Op
	for _, o := range e.fn.Body.Ops {
		ops = append(ops, e.before[o]...)
		ops = append(ops, o)
		ops = append(ops, e.after[o]...)
	}
	e.fn.Body.Ops = ops
}

// unique returns a name that nothing has yet.
func (e *editor) unique(name string) string {
	for n, next := 0, name; ; n++ {
		if !e.names[next] {
			e.names[next] = true
			return next
		}
		next = fmt.Sprintf("%s_%d", name, n)
	}
}

// add puts the products of a site's factors behind it. The value that the rest of the
// program reads becomes the sum; what the operation itself gives gets a new name.
func (e *editor) add(s *site, factors []factor) error {
	y := s.op.Outputs[0]
	if y.Type.Kind != mil.Tensor || !y.Type.DType.IsFloat() || y.Type.Variadic || len(y.Type.Shape) == 0 {
		return fmt.Errorf("operation %s gives a %v, to which nothing can be added", show(y.Name), y.Type)
	}
	a, b, err := e.combine(s, factors)
	if err != nil {
		return err
	}
	sum := &mil.Op{Type: "add", Name: y.Name, Outputs: []*mil.Value{y}, Opset: s.op.Opset}
	base := &mil.Value{Name: e.unique(y.Name + "_base"), Type: y.Type, Producer: s.op}
	inner := y.Type.DType
	if !e.Stored {
		inner = dtype.Float32
		base.Type.DType = inner
	}
	s.op.Name, s.op.Outputs = base.Name, []*mil.Value{base}
	rank := len(a) / s.in
	kind := s.kind
	if kind == columns || kind == rows {
		kind = linear
	}
	low, err := e.product(&site{op: s.op, kind: kind}, s.op, y, a, rank, s.in, y.Name+"_lora_a", inner)
	if err != nil {
		return err
	}
	// By its columns: of a product by rows of a few numbers most of the time goes into
	// their ends.
	kind = columns
	switch {
	case s.kind == conv:
		kind = conv
	case e.Stored:
		kind = linear
	}
	high, err := e.product(&site{op: s.op, kind: kind}, &mil.Op{Inputs: []mil.Argument{{Name: "x", Values: []*mil.Value{low}}}}, y, b, s.out, rank, y.Name+"_lora_b", inner)
	if err != nil {
		return err
	}
	sum.Inputs = []mil.Argument{{Name: "x", Values: []*mil.Value{base}}, {Name: "y", Values: []*mil.Value{high}}}
	y.Producer = sum
	e.after[s.op] = append(e.after[s.op], sum)
	return nil
}

// combine makes one A and one B of all factors of a site: the ranks add up. The rows of
// B that a factor has nothing for are zero.
func (e *editor) combine(s *site, factors []factor) (a, b []float32, err error) {
	rank := 0
	for _, f := range factors {
		rank += f.module.Rank
	}
	a, b = make([]float32, rank*s.in), make([]float32, s.out*rank)
	at := 0
	for _, f := range factors {
		m := f.module
		fa, fb, err := f.use.Adapter.Factors(m)
		if err != nil {
			return nil, nil, err
		}
		copy(a[at*s.in:], fa)
		scale := m.Scale * f.use.Scale
		for r := range f.n {
			row := b[(f.at+r)*rank+at:][:m.Rank]
			for k, v := range fb[f.rows.at(r)*m.Rank:][:m.Rank] {
				row[k] = float32(float64(v) * scale)
			}
		}
		at += m.Rank
	}
	for _, v := range a {
		if v != v || math.IsInf(float64(v), 0) {
			return nil, nil, fmt.Errorf("adapter %s has a number that is not finite, for %s", show(factors[0].use.Adapter.Name), show(factors[0].module.Name))
		}
	}
	for _, v := range b {
		if v != v || math.IsInf(float64(v), 0) {
			return nil, nil, fmt.Errorf("adapter %s has a number that is not finite, for %s", show(factors[0].use.Adapter.Name), show(factors[0].module.Name))
		}
	}
	return a, b, nil
}

// product adds the multiplication of an operation's x by a matrix [n, k] behind the site
// and returns its result, which is of y's shape but for the size of what is multiplied.
func (e *editor) product(s *site, of *mil.Op, y *mil.Value, w []float32, n, k int, name string, t dtype.Type) (*mil.Value, error) {
	typ := y.Type
	typ.DType, typ.Shape = t, slices.Clone(typ.Shape)
	axis := len(typ.Shape) - 1
	if s.kind == conv {
		axis = 1
	}
	if axis >= len(typ.Shape) {
		return nil, fmt.Errorf("operation %s gives a %v, to which nothing can be added", show(y.Name), y.Type)
	}
	typ.Shape[axis] = n
	op := &mil.Op{Type: "linear", Opset: s.op.Opset, Name: e.unique(name)}
	shape := []int{n, k}
	switch s.kind {
	case conv:
		op.Type, op.Inputs = "conv", slices.Clone(s.op.Inputs)
		shape = append(shape, s.trailing()...)
	case columns:
		op.Type, shape, w = "matmul", []int{k, n}, transpose(w, n, k)
	case lookup: // rows of A's transpose
		op.Type, op.Inputs = "gather", slices.Clone(s.op.Inputs)
		shape, w = []int{k, n}, transpose(w, n, k)
	}
	weight, err := e.constant(name+"_weight", w, shape, y.Type.DType)
	if err != nil {
		return nil, err
	}
	switch s.kind {
	case conv:
		set(op, "x", of.Input("x"))
		set(op, "weight", weight)
		op.Inputs = slices.DeleteFunc(op.Inputs, func(a mil.Argument) bool { return a.Name == "bias" })
	case lookup:
		set(op, "x", weight)
	case columns:
		set(op, "x", of.Input("x"))
		set(op, "y", weight)
	default:
		set(op, "x", of.Input("x"))
		set(op, "weight", weight)
		if e.Stored {
			set(op, "bias", e.zero(n, y.Type.DType))
		}
	}
	v := &mil.Value{Name: op.Name, Type: typ, Producer: op}
	op.Outputs = []*mil.Value{v}
	// The constants come before the site, which may be what a reader looks at first.
	e.before[s.op] = append(e.before[s.op], weight.Producer)
	e.after[s.op] = append(e.after[s.op], op)
	return v, nil
}

// trailing returns the dimensions of a convolution's weight behind the first two.
func (s *site) trailing() []int { return s.op.Input("weight").Type.Shape[2:] }

// set binds an operand to one value. Operands are in the order of their names.
func set(o *mil.Op, name string, v *mil.Value) {
	for i := range o.Inputs {
		if o.Inputs[i].Name == name {
			o.Inputs[i].Values = []*mil.Value{v}
			return
		}
	}
	o.Inputs = append(o.Inputs, mil.Argument{Name: name, Values: []*mil.Value{v}})
	slices.SortFunc(o.Inputs, func(a, b mil.Argument) int { return cmp.Compare(a.Name, b.Name) })
}

// zero returns a bias of zeros.
func (e *editor) zero(n int, t dtype.Type) *mil.Value {
	if v := e.zeros[n]; v != nil && v.Type.DType == t {
		return v
	}
	v, err := e.constant(fmt.Sprintf("lora_zeros_%d", n), make([]float32, n), []int{n}, t)
	if err != nil {
		return nil
	}
	e.zeros[n] = v
	first := e.fn.Body.Ops[0]
	e.before[first] = append(e.before[first], v.Producer)
	return v
}

// errOverflow is of a weight that halves cannot hold.
var errOverflow = errors.New("has numbers beyond 65504, which float16 cannot hold")

// constant makes a constant of numbers in the program's type, t. Unless it is to be
// stored, float32 takes the place of halves where these would lose what counts.
func (e *editor) constant(name string, w []float32, shape []int, t dtype.Type) (*mil.Value, error) {
	if t != dtype.Float16 && t != dtype.Float32 {
		return nil, fmt.Errorf("%s: the program computes in %v, and adapters in fp16 or fp32", show(name), t)
	}
	if t == dtype.Float16 {
		switch whole, precise := halves(w); {
		case e.Stored && !whole:
			return nil, fmt.Errorf("%s %w", show(name), errOverflow)
		case !e.Stored && !precise:
			t = dtype.Float32
		}
	}
	data, err := mil.PackFloats(t, w)
	if err != nil {
		return nil, err
	}
	op := &mil.Op{Type: "const", Name: e.unique(name)}
	v := &mil.Value{Name: op.Name, Type: mil.TensorType(t, shape...), Producer: op, Const: &mil.Const{DType: t, Shape: shape, Data: data}}
	op.Outputs = []*mil.Value{v}
	return v, nil
}

// halves reports whether float16 holds all numbers, and whether with the precision that
// it has for numbers about one: numbers near its smallest have less.
func halves(w []float32) (whole, precise bool) {
	var lost, all float64
	for _, x := range w {
		h := dtype.Float16ToFloat32(dtype.Float32ToFloat16(x))
		if math.IsInf(float64(h), 0) {
			return false, false
		}
		d := float64(h) - float64(x)
		lost, all = lost+d*d, all+float64(x)*float64(x)
	}
	return true, lost <= all*0x1p-20
}

// transpose returns [n, k] as [k, n].
func transpose(w []float32, n, k int) []float32 {
	out := make([]float32, len(w))
	for i := range n {
		for j := range k {
			out[j*n+i] = w[i*k+j]
		}
	}
	return out
}
