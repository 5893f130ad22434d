package storage

import (
	"strings"
	"unsafe"
)

// Unzeroed returns n elements of Go memory that hold anything at all. Go clears
// what it allocates in one go: a tenth of a second for each GiB that was in use
// before, during which nothing can stop the caller. Here whoever fills the
// memory does so piece by piece. T must hold no pointers. Whoever reads an
// element before it was written gets what lay there.
func Unzeroed[T any](n int) []T {
	size := n * int(unsafe.Sizeof(*new(T)))
	if size < unzeroedFrom {
		return make([]T, n)
	}
	// A strings.Builder's memory is not cleared and, being of this size, begins at
	// a page. The first byte makes the pointer to it a defined one.
	var b strings.Builder
	b.Grow(size)
	b.WriteByte(0)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.StringData(b.String()))), n)
}

// unzeroedFrom is the size in bytes from which clearing takes long enough to
// matter, and from which Go's allocations are whole pages.
const unzeroedFrom = 1 << 20
