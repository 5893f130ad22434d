// Package storage holds bytes together with their owner: heap memory, a mapped
// file, or memory that belongs to a framework. Whoever holds a *Bytes may read
// it until Release; the last Release gives the memory back.
package storage

import (
	"sync/atomic"
	"unsafe"
)

// Bytes is a run of bytes with an owner. It is safe for concurrent use as far
// as the bytes themselves are only read. refs begins at 1. After the last
// Release nothing may touch data: for mapped memory that is a fault.
type Bytes struct {
	data    []byte
	refs    atomic.Int32
	release func() error
	mapped  *mapping // nil for memory
}

// Heap returns n zero bytes of Go memory, aligned for every element type.
// Memory of words of 8 bytes is aligned to them; Go gives bytes alone no such
// promise.
func Heap(n int) *Bytes {
	words := make([]uint64, (n+7)/8)
	if n == 0 {
		return Wrap(nil, nil)
	}
	return Wrap(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n), nil)
}

// Wrap returns a Bytes over data. When its last reference is released, release
// is called once; nil means that there is nothing to give back.
func Wrap(data []byte, release func() error) *Bytes {
	b := &Bytes{data: data, release: release}
	b.refs.Store(1)
	return b
}

// Data returns the bytes. They are valid until the last Release.
func (b *Bytes) Data() []byte { return b.data }

// Err returns a [*FaultError] when the bytes are those of a mapped file that was
// shortened since, or could not be read. It is for those who have read, to know
// whether what they read was the file. What a fault does not show, such as the loss
// of the last bytes of a page, is noticed some milliseconds late.
func (b *Bytes) Err() error {
	if b.mapped == nil {
		return nil
	}
	return b.mapped.err()
}

// Retain adds a reference and returns b. It must be called by somebody who has
// a reference.
func (b *Bytes) Retain() *Bytes {
	b.refs.Add(1)
	return b
}

// Release drops a reference and gives the memory back with the last one.
// Further calls do nothing.
func (b *Bytes) Release() error {
	if b.refs.Add(-1) != 0 || b.release == nil {
		return nil
	}
	return b.release()
}
