package portable

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// state is the memory of a function's states. It implements engine.State. It
// serves one call at a time: the public package sees to that, so there is no
// lock here.
type state struct {
	number  uint64 // tells states apart: from 1 on
	specs   []op.StateSpec
	places  map[string]int // of the names in specs
	buffers []*op.Buffer   // nil once the state is closed
}

// numbers counts the states that were ever made.
var numbers atomic.Uint64

// newState makes buffers of zeros, which is what Core ML begins with. Nothing
// is read from the package: a state outlives the program that made it.
func newState(specs []op.StateSpec) *state {
	s := &state{number: numbers.Add(1), specs: specs, places: make(map[string]int, len(specs)), buffers: make([]*op.Buffer, len(specs))}
	for k := range specs {
		b := op.NewBuffer(&specs[k])
		s.buffers[k], s.places[specs[k].Name] = &b, k
	}
	return s
}

// find returns the buffer of that name; a closed state has none.
func (s *state) find(name string) (*op.Buffer, *op.StateSpec, error) {
	if k, ok := s.places[name]; ok && s.buffers != nil {
		return s.buffers[k], &s.specs[k], nil
	}
	return nil, nil, fmt.Errorf("there is no state %s", mil.Plain(name))
}

// useState resolves the plan's states in st. A state of another function serves
// when it has buffers of the same names, types and shapes: packages have one
// function for prompts and one for single tokens, over the same cache.
// Predictions write into these buffers in place.
func (fr *frame) useState(st engine.State) error {
	fr.States = fr.States[:0]
	if len(fr.plan.States) == 0 {
		return nil
	}
	s, ok := st.(*state)
	if !ok {
		return fmt.Errorf("the function has states and needs one of this engine")
	}
	// One of this function, known by the address of what declares it: names and shapes
	// need not be compared in each step of generation.
	if len(s.buffers) == len(fr.plan.States) && &s.specs[0] == &fr.plan.States[0] {
		fr.States = append(fr.States, s.buffers...)
		return nil
	}
	for k := range fr.plan.States {
		want := &fr.plan.States[k]
		b, spec, err := s.find(want.Name)
		if err != nil {
			return err
		}
		if spec.DType != want.DType || spec.Count != want.Count || !slices.Equal(spec.Shape, want.Shape) {
			return fmt.Errorf("state %s is %v %v, the function needs %v %v", mil.Plain(want.Name), spec.DType, spec.Shape, want.DType, want.Shape)
		}
		fr.States = append(fr.States, b)
	}
	return nil
}

// Read copies a buffer into a new tensor. It does so in an environment of its own, with
// one slot, as output does in a frame's: state and frame have no common lock.
func (s *state) Read(name string) (*tensor.Tensor, error) {
	b, spec, err := s.find(name)
	if err != nil {
		return nil, err
	}
	t := tensor.New(stateTensor(spec.DType), spec.Shape...)
	if err := t.Err(); err != nil {
		return nil, err
	}
	mem, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	v := b.Value(spec)
	var e op.Env
	e.Init(1, 0, 0)
	e.BufferOf[0] = -1
	return t, store(&op.Call{Env: &e, Step: outputStep}, &v, t.DType(), mem)
}

// stateTensor is the type of the tensor that shows a buffer's content. A type that
// tensors lack is shown as the float32 that its buffer holds.
func stateTensor(t dtype.Type) tensor.DType {
	if d, ok := tensorTypes[t]; ok {
		return d
	}
	return tensor.Float32
}

// Write replaces a buffer's content, converting the elements. Integers go
// through the state's declared type, so that they are cut as a prediction would
// cut them. The tensor is only read.
func (s *state) Write(name string, t *tensor.Tensor) error {
	b, spec, err := s.find(name)
	if err != nil {
		return err
	}
	if !slices.Equal(t.Shape(), spec.Shape) {
		return fmt.Errorf("state %s has shape %v, not %v", mil.Plain(name), spec.Shape, t.Shape())
	}
	// Each form of buffer takes its elements by way of the tensor type that it is.
	switch {
	case b.F16 != nil:
		x, err := tensor.Data[tensor.Half](t.To(tensor.Float16).Contiguous())
		if err != nil {
			return err
		}
		for k, h := range x {
			b.F16[k] = uint16(h)
		}
	case b.F32 != nil:
		x, err := tensor.Data[float32](t.To(tensor.Float32).Contiguous())
		if err != nil {
			return err
		}
		copy(b.F32, x)
	default:
		x, err := tensor.Data[int32](t.To(stateTensor(spec.DType)).To(tensor.Int32).Contiguous())
		if err != nil {
			return err
		}
		copy(b.I32, x)
	}
	return nil
}

// Clone returns a copy that lives on its own. What declares the buffers is shared: it
// belongs to the plan and never changes.
func (s *state) Clone() (engine.State, error) {
	n := &state{number: numbers.Add(1), specs: s.specs, places: s.places}
	for _, b := range s.buffers {
		c := b.Clone()
		n.buffers = append(n.buffers, &c)
	}
	return n, nil
}

// Reset fills every buffer with zero.
func (s *state) Reset() error {
	for _, b := range s.buffers {
		b.Clear()
	}
	return nil
}

// Close drops the memory. The garbage collector takes it once no prediction uses it.
func (s *state) Close() error {
	s.buffers = nil
	return nil
}
