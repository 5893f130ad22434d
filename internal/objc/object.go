//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Object owns exactly one retain of an object of the runtime. A nil *Object
// stands for nil. Its methods may be called by several goroutines, but who uses
// the ID must know that nobody closes the Object meanwhile, and must keep it
// reachable until the last use (a deferred Close does).
type Object struct {
	id      atomic.Uintptr
	foreign bool // released by CFRelease
	cleanup runtime.Cleanup
}

// ownedCount is the number of retains that Objects hold.
var ownedCount atomic.Int64

// Owned returns how many retains Objects hold: what a test compares before and
// after.
func Owned() int64 { return ownedCount.Load() }

// Adopt makes an Object of a result that the caller owns already (+1). Adopt of
// nil is nil.
func Adopt(id ID) *Object { return own(id, false) }

// AdoptCF is Adopt for results of Core Foundation's create functions.
func AdoptCF(id ID) *Object { return own(id, true) }

// Retain makes an Object of a borrowed result (+0) by retaining it. It must be
// called inside the pool that the result came from. Retain of nil is nil.
func Retain(id ID) *Object { return own(Send(id, NSObject.Retain), false) }

// own makes the Object and its safety net.
func own(id ID, foreign bool) *Object {
	if id == 0 {
		return nil
	}
	o := &Object{foreign: foreign}
	o.id.Store(uintptr(id))
	ownedCount.Add(1)
	// The net for Objects that nobody closed. Its argument is the ID, never the
	// Object, which would keep it reachable.
	o.cleanup = runtime.AddCleanup(o, queueRelease, release{id: id, foreign: foreign})
	return o
}

// ID returns the object, borrowed; 0 after Close and for a nil Object.
func (o *Object) ID() ID {
	if o == nil {
		return 0
	}
	return ID(o.id.Load())
}

// Word returns the object as an argument of a send.
func (o *Object) Word() uintptr { return uintptr(o.ID()) }

// Close releases the retain. Further calls, and Close of a nil Object, do
// nothing.
func (o *Object) Close() {
	if o == nil {
		return
	}
	id := ID(o.id.Swap(0))
	if id == 0 {
		return
	}
	o.cleanup.Stop()
	WithPool(func() { release{id: id, foreign: o.foreign}.run() })
	// Stop only works on what is still reachable.
	runtime.KeepAlive(o)
}

// release is one retain to be given back.
type release struct {
	id      ID
	foreign bool
}

// run gives the retain back. It must run inside a pool.
func (r release) run() {
	ownedCount.Add(-1)
	if r.foreign {
		if _, err := Call(CoreVideo.Release, uintptr(r.id)); err == nil {
			return
		}
	}
	Send(r.id, NSObject.Release)
}

// releaser is the one goroutine that releases what the collector found. Freeing
// a model takes long and would hold up every other cleanup.
var releaser struct {
	sync.Mutex
	queue   []release
	running bool
}

// queueRelease hands a retain to the releaser.
func queueRelease(r release) {
	releaser.Lock()
	defer releaser.Unlock()
	releaser.queue = append(releaser.queue, r)
	if !releaser.running {
		releaser.running = true
		go releaseQueued()
	}
}

// releaseQueued releases until the queue is empty.
func releaseQueued() {
	for {
		releaser.Lock()
		queue := releaser.queue
		releaser.queue = nil
		if len(queue) == 0 {
			releaser.running = false
			releaser.Unlock()
			return
		}
		releaser.Unlock()
		for _, r := range queue {
			WithPool(r.run)
		}
	}
}
