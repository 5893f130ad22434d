package cache

import (
	"hash"
	"runtime"
)

// hashing is a hash that is computed beside what the caller does: hashing takes as
// long as receiving and writing a file, and the two need not wait for each other. It
// is one goroutine's, and has to be stopped.
type hashing struct {
	h    hash.Hash
	work chan []byte   // nil where it is not worth a goroutine, or has stopped
	free chan []byte   // buffers that wait to be used again
	done chan struct{} // closed when all work is done
}

// The bytes that wait to be hashed: as many as there are buffers.
const (
	hashBuffers = 4
	hashBuffer  = 256 << 10
	// Smaller files are hashed as they are written.
	hashBeside = 1 << 20
)

// newHashing starts a hash of a file of size bytes, -1 for one of unknown size.
func newHashing(h hash.Hash, size int64) *hashing {
	x := &hashing{h: h}
	if size >= 0 && size < hashBeside || runtime.GOMAXPROCS(0) < 2 {
		return x
	}
	x.work = make(chan []byte, hashBuffers)
	x.free = make(chan []byte, hashBuffers)
	for range hashBuffers {
		x.free <- nil // made when it is needed
	}
	x.done = make(chan struct{})
	go func(work <-chan []byte) {
		defer close(x.done)
		for b := range work {
			x.h.Write(b)
			x.free <- b
		}
	}(x.work)
	return x
}

// Write takes a copy of b.
func (x *hashing) Write(b []byte) {
	if x.work == nil {
		x.h.Write(b)
		return
	}
	for len(b) > 0 {
		buf := <-x.free
		if buf == nil {
			buf = make([]byte, 0, hashBuffer)
		}
		n := min(len(b), hashBuffer)
		x.work <- append(buf[:0], b[:n]...)
		b = b[n:]
	}
}

// stop waits until all is hashed. Nil has nothing to stop, and it may be called again.
func (x *hashing) stop() {
	if x == nil || x.work == nil {
		return
	}
	close(x.work)
	<-x.done
	x.work = nil
}

// sum is the hash of all that was written, in hexadecimal digits.
func (x *hashing) sum() string {
	x.stop()
	return sum(x.h)
}
