//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// newArray makes an MLMultiArray over the beginning of a region. The array
// keeps the region until it is deallocated, which may be after its last use
// here. It must be called inside a pool. The caller keeps its own share of the
// region and may give it back at any time. shape is in elements, the strides
// are those of a dense array. Rank 0 is refused: a feature of Core ML has at
// least one dimension.
func newArray(r *region, d tensor.DType, shape []int) (*objc.Object, error) {
	n, err := elements(shape, d.Size())
	if err != nil {
		return nil, err
	}
	if len(shape) == 0 || n > len(r.mem)/d.Size() {
		return nil, fmt.Errorf("shape %v of %v does not fit into %d bytes: %w", shape, d, len(r.mem), tensor.ErrShape)
	}
	kind, err := arrayType(d)
	if err != nil {
		return nil, err
	}
	init := objc.MLMultiArray.InitWithDataPointer
	var block *objc.Block
	// The framework calls the deallocator when the array goes. Whether it also
	// does so when making the array fails is not documented; the region must be
	// released exactly once in either case.
	var once sync.Once
	back := func() {
		once.Do(func() {
			block.Close()
			r.release()
		})
	}
	if block, err = objc.NewBlock(init, func(_, _, _ uintptr) { back() }); err != nil {
		return nil, failed("make an array", err)
	}
	// Taken before the call, because the deallocator may run before the call
	// returns.
	r.retain()
	a, err := objc.New(init, r.address(), uintptr(objc.Ints(shape)), uintptr(kind), uintptr(objc.Ints(rowMajor(shape))), block.Word())
	if err != nil {
		back()
		return nil, failed("make an array", err)
	}
	return a, nil
}

// arrayLayout reads an array's element type, shape and strides. It must be
// called inside a pool. The element count is checked here once: what callers
// compute from shape and size does not overflow.
func arrayLayout(a objc.ID) (tensor.DType, layout, error) {
	d, err := tensorType(int(objc.SendInt(a, objc.MLMultiArray.DataType)))
	if err != nil {
		return d, layout{}, err
	}
	l := layout{size: d.Size()}
	if l.shape, err = objc.GoInts(objc.Send(a, objc.MLMultiArray.Shape)); err != nil {
		return d, l, err
	}
	if l.strides, err = objc.GoInts(objc.Send(a, objc.MLMultiArray.Strides)); err != nil {
		return d, l, err
	}
	_, err = elements(l.shape, l.size)
	return d, l, err
}

// readArray lets use read an array's memory, which is valid meanwhile only. It
// must be called inside a pool. The block is used up when the call returns. The
// memory may be a mapped pixel buffer that is locked only meanwhile, so use
// must copy and must not keep mem. getBytesWithHandler came with macOS 12.3.
func readArray(a objc.ID, use func(mem []byte) error) error {
	var err error
	e := objc.WithBlock(objc.MLMultiArray.GetBytes, func(mem, size, _ uintptr) {
		err = use(objc.Bytes(mem, int(size)))
	}, func(block uintptr) { objc.Send(a, objc.MLMultiArray.GetBytes, block) })
	if e != nil {
		return failed("read an array", e)
	}
	return err
}

// writeArray lets use write an array's memory by the strides that it has at
// this moment: the framework may change them when it gives memory out for
// writing. It must be called inside a pool. Strides count elements, as
// everywhere in Core ML, and may differ from those of arrayLayout.
func writeArray(a objc.ID, use func(mem []byte, strides []int) error) error {
	var err error
	e := objc.WithBlock(objc.MLMultiArray.GetMutableBytes, func(mem, size, strides uintptr) {
		var s []int
		if s, err = objc.GoInts(objc.ID(strides)); err == nil {
			err = use(objc.Bytes(mem, int(size)), s)
		}
	}, func(block uintptr) { objc.Send(a, objc.MLMultiArray.GetMutableBytes, block) })
	if e != nil {
		return failed("write an array", e)
	}
	return err
}

// fillArray writes dense elements into an array of that shape. Rows may be
// padded; bytes between rows stay as they are.
func fillArray(a objc.ID, size int, shape []int, src []byte) error {
	return writeArray(a, func(mem []byte, strides []int) error {
		l := layout{shape: shape, strides: strides, size: size}
		return l.put(mem, src)
	})
}

// takeArray copies an array into *to, or into a new tensor of type want when
// *to is nil. rows limits it to the last rows; 0 means all. It must be called
// inside a pool. A buffer of another element type than the array's is filled by
// way of a tensor of the array's type. checkInputs has made sure that *to is
// contiguous.
func takeArray(a objc.ID, want tensor.DType, rows int, to **tensor.Tensor) error {
	if a == 0 {
		return fmt.Errorf("%w: an array", ErrMissing)
	}
	d, l, err := arrayLayout(a)
	if err != nil {
		return err
	}
	// A scalar crosses the boundary as a vector of one.
	shape := l.narrow(rows)
	if len(shape) == 0 {
		shape = []int{1}
	}
	if *to == nil {
		*to = tensor.New(want, shape...)
		if err := (*to).Err(); err != nil {
			return err
		}
	} else if !slices.Equal((*to).Shape(), shape) {
		return fmt.Errorf("the buffer given has shape %v, the result %v: %w", (*to).Shape(), shape, tensor.ErrShape)
	}
	dst := *to
	// The caller is promised the described type, whatever type the framework
	// computed in.
	if d != dst.DType() {
		dst = tensor.New(d, shape...)
	}
	raw, err := dst.Bytes()
	if err != nil {
		return err
	}
	err = readArray(a, func(mem []byte) error {
		return l.take(raw, mem, rows)
	})
	if err == nil && dst != *to {
		err = dst.CopyTo(*to)
	}
	return err
}
