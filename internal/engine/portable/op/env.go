package op

import (
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
)

// MaxArena bounds the memory of one prediction's buffers: 2^29 elements are 2 GiB.
// Tests of hostile programs lower it.
var MaxArena = 1 << 29

// Env is what operators work with: the content of every slot, the buffers under
// it, the threads, and the context that may end the work. One belongs to one prediction
// at a time and is used again by the next, with its memory; the engine keeps as many as
// there are predictions at the same time.
type Env struct {
	Values       []array.Value
	buffers      [][]float32
	spares       [][]float32
	BufferOf     []int32 // of each slot, its buffer; -1 for none
	Constant     []bool  // of each slot, whether it holds a constant
	arena        int
	Locals       []any
	Opset        int
	Rows         []int // of each output wanted, 0 for all
	Specs        []StateSpec
	States       []*Buffer // of the prediction that runs, in the order of specs
	Pool         *workpool.Pool
	Threads      int
	array.Poller             // of the prediction that runs
	stop         func() bool // Poller.Stopped, for kernels
	// Changed says that the prediction has begun to write to a state.
	Changed bool
	// product serves every step that multiplies by a constant matrix: what it needs
	// for a long prompt is too much to keep for each of them.
	product  kernel.MatMulTask
	widening widenTask
	// Alone says that rows of the prediction that runs are multiplied as if there were
	// no others: see [kernel.MatMulTask].
	Alone bool
	held  heldProduct
}

// Init gives e room for a number of slots, buffers and steps.
func (e *Env) Init(slots, buffers, steps int) {
	e.Values, e.spares = make([]array.Value, slots), make([][]float32, 2*slots)
	e.BufferOf, e.Constant = make([]int32, slots), make([]bool, slots)
	e.buffers, e.Locals = make([][]float32, buffers), make([]any, steps)
	for k := range e.Values {
		e.Values[k].Slot = int32(k)
	}
	e.stop = e.Stopped
}

// Buffer returns n elements of the slot's buffer, growing it when needed. When
// the memory would pass its limit the prediction fails after the step, and the
// memory given is only large enough to finish it.
func (e *Env) Buffer(slot int32, n int) []float32 {
	id := e.BufferOf[slot]
	if id < 0 {
		return e.Spare(slot, n)
	}
	e.buffers[id] = e.grow(e.buffers[id], n)
	return e.buffers[id][:n]
}

// Spare returns n elements that belong to the slot alone.
func (e *Env) Spare(slot int32, n int) []float32 {
	e.spares[slot] = e.grow(e.spares[slot], n)
	return e.spares[slot][:n]
}

// flat returns n elements for the integers of a slot's numbers.
func (e *Env) flat(slot int32, n int) []int32 {
	k := len(e.Values) + int(slot)
	e.spares[k] = e.grow(e.spares[k], n)
	return array.AsInt32(e.spares[k][:n])
}

// grow returns b, or new memory when it is shorter than n. What it held is lost, and new
// memory is not zeroed: a definition writes every element of its results.
func (e *Env) grow(b []float32, n int) []float32 {
	if cap(b) >= n {
		return b[:cap(b)]
	}
	size := n
	if cap(b) > 0 { // grows with the context: leave room for the next steps
		size = max(n, cap(b)+min(max(cap(b)/4, 1<<10), 1<<20))
	}
	e.charge(size - cap(b))
	return storage.Unzeroed[float32](size)
}

// charge counts elements of four bytes that the prediction takes. Past the limit the
// prediction ends: sizes come from the program and from the caller, so without a limit
// a small file could ask for all memory. It panics because most of those who need memory
// have no error to return; the engine catches it.
func (e *Env) charge(elements int) {
	if e.arena+elements > MaxArena {
		panic(ArenaError{})
	}
	e.arena += elements
}

// tooLarge reports whether elements for each thread are more than a prediction may
// take.
func (e *Env) tooLarge(elements int) bool {
	threads := 1
	if e.Pool != nil {
		threads = e.Pool.Threads()
	}
	return elements > MaxArena/threads
}

// reuse returns n elements of memory that a step keeps from prediction to
// prediction, b or new ones; what they held is lost. T has no pointers.
func reuse[T any](e *Env, b []T, n int) []T {
	if cap(b) < n {
		e.charge((n - cap(b)) * int(unsafe.Sizeof(*new(T))) / 4)
		b = storage.Unzeroed[T](n)
	}
	return b[:n]
}

// ArenaError is what a step panics with that needs more memory than MaxArena.
type ArenaError struct{}
