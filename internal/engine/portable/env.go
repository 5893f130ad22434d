package portable

import (
	"unsafe"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
)

// maxArena bounds the memory of one prediction's buffers: 2^29 elements are 2 GiB.
// Tests of hostile programs lower it.
var maxArena = 1 << 29

// env is what operators work with: the content of every slot, the buffers under
// it, the threads, and the context that may end the work.
type env struct {
	vals     []value
	buffers  [][]float32
	spares   [][]float32
	bufferOf []int32 // of each slot, its buffer; -1 for none
	constant []bool  // of each slot, whether it holds a constant
	arena    int
	locals   []any
	opset    int
	rows     []int // of each output wanted, 0 for all
	specs    []stateSpec
	states   []*buffer // of the prediction that runs, in the order of specs
	pool     *workpool.Pool
	threads  int
	poller               // of the prediction that runs
	stop     func() bool // poller.stopped, for kernels
	// changed says that the prediction has begun to write to a state.
	changed bool
	// product serves every step that multiplies by a constant matrix: what it needs
	// for a long prompt is too much to keep for each of them.
	product kernel.MatMulTask
}

// init gives e room for a number of slots, buffers and steps.
func (e *env) init(slots, buffers, steps int) {
	e.vals, e.spares = make([]value, slots), make([][]float32, 2*slots)
	e.bufferOf, e.constant = make([]int32, slots), make([]bool, slots)
	e.buffers, e.locals = make([][]float32, buffers), make([]any, steps)
	for k := range e.vals {
		e.vals[k].slot = int32(k)
	}
	e.stop = e.stopped
}

// buffer returns n elements of the slot's buffer, growing it when needed. When
// the memory would pass its limit the prediction fails after the step, and the
// memory given is only large enough to finish it.
func (e *env) buffer(slot int32, n int) []float32 {
	id := e.bufferOf[slot]
	if id < 0 {
		return e.spare(slot, n)
	}
	e.buffers[id] = e.grow(e.buffers[id], n)
	return e.buffers[id][:n]
}

// spare returns n elements that belong to the slot alone.
func (e *env) spare(slot int32, n int) []float32 {
	e.spares[slot] = e.grow(e.spares[slot], n)
	return e.spares[slot][:n]
}

// flat returns n elements for the integers of a slot's numbers.
func (e *env) flat(slot int32, n int) []int32 {
	k := len(e.vals) + int(slot)
	e.spares[k] = e.grow(e.spares[k], n)
	return asInt32(e.spares[k][:n])
}

func (e *env) grow(b []float32, n int) []float32 {
	if cap(b) >= n {
		return b[:cap(b)]
	}
	size := n
	if cap(b) > 0 { // grows with the context: leave room for the next steps
		size = max(n, min(cap(b)+cap(b)/4, cap(b)+1<<20))
	}
	e.charge(size - cap(b))
	return storage.Unzeroed[float32](size)
}

// charge counts elements of four bytes that the prediction takes. Past the limit the
// prediction ends.
func (e *env) charge(elements int) {
	if e.arena+elements > maxArena {
		panic(arenaError{})
	}
	e.arena += elements
}

// reuse returns n elements of memory that a step keeps from prediction to
// prediction, b or new ones; what they held is lost. T has no pointers.
func reuse[T any](e *env, b []T, n int) []T {
	if cap(b) < n {
		e.charge((n - cap(b)) * int(unsafe.Sizeof(*new(T))) / 4)
		b = storage.Unzeroed[T](n)
	}
	return b[:n]
}

// arenaError is thrown by charge and caught by guard.
type arenaError struct{}
