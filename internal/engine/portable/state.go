package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// state is the memory of a function's states. It implements engine.State.
type state struct {
	specs   []stateSpec
	places  map[string]int // of the names in specs
	buffers []*buffer
}

func newState(specs []stateSpec) *state {
	s := &state{specs: specs, places: make(map[string]int, len(specs)), buffers: make([]*buffer, len(specs))}
	for k := range specs {
		b := newBuffer(&specs[k])
		s.buffers[k], s.places[specs[k].name] = &b, k
	}
	return s
}

// find returns the buffer of that name.
func (s *state) find(name string) (*buffer, *stateSpec, error) {
	if k, ok := s.places[name]; ok && s.buffers != nil {
		return s.buffers[k], &s.specs[k], nil
	}
	return nil, nil, fmt.Errorf("there is no state %s", mil.Plain(name))
}

// useState resolves the plan's states in st. A state of another function serves
// when it has buffers of the same names, types and shapes.
func (fr *frame) useState(st engine.State) error {
	fr.states = fr.states[:0]
	if len(fr.plan.states) == 0 {
		return nil
	}
	s, ok := st.(*state)
	if !ok {
		return fmt.Errorf("the function has states and needs one of this engine")
	}
	if len(s.buffers) == len(fr.plan.states) && &s.specs[0] == &fr.plan.states[0] { // one of this function
		fr.states = append(fr.states, s.buffers...)
		return nil
	}
	for k := range fr.plan.states {
		want := &fr.plan.states[k]
		b, spec, err := s.find(want.name)
		if err != nil {
			return err
		}
		if spec.dt != want.dt || spec.count != want.count || !slices.Equal(spec.shape, want.shape) {
			return fmt.Errorf("state %s is %v %v, the function needs %v %v", mil.Plain(want.name), spec.dt, spec.shape, want.dt, want.shape)
		}
		fr.states = append(fr.states, b)
	}
	return nil
}

// Read copies a buffer into a new tensor.
func (s *state) Read(name string) (*tensor.Tensor, error) {
	b, spec, err := s.find(name)
	if err != nil {
		return nil, err
	}
	t := tensor.New(stateTensor(spec.dt), spec.shape...)
	if err := t.Err(); err != nil {
		return nil, err
	}
	mem, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	v := b.value(spec)
	c := call{fr: &frame{spares: make([][]float32, 1), plan: &plan{slots: []slot{{buffer: -1}}}}, st: outputStep}
	return t, c.store(&v, t.DType(), mem)
}

// value views the buffer.
func (b *buffer) value(spec *stateSpec) value {
	v := value{dt: spec.dt, dense: true, f: b.f, h: b.h, i: b.i}
	v.rank = copy(v.dims[:], spec.shape)
	switch {
	case b.h != nil:
		v.repr = reprF16
	case b.f != nil:
		v.repr = reprF32
	default:
		v.repr = reprI32
	}
	return v
}

func stateTensor(t dtype.Type) tensor.DType {
	if d, ok := tensorTypes[t]; ok {
		return d
	}
	return tensor.Float32
}

// Write replaces a buffer's content, converting the elements.
func (s *state) Write(name string, t *tensor.Tensor) error {
	b, spec, err := s.find(name)
	if err != nil {
		return err
	}
	if !slices.Equal(t.Shape(), spec.shape) {
		return fmt.Errorf("state %s has shape %v, not %v", mil.Plain(name), spec.shape, t.Shape())
	}
	switch {
	case b.h != nil:
		x, err := tensor.Data[tensor.Half](t.To(tensor.Float16).Contiguous())
		if err != nil {
			return err
		}
		for k, h := range x {
			b.h[k] = uint16(h)
		}
	case b.f != nil:
		x, err := tensor.Data[float32](t.To(tensor.Float32).Contiguous())
		if err != nil {
			return err
		}
		copy(b.f, x)
	default:
		x, err := tensor.Data[int32](t.To(stateTensor(spec.dt)).To(tensor.Int32).Contiguous())
		if err != nil {
			return err
		}
		copy(b.i, x)
	}
	return nil
}

// Clone returns a copy that lives on its own.
func (s *state) Clone() (engine.State, error) {
	n := &state{specs: s.specs, places: s.places}
	for _, b := range s.buffers {
		c := b.clone()
		n.buffers = append(n.buffers, &c)
	}
	return n, nil
}

// Reset fills every buffer with zero.
func (s *state) Reset() error {
	for _, b := range s.buffers {
		b.clear()
	}
	return nil
}

// Close drops the memory.
func (s *state) Close() error {
	s.buffers = nil
	return nil
}
