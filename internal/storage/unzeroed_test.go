package storage_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestUnzeroedMemoryIsWholeAlignedAndOwnedByNobodyElse(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1 << 17, 1<<20 + 3} {
		a, b := storage.Unzeroed[float64](n), storage.Unzeroed[float64](n)
		if len(a) != n || len(b) != n {
			t.Fatalf("%d elements: got %d and %d", n, len(a), len(b))
		}
		for k := range a {
			a[k], b[k] = float64(k), -float64(k)
		}
		runtime.GC()
		if n > 0 && uintptr(unsafe.Pointer(&a[0]))%8 != 0 {
			t.Errorf("%d elements: the memory is not aligned", n)
		}
		for k := range a {
			if a[k] != float64(k) || b[k] != -float64(k) {
				t.Fatalf("%d elements: element %d holds %g and %g", n, k, a[k], b[k])
			}
		}
	}
}
