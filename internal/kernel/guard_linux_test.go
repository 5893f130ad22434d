package kernel_test

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns a slice that ends where an unreadable page begins, so that a
// kernel which reads or writes past the end faults. A pattern in front of the
// slice is checked when the test ends.
func guarded[T any](tb testing.TB, n int) []T {
	tb.Helper()
	var zero T
	size, page := n*int(unsafe.Sizeof(zero)), syscall.Getpagesize()
	whole := (size+64+page-1)/page*page + page
	mem, err := syscall.Mmap(-1, 0, whole, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Mprotect(mem[whole-page:], syscall.PROT_NONE); err != nil {
		tb.Fatal(err)
	}
	at := whole - page - size
	for i := range mem[:at] {
		mem[i] = 0xa5
	}
	tb.Cleanup(func() {
		for i, b := range mem[:at] {
			if b != 0xa5 {
				tb.Errorf("byte %d in front of a slice was overwritten", at-i)
				break
			}
		}
		if err := syscall.Munmap(mem); err != nil {
			tb.Error(err)
		}
	})
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[at])), n)
}
