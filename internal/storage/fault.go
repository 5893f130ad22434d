package storage

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// ErrFault means that the content of a mapped file went away, or was replaced,
// while it was in use. The error is a [*FaultError].
var ErrFault = errors.New("a file that is in use was changed")

// FaultError says which mapped file could not be read any more, because it was
// shortened or its device failed.
type FaultError struct{ Name string }

// Error names the file and the way around.
func (e *FaultError) Error() string {
	return fmt.Sprintf("%s was shortened or replaced in place, or could not be read, while it was in use: load it again, and replace such files by renaming", Quote(e.Name))
}

// Unwrap returns [ErrFault].
func (e *FaultError) Unwrap() error { return ErrFault }

// mapping is a file that is mapped at the moment. A Bytes refers to it as long
// as its memory is mapped.
type mapping struct {
	first, last uintptr // addresses of its pages; last is the last byte's
	name        string
	broken      atomic.Bool // for good: what was once lost does not come back by itself
	watch       watch
	asked       atomic.Int64 // when the watch was last asked, in nanoseconds from epoch
}

// askEvery is how often a file is asked whether it was shortened: a system call
// after every token of a small model could be felt.
const askEvery = 5 * time.Millisecond

var epoch = time.Now()

// live lists the mappings. It is asked only after a fault.
var live struct {
	sync.Mutex
	list map[*mapping]struct{}
}

// newMapping enters mapped memory into the list.
func newMapping(data []byte, name string) *mapping {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	// A fault's address may lie behind the file's end, in the rest of its last
	// page.
	const page = 1<<16 - 1 // the largest pages that are in use: what follows a mapping is never ours to read
	m := &mapping{first: first, last: (first + uintptr(len(data)) - 1) | page, name: name}
	live.Lock()
	defer live.Unlock()
	if live.list == nil {
		live.list = map[*mapping]struct{}{}
	}
	live.list[m] = struct{}{}
	return m
}

// forget takes the mapping off the list.
func (m *mapping) forget() {
	live.Lock()
	defer live.Unlock()
	delete(live.list, m)
}

// err says whether the mapping can be relied on.
func (m *mapping) err() error {
	if m.broken.Load() {
		return &FaultError{m.name}
	}
	now := int64(time.Since(epoch))
	if last := m.asked.Load(); last != 0 && now-last < int64(askEvery) {
		return nil
	}
	m.asked.Store(now)
	if m.watch.changed() {
		m.broken.Store(true)
		return &FaultError{m.name}
	}
	return nil
}

// addressed is what the runtime throws for a fault while
// [debug.SetPanicOnFault] is on. Package runtime does not export it, but
// documents the method Addr.
type addressed interface {
	runtime.Error
	Addr() uintptr
}

// FaultOf returns the error of a recovered value that is a fault in a mapped
// file, nil for every other value. Wild is true for a fault at another address
// than that of nil: a mistake in a program that must not go on as if nothing
// had been. It is for those who recover by themselves, such as a pool of
// workers; others defer EndFaults.
func FaultOf(recovered any) (fault *FaultError, wild bool) {
	e, ok := recovered.(addressed)
	if !ok {
		return nil, false
	}
	at := e.Addr()
	live.Lock()
	defer live.Unlock()
	for m := range live.list {
		if m.first <= at && at <= m.last {
			m.broken.Store(true)
			return &FaultError{m.name}, false
		}
	}
	return nil, true
}

// WatchFaults makes faults of the calling goroutine panic, instead of ending the
// process, until [EndFaults] gets what WatchFaults returned. It costs nothing
// that can be measured.
//
//	defer storage.EndFaults(storage.WatchFaults(), &err)
//
// The setting is the goroutine's own and is not handed on to goroutines that it
// starts: each that reads mapped memory must make it.
func WatchFaults() (before bool) { return debug.SetPanicOnFault(true) }

// EndFaults must itself be deferred. It sets err to a [*FaultError] when a
// mapped file could not be read. Every other panic goes on. recover works in a
// deferred function only, and not in one that it calls.
func EndFaults(before bool, err *error) {
	debug.SetPanicOnFault(before)
	r := recover()
	if r == nil {
		return
	}
	fault, _ := FaultOf(r)
	if fault == nil {
		panic(r)
	}
	*err = fault
}
