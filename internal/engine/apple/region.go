//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/gocoreml/coreml/tensor"
)

// region is page-aligned memory outside of the Go heap, mapped anonymously and
// zero at first. The framework may hold on to it for longer than the
// prediction, and devices may read it without a copy, for which whole pages are
// needed. Go's collector never moves or frees it. It goes back to the system
// with the last reference.
type region struct {
	mem     []byte
	refs    atomic.Int32
	cleanup runtime.Cleanup
}

// regions counts the regions that are mapped, for tests of what is given back.
var regions atomic.Int64

// newRegion maps at least n bytes of zeros. The caller has the first share.
func newRegion(n int) (*region, error) {
	if n <= 0 || n > tensor.MaxBytes {
		return nil, fmt.Errorf("%d bytes of memory are not to be had", n)
	}
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, (n+page-1)/page*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("%d bytes of memory: %w", n, err)
	}
	regions.Add(1)
	r := &region{mem: mem}
	r.refs.Store(1)
	// The net for programs that nobody closed. Arrays keep their region reachable
	// through the block that gives it back.
	r.cleanup = runtime.AddCleanup(r, unmap, mem)
	return r, nil
}

// unmap gives a region's memory back to the system.
func unmap(mem []byte) {
	regions.Add(-1)
	_ = syscall.Munmap(mem) // it fails only for memory that was never mapped
}

// retain adds a share: that of an array whose memory lies in the region.
func (r *region) retain() { r.refs.Add(1) }

// release gives a share back, and the memory with the last. It may be called on
// a thread of the framework, by an array's deallocator.
func (r *region) release() {
	if r.refs.Add(-1) > 0 {
		return
	}
	r.cleanup.Stop()
	unmap(r.mem)
	r.mem = nil
}

// address returns where the region begins. Memory that was mapped does not
// move. It is 0 after the last release.
func (r *region) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(r.mem))) }
