package portable_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/gocoreml/coreml/internal/milpb"
)

// liar changes a decoded model so that it still is a model, but not a true one.
type liar struct {
	*rand.Rand
	m     *milpb.Model
	ops   []*milpb.Operation
	types []*milpb.TensorType
	vals  []*milpb.Value
	feats []*milpb.FeatureDescription
	lies  []string // for the messages of tests
}

func newLiar(r *rand.Rand, m *milpb.Model) *liar {
	l := &liar{Rand: r, m: m}
	described := func(lists ...[]milpb.FeatureDescription) {
		for _, list := range lists {
			for k := range list {
				l.feats = append(l.feats, &list[k])
			}
		}
	}
	d := m.Description
	described(d.Input, d.Output, d.State)
	for k := range d.Functions {
		described(d.Functions[k].Input, d.Functions[k].Output, d.Functions[k].State)
	}
	var block func(b *milpb.Block)
	named := func(list []milpb.NamedValueType) {
		for k := range list {
			l.typ(list[k].Type)
		}
	}
	block = func(b *milpb.Block) {
		named(b.Inputs)
		for k := range b.Operations {
			op := &b.Operations[k]
			l.ops = append(l.ops, op)
			named(op.Outputs)
			for j := range op.Attributes {
				l.value(op.Attributes[j].Value)
			}
			for j := range op.Inputs {
				if a := op.Inputs[j].Argument; a != nil {
					for i := range a.Bindings {
						l.value(a.Bindings[i].Value)
					}
				}
			}
			for j := range op.Blocks {
				block(&op.Blocks[j])
			}
		}
	}
	for k := range m.Program.Functions {
		f := m.Program.Functions[k].Function
		named(f.Inputs)
		for j := range f.Blocks {
			block(f.Blocks[j].Block)
		}
	}
	return l
}

func (l *liar) typ(t *milpb.ValueType) {
	switch {
	case t == nil:
	case t.State != nil:
		l.typ(t.State.Wrapped)
	case t.Tensor != nil:
		l.types = append(l.types, t.Tensor)
	}
}

func (l *liar) value(v *milpb.Value) {
	if v == nil {
		return
	}
	l.vals = append(l.vals, v)
	l.typ(v.Type)
}

func (l *liar) say(format string, args ...any) {
	l.lies = append(l.lies, fmt.Sprintf(format, args...))
}

var sizes = []uint64{0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 255, 1 << 16, 1 << 31, 1 << 40, 1<<63 - 1, ^uint64(0)}

var elementTypes = []milpb.DataType{
	milpb.Bool, milpb.Float16, milpb.Float32, milpb.Float64, milpb.BFloat16, milpb.Int8, milpb.Int16, milpb.Int32, milpb.Int64,
	milpb.Int4, milpb.UInt8, milpb.UInt16, milpb.UInt32, milpb.UInt64, milpb.UInt4, milpb.UInt2, milpb.UInt1, milpb.UInt6, milpb.UInt3, milpb.String,
}

func (l *liar) lie() {
	switch l.IntN(10) {
	case 0:
		l.dimension()
	case 1:
		t := l.types[l.IntN(len(l.types))]
		t.DataType = elementTypes[l.IntN(len(elementTypes))]
		l.say("type %d", t.DataType)
	case 2, 3, 4:
		l.number()
	case 5:
		l.operand()
	case 6:
		l.constant()
	case 7:
		l.offset()
	case 8:
		l.operation()
	case 9:
		l.feature()
	}
}

// feature describes an input, an output or a state in other terms than the
// program.
func (l *liar) feature() {
	f := l.feats[l.IntN(len(l.feats))]
	if f.Type == nil || f.Type.Array == nil {
		return
	}
	a := f.Type.Array
	switch l.IntN(6) {
	case 0, 1:
		a.Shape = append([]int64(nil), a.Shape...)
		if len(a.Shape) == 0 || l.IntN(4) == 0 {
			a.Shape = append(a.Shape, 2)
		} else {
			a.Shape[l.IntN(len(a.Shape))] = int64(sizes[l.IntN(len(sizes))])
		}
		l.say("%s described as %v", f.Name, a.Shape)
	case 2:
		a.DataType = []milpb.ArrayDataType{milpb.ArrayFloat16, milpb.ArrayFloat32, milpb.ArrayDouble, milpb.ArrayInt32, milpb.ArrayInt8, 7}[l.IntN(6)]
		l.say("%s described as type %d", f.Name, a.DataType)
	case 3:
		f.Type.Optional, a.Default = true, []float64{0, -1, 1e300, 65504}[l.IntN(4)]
		l.say("%s described as optional", f.Name)
	case 4:
		f.Name = l.feats[l.IntN(len(l.feats))].Name
		l.say("another described as %s", f.Name)
	case 5:
		f.Type.Kind = []milpb.FeatureKind{milpb.Int64Feature, milpb.ImageFeature, milpb.StateFeature, milpb.StringFeature}[l.IntN(4)]
		l.say("%s described as kind %d", f.Name, f.Type.Kind)
	}
}

func (l *liar) dimension() {
	t := l.types[l.IntN(len(l.types))]
	if len(t.Dimensions) == 0 || l.IntN(6) == 0 {
		t.Dimensions = append(t.Dimensions, milpb.Dimension{Kind: milpb.ConstantDimension, Size: 1})
		t.Rank = int64(len(t.Dimensions))
		l.say("rank %d", t.Rank)
		return
	}
	d := &t.Dimensions[l.IntN(len(t.Dimensions))]
	d.Kind, d.Size = milpb.ConstantDimension, sizes[l.IntN(len(sizes))]
	if l.IntN(5) == 0 {
		d.Kind = milpb.UnknownDimension
	}
	l.say("dimension %d %d", d.Kind, d.Size)
}

// number rewrites one element of a constant in the program: a permutation, an
// axis, a begin or an end, a number of groups.
func (l *liar) number() {
	for range 50 {
		v := l.vals[l.IntN(len(l.vals))]
		if v.Immediate == nil || v.Immediate.Tensor == nil || len(v.Immediate.Tensor.Data) == 0 {
			continue
		}
		t := v.Immediate.Tensor
		t.Data = bytes.Clone(t.Data)
		if t.Field == milpb.Ints && len(t.Data) >= 4 {
			odd := []int32{0, 1, -1, 2, -2, 3, 4, 5, 7, 8, 100, 1 << 20, 1<<31 - 1, -1 << 31}
			x := odd[l.IntN(len(odd))]
			binary.LittleEndian.PutUint32(t.Data[4*l.IntN(len(t.Data)/4):], uint32(x))
			l.say("number %d", x)
			return
		}
		at := l.IntN(len(t.Data))
		t.Data[at] ^= 1
		l.say("a bit of field %d", t.Field)
		return
	}
}

// operand takes another value's name, or none.
func (l *liar) operand() {
	op := l.ops[l.IntN(len(l.ops))]
	if len(op.Inputs) == 0 {
		return
	}
	k := l.IntN(len(op.Inputs))
	other := l.ops[l.IntN(len(l.ops))]
	switch a := op.Inputs[k].Argument; {
	case a == nil || l.IntN(4) == 0:
		l.say("%s without %s", op.Type, op.Inputs[k].Name)
		op.Inputs = append(op.Inputs[:k:k], op.Inputs[k+1:]...)
	case len(other.Outputs) == 0:
	case l.IntN(4) == 0:
		a.Bindings = append(a.Bindings, milpb.Binding{Name: other.Outputs[0].Name})
		l.say("%s with two of %s", op.Type, op.Inputs[k].Name)
	default:
		a.Bindings = []milpb.Binding{{Name: other.Outputs[0].Name}}
		l.say("%s of a %s", op.Type, other.Type)
	}
}

// constant gives a constant operation another shape or type, consistently, so
// that only the operation that reads it can notice.
func (l *liar) constant() {
	for range 50 {
		op := l.ops[l.IntN(len(l.ops))]
		if op.Type != "const" || len(op.Outputs) != 1 {
			continue
		}
		for k := range op.Attributes {
			v := op.Attributes[k].Value
			if op.Attributes[k].Name != "val" || v == nil || v.Type == nil || v.Type.Tensor == nil {
				continue
			}
			l.reshape(op, v)
			return
		}
	}
}

func (l *liar) reshape(op *milpb.Operation, v *milpb.Value) {
	t := v.Type.Tensor
	dims := append([]milpb.Dimension(nil), t.Dimensions...)
	switch {
	case len(dims) == 0:
		dims = []milpb.Dimension{{Kind: milpb.ConstantDimension, Size: 1}}
	case l.IntN(3) == 0:
		dims[0], dims[len(dims)-1] = dims[len(dims)-1], dims[0]
	case l.IntN(2) == 0:
		dims = dims[1:]
	default:
		d := &dims[l.IntN(len(dims))]
		d.Size = []uint64{0, 1, 2, 3, d.Size / 2, d.Size * 2}[l.IntN(6)]
	}
	made := &milpb.TensorType{DataType: t.DataType, Rank: int64(len(dims)), Dimensions: dims}
	n := uint64(1)
	for _, d := range dims {
		n *= d.Size
	}
	if e := v.Immediate; e != nil && e.Tensor != nil && len(e.Tensor.Data) > 0 && n < 1<<16 {
		old := uint64(1)
		for _, d := range t.Dimensions {
			old *= d.Size
		}
		if old > 0 { // as many bytes as the new shape needs
			width := max(uint64(len(e.Tensor.Data))/old, 1)
			data := make([]byte, n*width)
			for k := range data {
				data[k] = e.Tensor.Data[k%len(e.Tensor.Data)]
			}
			e.Tensor = &milpb.TensorValue{Field: e.Tensor.Field, Data: data}
		}
	}
	v.Type = &milpb.ValueType{Tensor: made}
	op.Outputs[0].Type = v.Type
	l.say("constant %s of %d dimensions and %d elements", op.Outputs[0].Name, len(dims), n)
}

func (l *liar) offset() {
	for range 50 {
		v := l.vals[l.IntN(len(l.vals))]
		if v.Blob == nil {
			continue
		}
		other := l.vals[l.IntN(len(l.vals))]
		if other.Blob != nil && l.IntN(2) == 0 {
			v.Blob.Offset = other.Blob.Offset
		} else {
			v.Blob.Offset = sizes[l.IntN(len(sizes))] &^ 63
		}
		l.say("offset %d", v.Blob.Offset)
		return
	}
}

// operation takes another operator's name, loses a result or gets one more.
func (l *liar) operation() {
	op, other := l.ops[l.IntN(len(l.ops))], l.ops[l.IntN(len(l.ops))]
	switch l.IntN(3) {
	case 0:
		l.say("%s as %s", op.Type, other.Type)
		op.Type = other.Type
	case 1:
		if len(op.Outputs) > 0 {
			l.say("%s without its last result", op.Type)
			op.Outputs = op.Outputs[:len(op.Outputs)-1]
		}
	case 2:
		if len(other.Outputs) > 0 {
			l.say("%s with one more result", op.Type)
			op.Outputs = append(op.Outputs, milpb.NamedValueType{Name: fmt.Sprintf("more%d", l.Int()), Type: other.Outputs[0].Type})
		}
	}
}
