package storage

import (
	"bytes"
	"unsafe"
)

// filledBlock is the number of bytes that are zero or copied together: a page of most
// systems, so that memory that nobody has written to stays unused in the copy as well.
const filledBlock = 4096

// zeroBlock is what a block without content is compared with.
var zeroBlock [filledBlock]byte

// CloneFilled returns a copy of numbers most of which may be zero, as in a cache that was
// made for a long text and holds a short one. What is zero is read and not written: the
// copy's memory is zero as it comes from the system, and takes room only where there is
// something. Nil gives nil. T must hold no pointers.
func CloneFilled[T any](src []T) []T {
	if src == nil {
		return nil
	}
	dst := make([]T, len(src))
	from, to := BytesOf(src), BytesOf(dst)
	for len(from) > 0 {
		n := min(filledBlock, len(from))
		if !IsZero(from[:n]) {
			copy(to, from[:n])
		}
		from, to = from[n:], to[n:]
	}
	return dst
}

// BytesOf views numbers as the bytes that they are in memory. T must hold no pointers.
func BytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// IsZero reports whether all bytes are zero. It is as fast as memory is.
func IsZero(b []byte) bool {
	for len(b) > 0 {
		n := min(filledBlock, len(b))
		if !bytes.Equal(b[:n], zeroBlock[:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}
