package op

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// StateSpec is what a function declares of a state.
type StateSpec struct {
	Name  string
	DType dtype.Type
	Shape []int
	Count int // elements
}

// Value views the buffer, dense and of the state's shape: what a caller reads, writes or
// saves between predictions.
func (b *Buffer) Value(spec *StateSpec) array.Value {
	v := array.Value{DType: spec.DType, Dense: true, F32: b.F32, F16: b.F16, I32: b.I32}
	v.Rank = copy(v.Dims[:], spec.Shape)
	switch {
	case b.F16 != nil:
		v.Repr = array.ReprF16
	case b.F32 != nil:
		v.Repr = array.ReprF32
	default:
		v.Repr = array.ReprI32
	}
	return v
}

// States are memory that lives from prediction to prediction, since iOS18: the caches
// of keys and values of a language model. A program reads one with read_state, makes a
// new value of it, most often with slice_update, and stores that with write_state
// (coreml_update_state in the text form, which is a write and a read).

// StateOps are the operators on states. A read is a view of the state's buffer
// wherever no later write could be seen through it; a write of a value that
// already lies in the buffer does nothing.
var StateOps = map[string]*Operator{
	"read_state":  {Name: "read_state", Shape: readState, Eval: func(*Call) error { return nil }, Exact: true, Note: "shows the state's memory without a copy where no later write would show"},
	"write_state": {Name: "write_state", Results: &Bounds{0, 0}, Params: in("data*"), Shape: func(*Call) error { return nil }, Eval: writeState, Exact: true, Note: "in place where the state is updated in part"},
}

// Buffer is the memory of one state. One of the slices is set: a state of fp16 is
// kept as binary16, half the memory of what is computed with it, because caches are
// the largest thing of a long conversation.
type Buffer struct {
	F32 []float32
	F16 []uint16
	I32 []int32

	settled bool // whether it was put on large pages, or that was tried
}

// settle puts the buffer on large pages, once, if it holds what v shows. Half full is
// when that is worth its memory: before, only what was written takes any.
func (b *Buffer) settle(v *array.Value, stop func() bool) {
	if b.settled || !b.holds(v) {
		return
	}
	b.settled = true
	storage.LargePages(storage.BytesOf(b.F16), stop)
	storage.LargePages(storage.BytesOf(b.F32), stop)
}

// holds reports whether v shows elements of the buffer.
func (b *Buffer) holds(v *array.Value) bool {
	return within(v.F16, b.F16) || within(v.F32, b.F32)
}

// within reports whether a slice that is not empty begins inside another one.
func within[T any](part, whole []T) bool {
	at, from := uintptr(unsafe.Pointer(unsafe.SliceData(part))), uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	return len(part) > 0 && at >= from && at-from < uintptr(len(whole))*unsafe.Sizeof(part[0])
}

// NewBuffer returns memory for a state, all zero: every conversation begins so. The
// size was checked when the program was loaded. Narrow integers take four bytes each.
func NewBuffer(s *StateSpec) Buffer {
	switch {
	case s.DType == dtype.Float16:
		return Buffer{F16: make([]uint16, s.Count)}
	case s.DType.IsFloat():
		return Buffer{F32: make([]float32, s.Count)}
	default:
		return Buffer{I32: make([]int32, s.Count)}
	}
}

// Clone returns a copy that lives on its own, for a conversation that goes two ways. It
// takes time and memory for what is filled.
func (b *Buffer) Clone() Buffer {
	return Buffer{F32: storage.CloneFilled(b.F32), F16: storage.CloneFilled(b.F16), I32: storage.CloneFilled(b.I32)}
}

// Clear sets every element to zero.
func (b *Buffer) Clear() {
	clear(b.F32)
	clear(b.F16)
	clear(b.I32)
}

// readState shows the memory of the state, or a copy where a later write would show.
// It is the shape rule and not the definition that does it: the steps that follow are
// rehearsed before any is computed, and they ask for what the state holds.
func readState(c *Call) error {
	spec := &c.Env.Specs[c.Step.State]
	b := c.Env.States[c.Step.State]
	v := c.out(0)
	if err := v.SetShape(spec.Shape...); err != nil {
		return err
	}
	v.Own = false // the memory is the state's and not the slot's
	switch {
	case b.F16 != nil:
		v.Repr, v.F16 = array.ReprF16, b.F16
	case b.F32 != nil:
		v.Repr, v.F32 = array.ReprF32, b.F32
	default:
		v.Repr, v.I32 = array.ReprI32, b.I32
	}
	if c.Step.Copied {
		if v.Repr == array.ReprI32 {
			array.Copy(&c.Env.Poller, c.newI32(0), b.I32)
			return nil
		}
		src := *v
		src.Widen(&c.Env.Poller, c.newF32(0))
	}
	return nil
}

// inState reports whether v is the whole of state s, in place: the result of a chain
// of slice_update that wrote there.
func (c *Call) inState(v *array.Value, s int) bool {
	b := c.Env.States[s]
	// Elements of the same memory and number in their own order are the state itself.
	if !v.Dense || v.Len() != c.Env.Specs[s].Count || v.Len() == 0 {
		return false
	}
	switch v.Repr {
	case array.ReprF16:
		return b.F16 != nil && unsafe.SliceData(v.F16) == unsafe.SliceData(b.F16)
	case array.ReprF32:
		return b.F32 != nil && unsafe.SliceData(v.F32) == unsafe.SliceData(b.F32)
	case array.ReprI32:
		return b.I32 != nil && unsafe.SliceData(v.I32) == unsafe.SliceData(b.I32)
	}
	return false
}

// writeState stores the operand in the state, unless it lies there already.
func writeState(c *Call) error {
	v, spec := c.In(0), &c.Env.Specs[c.Step.State]
	if v == nil {
		return fmt.Errorf("data is missing")
	}
	if v.Len() != spec.Count {
		return Unfit(v, spec)
	}
	if c.inState(v, c.Step.State) {
		return nil
	}
	c.store(v, c.Env.States[c.Step.State], spec.Count)
	return nil
}

// store copies n elements of v to a state. Changed is set after v was made dense,
// which may still fail for want of memory, and before the first element is written:
// from there on a prediction that fails leaves the state neither old nor new.
func (c *Call) store(v *array.Value, b *Buffer, n int) {
	p := &c.Env.Poller
	switch {
	case b.F16 != nil && v.Repr == array.ReprF16 && v.Dense:
		c.Env.Changed = true
		array.Copy(p, b.F16, v.F16[:n])
	case b.F16 != nil:
		src := c.F32(v)
		c.Env.Changed = true
		p.Pieces(len(src), func(lo, hi int) { kernel.F32ToF16(b.F16[lo:hi], src[lo:hi]) })
	case b.F32 != nil:
		src := c.F32(v)
		c.Env.Changed = true
		array.Copy(p, b.F32, src)
	default:
		src := c.I32(v)
		c.Env.Changed = true
		array.Copy(p, b.I32, src)
	}
}

// Unfit is the error of a value that a state cannot hold. Only the number of elements
// has to agree. The rehearsal gives the same error before anything is written.
func Unfit(v *array.Value, spec *StateSpec) error {
	return fmt.Errorf("data of shape %v does not fit state %s of shape %v", v.ShapeCopy(), mil.Plain(spec.Name), spec.Shape)
}
