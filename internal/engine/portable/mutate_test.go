package portable

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// choices turns bytes into decisions, so that a fuzzer steers them. When the
// bytes are used up every decision is the first one.
type choices struct{ data []byte }

func (c *choices) upTo(n int) int {
	if n <= 1 || len(c.data) == 0 {
		return 0
	}
	x := int(c.data[0])
	c.data = c.data[1:]
	if n > 256 && len(c.data) > 0 {
		x = x<<8 | int(c.data[0])
		c.data = c.data[1:]
	}
	return x % n
}

func choose[T any](c *choices, list []T) T { return list[c.upTo(len(list))] }

// mutator damages a program as a hostile package could.
type mutator struct {
	*choices
	fn     *mil.Function
	ops    []*mil.Op
	values []*mil.Value
	consts []*mil.Value
	names  []string // of all operators
	made   int
}

func newMutator(c *choices, fn *mil.Function) *mutator {
	m := &mutator{choices: c, fn: fn}
	for name := range op.Table {
		m.names = append(m.names, name)
	}
	slices.Sort(m.names)
	m.names = append(m.names, "cond", "while_loop", "read_state", "write_state", "const")
	m.index()
	return m
}

func (m *mutator) index() {
	m.ops, m.consts = nil, nil
	m.values = slices.Clone(m.fn.Inputs)
	var walk func(b *mil.Block)
	walk = func(b *mil.Block) {
		m.values = append(m.values, b.Inputs...)
		for _, op := range b.Ops {
			m.ops = append(m.ops, op)
			m.values = append(m.values, op.Outputs...)
			for _, v := range op.Outputs {
				if v.Const != nil {
					m.consts = append(m.consts, v)
				}
			}
			for _, inner := range op.Blocks {
				walk(inner)
			}
		}
	}
	walk(m.fn.Body)
}

var oddInts = []int{0, 1, -1, 2, -2, 3, 4, 5, 7, 8, 16, 100, 127, -128, 255, 256, 1 << 15, 1 << 20, 1<<31 - 1, -1 << 31}

var oddDims = []int{1, 2, 0, 3, 4, 5, 7, 8, mil.Unknown, 64, 1 << 16, 1 << 30, math.MaxInt32}

var oddTypes = []dtype.Type{
	dtype.Float32, dtype.Float16, dtype.Int32, dtype.Bool, dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16,
	dtype.Int4, dtype.UInt4, dtype.UInt1, dtype.UInt2, dtype.UInt3, dtype.UInt6, dtype.Float64, dtype.Int64, dtype.UInt32, dtype.BFloat16,
}

// mutate makes one change.
func (m *mutator) mutate() {
	switch m.upTo(14) {
	case 0, 1:
		m.element()
	case 2:
		m.constShape()
	case 3:
		m.constType()
	case 4:
		if v := m.value(); v != nil {
			v.Type.Shape = m.shape(v.Type.Shape)
		}
	case 5:
		if v := m.value(); v != nil && v.Const == nil {
			v.Type.DType = choose(m.choices, oddTypes)
		}
	case 6, 7:
		m.rebind()
	case 8:
		m.operands()
	case 9:
		if op := m.op(); op != nil && op.Type != "const" {
			op.Type = choose(m.choices, m.names)
		}
	case 10:
		m.results()
	case 11:
		if v := m.value(); v != nil {
			m.fn.Body.Outputs = append(m.fn.Body.Outputs, v)
		}
	case 12:
		m.repeat()
	case 13:
		m.insert()
	}
}

func (m *mutator) value() *mil.Value {
	if len(m.values) == 0 {
		return nil
	}
	return choose(m.choices, m.values)
}

func (m *mutator) op() *mil.Op {
	if len(m.ops) == 0 {
		return nil
	}
	return choose(m.choices, m.ops)
}

func (m *mutator) constant() *mil.Value {
	if len(m.consts) == 0 {
		return nil
	}
	return choose(m.choices, m.consts)
}

// shape changes one dimension, or the rank.
func (m *mutator) shape(old []int) []int {
	s := slices.Clone(old)
	switch k := m.upTo(4); {
	case k == 0 || len(s) == 0:
		s = append(s, choose(m.choices, oddDims))
	case k == 1:
		s = slices.Delete(s, 0, 1)
	default:
		s[m.upTo(len(s))] = choose(m.choices, oddDims)
	}
	return s
}

// element rewrites one number or text of a constant.
func (m *mutator) element() {
	v := m.constant()
	if v == nil {
		return
	}
	c := v.Const
	if len(c.Strings) > 0 {
		c.Strings = []string{choose(m.choices, hostileTexts)}
		return
	}
	n := c.Len()
	if n == 0 {
		return
	}
	x, at := choose(m.choices, oddInts), m.upTo(n)
	lo, hi := array.IntRange(c.DType)
	one, err := mil.PackInts(c.DType, []int{max(int(lo), min(x, int(hi)))})
	if c.DType.IsFloat() {
		one, err = mil.PackFloats(c.DType, []float32{float32(x)})
	}
	size := c.DType.Size()
	c.Data = slices.Clone(c.Data)
	if err != nil || size == 0 {
		if len(c.Data) > 0 {
			c.Data[at%len(c.Data)] = byte(x)
		}
		return
	}
	copy(c.Data[at*size:], one)
}

// constShape gives a constant another shape and as much data as that needs.
func (m *mutator) constShape() {
	if v := m.constant(); v != nil && v.Const.DType != dtype.String {
		m.store(v, v.Const.DType, m.shape(v.Const.Shape))
	}
}

func (m *mutator) constType() {
	if v := m.constant(); v != nil && v.Const.DType != dtype.String {
		m.store(v, choose(m.choices, oddTypes), v.Const.Shape)
	}
}

func (m *mutator) store(v *mil.Value, t dtype.Type, shape []int) {
	n, ok := dtype.Count(shape)
	need, fits := t.PackedLen(n)
	if !ok || !fits || need > 1<<16 {
		return
	}
	data := make([]byte, need)
	for k := range data {
		data[k] = byte(k)
		if len(v.Const.Data) > 0 {
			data[k] = v.Const.Data[k%len(v.Const.Data)]
		}
		if t == dtype.Bool {
			data[k] &= 1
		}
	}
	v.Const = &mil.Const{DType: t, Shape: shape, Data: data}
	v.Type.DType, v.Type.Shape = t, shape
}

// rebind gives an operand another value.
func (m *mutator) rebind() {
	op := m.op()
	if op == nil || len(op.Inputs) == 0 {
		return
	}
	a := &op.Inputs[m.upTo(len(op.Inputs))]
	v := m.value()
	if m.upTo(4) == 0 {
		a.Values = append(slices.Clone(a.Values), v)
	} else {
		a.Values = []*mil.Value{v}
	}
}

// operands adds or drops one.
func (m *mutator) operands() {
	o := m.op()
	if o == nil {
		return
	}
	def := op.Table[o.Type]
	if m.upTo(2) == 0 || def == nil {
		if len(o.Inputs) > 0 {
			k := m.upTo(len(o.Inputs))
			o.Inputs = slices.Delete(slices.Clone(o.Inputs), k, k+1)
		}
		return
	}
	name := choose(m.choices, def.Params).Name
	if o.Arg(name) != nil || m.value() == nil {
		return
	}
	o.Inputs = append(slices.Clone(o.Inputs), mil.Argument{Name: name, Values: []*mil.Value{m.value()}})
	slices.SortFunc(o.Inputs, func(a, b mil.Argument) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}

// results adds or drops a result.
func (m *mutator) results() {
	op := m.op()
	if op == nil || op.Type == "const" {
		return
	}
	if m.upTo(2) == 0 && len(op.Outputs) > 0 {
		op.Outputs = op.Outputs[:len(op.Outputs)-1]
	} else {
		op.Outputs = append(slices.Clone(op.Outputs), m.fresh(op, mil.TensorType(choose(m.choices, oddTypes[:4]))))
	}
	m.index()
}

func (m *mutator) fresh(op *mil.Op, t mil.Type) *mil.Value {
	m.made++
	return &mil.Value{Name: fmt.Sprintf("made%d", m.made), Type: t, Producer: op}
}

// repeat runs an operation once more on what it gave.
func (m *mutator) repeat() {
	op := m.op()
	if op == nil || len(op.Outputs) == 0 || len(op.Inputs) == 0 || op.Type == "const" {
		return
	}
	again := &mil.Op{Type: op.Type, Inputs: slices.Clone(op.Inputs), Blocks: op.Blocks}
	k := m.upTo(len(again.Inputs))
	again.Inputs[k] = mil.Argument{Name: again.Inputs[k].Name, Values: []*mil.Value{op.Outputs[0]}}
	for _, v := range op.Outputs {
		again.Outputs = append(again.Outputs, m.fresh(again, v.Type))
	}
	m.place(op, again)
}

// insert reads a value by another operator of one operand.
func (m *mutator) insert() {
	v := m.value()
	if v == nil || v.Producer == nil {
		return
	}
	def := op.Table[choose(m.choices, m.names[:len(m.names)-5])]
	op := &mil.Op{Type: def.Name}
	for k, p := range def.Params {
		x := v
		if k > 0 {
			if !p.Required && m.upTo(2) == 0 {
				continue
			}
			x = m.value()
		}
		op.Inputs = append(op.Inputs, mil.Argument{Name: p.Name, Values: []*mil.Value{x}})
	}
	slices.SortFunc(op.Inputs, func(a, b mil.Argument) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	t := v.Type
	if m.upTo(4) == 0 {
		t.DType = choose(m.choices, oddTypes[:4])
	}
	op.Outputs = []*mil.Value{m.fresh(op, t)}
	m.place(v.Producer, op)
}

// place puts an operation behind another and makes its results outputs.
func (m *mutator) place(after, op *mil.Op) {
	var walk func(b *mil.Block) bool
	walk = func(b *mil.Block) bool {
		if k := slices.Index(b.Ops, after); k >= 0 {
			// At the end of the block more values are visible.
			if m.upTo(2) == 0 {
				k = len(b.Ops) - 1
			}
			b.Ops = slices.Insert(slices.Clone(b.Ops), k+1, op)
			if b == m.fn.Body {
				b.Outputs = append(slices.Clone(b.Outputs), op.Outputs...)
			}
			return true
		}
		for _, o := range b.Ops {
			if slices.ContainsFunc(o.Blocks, walk) {
				return true
			}
		}
		return false
	}
	walk(m.fn.Body)
	m.index()
}
