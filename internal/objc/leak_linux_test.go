//go:build linux && (amd64 || arm64)

package objc

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/ebitengine/purego"
)

// liveObjects counts the objects of Foundation that exist, by GNUstep's own
// debugging counters.
type liveObjects struct {
	classes, count uintptr
}

// countObjects switches the counters on.
func countObjects(t testing.TB) liveObjects {
	t.Helper()
	rt := current.Load()
	active := rt.find("GSDebugAllocationActive")
	l := liveObjects{classes: rt.find("GSDebugAllocationClassList"), count: rt.find("GSDebugAllocationCount")}
	if active == 0 || l.classes == 0 || l.count == 0 {
		t.Fatal("GNUstep has no allocation counters")
	}
	purego.SyscallN(active, 1)
	t.Cleanup(func() { purego.SyscallN(active, 0) })
	return l
}

// total returns how many objects exist that were made while the counters were on.
func (l liveObjects) total() int64 {
	list, _, _ := purego.SyscallN(l.classes)
	var n int64
	for addr := list; ; addr += 8 {
		class := *(*uintptr)(pointer(addr))
		if class == 0 {
			return n
		}
		c, _, _ := purego.SyscallN(l.count, class)
		n += int64(int32(c))
	}
}

func TestTheCountersSeeALeak(t *testing.T) {
	load(t)
	counters := countObjects(t)
	before := counters.total()
	var leaked []*Object
	WithPool(func() {
		for range 10 {
			leaked = append(leaked, Retain(Data([]byte("leaked"))))
		}
	})
	if n := counters.total() - before; n != 10 {
		t.Errorf("%d of 10 objects are seen", n)
	}
	for _, o := range leaked {
		o.Close()
	}
	if n := counters.total() - before; n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

// everyHelper uses each function of the package that makes objects.
func everyHelper(t *testing.T, boxed *Method) {
	t.Helper()
	WithPool(func() {
		d, err := Dictionary([]ID{String("key"), String("ключ")}, []ID{Ints([]int{70000, 2}), Strings([]string{"x"})})
		if err != nil {
			t.Error(err)
			return
		}
		Entries(d)
		Lookup(d, "key")
		GoBytes(Data(make([]byte, 100)))
		GoPath(FileURL("/tmp/x", true))
		GoFloat(Float(3.5))
		GoBool(Bool(true))
		_ = GoError(makeError(t, "d", 1, "x", "y", NewError("e", 2)))
		if _, err := GoRange(SendClass(boxed, 1, 2)); err != nil {
			t.Error(err)
		}
		if _, err := Array(Int(70000), 0); err == nil {
			t.Error("nil in an array")
		}
		ClassName(d)
		Send(d, NSObject.Description)
		Retain(d).Close()
	})
	if o, err := New(NSObject.Init); err != nil {
		t.Error(err)
	} else {
		o.Close()
	}
	err := WithBlock(calling(), func(a, _, _ uintptr) { Ints([]int{int(a)}) }, func(b uintptr) { callBlock(b, 70000, 0, 0) })
	if err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, err := NewCompletion(completing(), func(_, _, _ uintptr) (*Object, error) { return Retain(Ints([]int{70000})), nil }, (*Object).Close)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := c.Wait(ctx); err == nil {
		t.Error("an ended context was waited for")
	}
	callBlock(c.Word(), 0, 0, 0)
}

func TestNothingThatIsMadeIsLeft(t *testing.T) {
	load(t)
	boxed := testMethod("NSValue", "valueWithRange:", "@@:{_NSRange=QQ}", borrowed)
	boxed.meta, boxed.args = true, 2
	everyHelper(t, boxed) // what the first use of a class makes once
	counters := countObjects(t)
	owned, open := Owned(), OpenBlocks()
	for _, c := range []struct {
		name               string
		rounds, goroutines int
	}{
		{"one goroutine", 300, 1},
		{"four goroutines while the collector runs", 150, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := func() {
				var wg sync.WaitGroup
				for range c.goroutines {
					wg.Go(func() {
						for i := range c.rounds {
							everyHelper(t, boxed)
							if i%50 == 0 {
								runtime.GC()
							}
						}
					})
				}
				wg.Wait()
			}
			run() // threads make objects of their own when they first meet the runtime
			before := counters.total()
			run()
			if n := counters.total() - before; n > 8*int64(c.goroutines) {
				t.Errorf("%d objects are left of %d rounds", n, c.rounds*c.goroutines)
			}
		})
	}
	if Owned() != owned || OpenBlocks() != open {
		t.Errorf("%d retains and %d blocks are left", Owned()-owned, OpenBlocks()-open)
	}
}
