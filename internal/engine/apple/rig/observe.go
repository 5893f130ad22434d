//go:build linux && (amd64 || arm64)

package rig

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/gocoreml/coreml/internal/objc"
)

// Numbers that StandinCounts returns.
const (
	countMade = iota
	countFreed
	countViolations
)

// count asks for one of the counts. They cover the whole process, so tests
// compare two of them.
func count(which uintptr) int64 {
	n, _, _ := purego.SyscallN(functions.counts, which)
	return int64(n)
}

// Made returns how many objects of the framework's classes have been made since
// the process began, and Freed how many of them are gone.
func Made() int64 { return count(countMade) }

// Freed returns how many objects of the framework's classes have been freed.
func Freed() int64 { return count(countFreed) }

// Violations returns how often the framework was used in a way that its
// documentation leaves undefined. Such are a second use of a state that is in
// use, a model that is freed during a prediction, the address of a pixel buffer
// that is not locked.
func Violations() int64 { return count(countViolations) }

// Forget clears the violations and returns how many there were. A test that
// provokes violations on purpose calls it before Balance looks.
func Forget() int64 {
	n, _, _ := purego.SyscallN(functions.forget)
	return int64(n)
}

// Report lists the classes with live objects, a line each, and the first
// violation.
func Report() string { return text(functions.report, 1<<14) }

// Methods lists the stand-in's methods: class, + or -, selector and type in each
// line, with tabs between them.
func Methods() string { return text(functions.methods, 1<<18) }

// text calls a function that fills a buffer. The buffer is pinned, because the
// collector does not know that C writes into it.
func text(f uintptr, size int) string {
	b := make([]byte, size)
	var pin runtime.Pinner
	pin.Pin(&b[0])
	defer pin.Unpin()
	n, _, _ := purego.SyscallN(f, uintptr(unsafe.Pointer(&b[0])), uintptr(size))
	return string(b[:n])
}

// Devices are the machine's compute devices. They are bits, to be joined.
type Devices uintptr

// The devices that the stand-in can play.
const (
	CPU Devices = 1 << iota
	GPU
	NeuralEngine
)

// SetDevices changes the machine that is played; without it, it has all devices.
func SetDevices(tb testing.TB, d Devices) {
	tb.Helper()
	purego.SyscallN(functions.setDevices, uintptr(d))
	tb.Cleanup(func() { purego.SyscallN(functions.setDevices, uintptr(CPU|GPU|NeuralEngine)) })
}

// Settle waits until nothing is under way, and returns how many objects of the
// framework's classes are alive then.
func Settle() int64 { return settle(0, 100*time.Millisecond) }

// settle waits until nothing runs in the stand-in any more and no more than live
// objects are left, or until their number has stayed the same for so long. Objects
// that nobody closed are released by cleanups, which run some time after a
// collection, on a busy machine a long time: hence the loop. It gives up after a
// minute.
func settle(live int64, still time.Duration) int64 {
	left, since := int64(0), time.Now()
	for end := since.Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		runtime.GC()
		running, _, _ := purego.SyscallN(functions.threads)
		now := Made() - Freed()
		if running != 0 || now != left {
			left, since = now, time.Now()
		}
		if running == 0 && (left <= live || time.Since(since) >= still) {
			break
		}
	}
	return left
}

// Balance fails the test if, when it ends, more objects are alive than when
// Balance was called, if the binding still owns more, or if the framework was
// used in an undefined way meanwhile. Call it before what the test cleans up
// itself is made. Tests of the engine call it to show that they leak nothing
// and use the framework as documented.
func Balance(tb testing.TB) {
	tb.Helper()
	Start(tb)
	live, owned, before := Settle(), objc.Owned(), Violations()
	programs := handles.count()
	tb.Cleanup(func() {
		if left := settle(live, patience/4); left > live {
			tb.Errorf("%d objects were left alive, %d before:\n%s", left, live, Report())
		}
		if n := objc.Owned(); n > owned {
			tb.Errorf("the binding owns %d objects, %d before", n, owned)
		}
		if n := handles.count(); n > programs {
			tb.Errorf("the engine holds %d programs, states and results, %d before", n, programs)
		}
		if n := Violations(); n > before {
			_, first, _ := strings.Cut(Report(), "violation: ")
			tb.Errorf("the framework was used in an undefined way %d times, first: %s", n-before, first)
		}
	})
}
