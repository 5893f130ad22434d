package portable

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// forget drops what the frame knows of the caller's memory.
func (fr *frame) forget() {
	for _, s := range fr.plan.inputs {
		v := &fr.vals[s]
		v.f, v.h, v.i = nil, nil, nil
	}
	clear(fr.states)
	clear(fr.hidden)
	fr.ctx, fr.profiler = nil, nil
}

// input binds a parameter's slot to the caller's tensor. Types that steps read
// are used where they lie.
func (fr *frame) input(slot int32, t *tensor.Tensor, f *engine.Feature) error {
	v := &fr.vals[slot]
	declared := fr.plan.slots[slot].typ
	*v = value{slot: slot, dt: declared.DType, dense: true, own: true}
	if t == nil {
		return fr.absent(v, f)
	}
	var dims [maxRank]int
	rank := t.Rank()
	if rank > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, maxRank)
	}
	for d := range rank {
		dims[d] = t.Dim(d)
	}
	if len(declared.Shape) == 0 && !declared.Variadic && t.Len() == 1 {
		rank = 0 // a scalar crosses the boundary as one element
	}
	if err := v.setShape(dims[:rank]...); err != nil {
		return err
	}
	b, err := t.Bytes()
	if err != nil {
		return err
	}
	return fr.bindBytes(v, t.DType(), b)
}

func (fr *frame) bindBytes(v *value, t tensor.DType, b []byte) error {
	n := v.len()
	p := unsafe.Pointer(unsafe.SliceData(b))
	if n == 0 {
		p = nil
	}
	switch t {
	case tensor.Float16:
		v.repr, v.h = reprF16, unsafe.Slice((*uint16)(p), n)
	case tensor.Float32:
		v.repr, v.f = reprF32, unsafe.Slice((*float32)(p), n)
	case tensor.Int32:
		v.repr, v.i = reprI32, unsafe.Slice((*int32)(p), n)
	case tensor.Float64:
		v.repr, v.f = reprF32, fr.buffer(v.slot, n)
		src := unsafe.Slice((*float64)(p), n)
		fr.pieces(n, func(lo, hi int) {
			for k, x := range src[lo:hi] {
				v.f[lo+k] = float32(x)
			}
		})
	default:
		st, ok := storedTypes[t]
		if !ok {
			return fmt.Errorf("element type %v", t)
		}
		v.repr, v.i = reprI32, asInt32(fr.buffer(v.slot, n))
		fr.pieces(n, func(lo, hi int) {
			for k := lo; k < hi; k++ {
				v.i[k] = int32(mil.IntAt(b, st, k))
			}
		})
	}
	return nil
}

var storedTypes = map[tensor.DType]dtype.Type{
	tensor.Bool: dtype.Bool, tensor.Int8: dtype.Int8, tensor.UInt8: dtype.UInt8,
	tensor.Int16: dtype.Int16, tensor.UInt16: dtype.UInt16,
}

// absent fills an optional input with its default value.
func (fr *frame) absent(v *value, f *engine.Feature) error {
	if !f.Optional {
		return fmt.Errorf("is missing")
	}
	if err := v.setShape(f.Shape...); err != nil {
		return err
	}
	n := v.len()
	if v.dt.IsFloat() {
		v.repr, v.f = reprF32, fr.buffer(v.slot, n)
		setAll(&fr.poller, v.f, float32(f.Default))
		return nil
	}
	v.repr, v.i = reprI32, asInt32(fr.buffer(v.slot, n))
	setAll(&fr.poller, v.i, int32(f.Default))
	return nil
}

// output copies a slot to the caller's tensor, or to a new one.
func (fr *frame) output(slot int32, t **tensor.Tensor, f *engine.Feature) error {
	v := &fr.vals[slot]
	dims, rank := v.dims, v.rank
	if rank == 0 { // Core ML has no multi-array of rank 0
		dims[0], rank = 1, 1
	}
	if *t == nil {
		*t = newTensor(f.DType, dims, rank)
		if err := (*t).Err(); err != nil {
			return err
		}
	} else {
		if err := fitOutput(*t, v.shape()); err != nil {
			return err
		}
	}
	b, err := (*t).Bytes()
	if err != nil {
		return err
	}
	fr.call.st = outputStep
	return fr.call.store(v, (*t).DType(), b)
}

// newTensor makes a tensor, every element of which the caller sets. It is apart
// from output, so that a prediction into the caller's buffers does not allocate
// for it.
func newTensor(t tensor.DType, dims [maxRank]int, rank int) *tensor.Tensor {
	shape := append([]int(nil), dims[:rank]...)
	n, ok := dtype.Count(shape)
	if !ok {
		return tensor.New(t, shape...)
	}
	switch t {
	case tensor.Float16:
		return tensor.Wrap(storage.Unzeroed[tensor.Half](n), shape...)
	case tensor.Float32:
		return tensor.Wrap(storage.Unzeroed[float32](n), shape...)
	case tensor.Int32:
		return tensor.Wrap(storage.Unzeroed[int32](n), shape...)
	case tensor.Float64:
		return tensor.Wrap(storage.Unzeroed[float64](n), shape...)
	}
	return tensor.New(t, shape...)
}

// tailOp stands for the operation of a tail step in errors.
var tailOp = &mil.Op{Type: "tail"}

// outputStep stands for the end of a plan where a step is expected.
var outputStep = &step{def: &operator{}, op: &mil.Op{Type: "output"}}

// store writes v to the memory of a tensor.
func (c *call) store(v *value, t tensor.DType, b []byte) error {
	n := v.len()
	if n == 0 {
		return nil
	}
	poll, p := &c.fr.poller, unsafe.Pointer(unsafe.SliceData(b))
	switch t {
	case tensor.Float16:
		dst := unsafe.Slice((*uint16)(p), n)
		if v.repr == reprF16 && v.dense {
			copyPieces(poll, dst, v.h[:n])
			return nil
		}
		src := c.f32(v)
		poll.pieces(n, func(lo, hi int) { kernel.F32ToF16(dst[lo:hi], src[lo:hi]) })
	case tensor.Float32:
		copyPieces(poll, unsafe.Slice((*float32)(p), n), c.f32(v))
	case tensor.Int32:
		copyPieces(poll, unsafe.Slice((*int32)(p), n), c.i32(v))
	case tensor.Float64:
		storeAs(poll, unsafe.Slice((*float64)(p), n), c.f32(v))
	case tensor.Bool:
		src := c.i32(v)
		poll.pieces(n, func(lo, hi int) {
			for k, x := range src[lo:hi] {
				b[lo+k] = byte(bit(x != 0))
			}
		})
	case tensor.Int64:
		storeAs(poll, unsafe.Slice((*int64)(p), n), c.i32(v))
	case tensor.Int8, tensor.UInt8:
		storeAs(poll, b[:n], c.i32(v))
	case tensor.Int16, tensor.UInt16:
		storeAs(poll, unsafe.Slice((*uint16)(p), n), c.i32(v))
	default:
		return fmt.Errorf("element type %v", t)
	}
	return nil
}

// storeAs converts src to the type of dst.
func storeAs[D ~byte | ~uint16 | ~int64 | ~float64, S ~int32 | ~float32](p *poller, dst []D, src []S) {
	p.pieces(len(dst), func(lo, hi int) {
		for k, x := range src[lo:hi] {
			dst[lo+k] = D(x)
		}
	})
}
