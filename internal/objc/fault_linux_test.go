//go:build linux && (amd64 || arm64)

package objc

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ebitengine/purego"
)

// Faults of the kind that end a process, or only show on its standard error, are
// made in a child: this test's own binary with a variable that names the fault.

// faultVariable names the fault that a child makes.
const faultVariable = "COREML_OBJC_FAULT"

// faults are what a child may do. Each has a counterpart that does it right and
// must leave no trace, so that the check is known to see the difference.
var faults = map[string]func(t *testing.T){
	"a message to a released object": func(*testing.T) {
		raw := Send(NSObject.Class.ID(), NSObject.New)
		Send(raw, NSObject.Release)
		Send(raw, NSObject.Description)
	},
	"an object closed twice": func(*testing.T) {
		o := Adopt(Send(NSObject.Class.ID(), NSObject.New))
		WithPool(func() { Send(o.ID(), NSObject.Description) })
		o.Close()
		o.Close()
		runtime.GC()
	},
	"an object used after its pool": func(*testing.T) {
		var borrowed ID
		WithPool(func() { borrowed = Data([]byte("gone")) })
		Send(borrowed, NSData.Length)
	},
	"an object retained in its pool": func(*testing.T) {
		var kept *Object
		WithPool(func() { kept = Retain(Data([]byte("kept"))) })
		defer kept.Close()
		SendInt(kept.ID(), NSData.Length)
	},
	"a send without a pool": func(*testing.T) {
		Ints([]int{70000, 70001})
	},
	"a send in a pool": func(*testing.T) {
		WithPool(func() { Ints([]int{70000, 70001}) })
	},
	"a block called on a thread without a pool": func(t *testing.T) {
		c, err := NewCompletion(completing(), func(_, _, _ uintptr) (int, error) { return Len(Ints([]int{70000})), nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		callBlockOnThread(t, c.Word())
		if n, err := c.Wait(t.Context()); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	},
	"a selector that nothing has, sent past the table": func(*testing.T) {
		rt := current.Load()
		class := NSObject.Class.ID()
		sel := SEL(withName(rt.registerName, "predictTheFuture"))
		purego.SyscallN(rt.imp(class, sel), uintptr(class), uintptr(sel))
	},
	"a selector that nothing has": func(*testing.T) {
		Send(NSObject.Class.ID(), testMethod("NSObject", "predictTheFuture", "@@:", borrowed))
	},
	"an index outside an array": func(*testing.T) {
		WithPool(func() { Send(Ints([]int{1}), NSArray.At, 5) })
	},
	"an index outside an array, checked": func(*testing.T) {
		WithPool(func() { At(Ints([]int{1}), 5) })
	},
	"pools that move between threads": func(*testing.T) {
		hammerPools(func(f func()) {
			rt := current.Load()
			pool := rt.push(rt)
			f()
			rt.pop(rt, pool)
		})
	},
	"pools that stay on their threads": func(*testing.T) { hammerPools(WithPool) },
}

// hammerPools makes and drains pools on goroutines that lose their threads as
// often as they can.
func hammerPools(with func(func())) {
	deadline := time.Now().Add(3 * time.Second)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if time.Now().After(deadline) {
					return
				}
				with(func() {
					Ints([]int{70000, 70001, 70002})
					runtime.Gosched()
					time.Sleep(time.Microsecond)
					Ints([]int{70000})
				})
			}
		})
	}
	wg.Wait()
}

// TestFaultChild is the child of the tests below.
func TestFaultChild(t *testing.T) {
	name := os.Getenv(faultVariable)
	if name == "" {
		t.Skip("this is the child of the other tests of faults")
	}
	if err := Load(); err != nil {
		t.Fatal(err)
	}
	faults[name](t)
}

// runFault runs a child and returns what it wrote and whether it ended well.
func runFault(t *testing.T, name string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFaultChild$", "-test.v")
	cmd.Env = append(os.Environ(), faultVariable+"="+name, "NSZombieEnabled=YES", "GOTRACEBACK=none")
	// A child that crashes must not leave a core file behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err == nil
}

func TestFaultsAreSeen(t *testing.T) {
	load(t)
	for _, c := range []struct {
		fault string
		says  string // what the runtime writes; "" for nothing
		ends  bool   // whether the process goes on
	}{
		{"a message to a released object", "deallocated instance", true},
		{"an object closed twice", "", true},
		{"an object used after its pool", "deallocated instance", true},
		{"an object retained in its pool", "", true},
		{"a send without a pool", "autorelease called without pool", true},
		{"a send in a pool", "", true},
		{"a block called on a thread without a pool", "", true},
		{"a selector that nothing has, sent past the table", "Uncaught exception NSInvalidArgumentException", false},
		{"a selector that nothing has", "", true},
		{"an index outside an array", "Uncaught exception NSRangeException", false},
		{"an index outside an array, checked", "", true},
		{"pools that stay on their threads", "", true},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			out, ok := runFault(t, c.fault)
			if ok != c.ends {
				t.Errorf("ended well: %t\n%s", ok, out)
			}
			switch {
			case c.says != "" && !strings.Contains(out, c.says):
				t.Errorf("nothing says %q:\n%s", c.says, out)
			case c.says == "" && complains(out):
				t.Errorf("the runtime complained:\n%s", out)
			}
		})
	}
	t.Run("pools that move between threads", func(t *testing.T) {
		t.Parallel()
		// Which complaint it is depends on where the pool ends up.
		out, ok := runFault(t, "pools that move between threads")
		if ok && !complains(out) {
			t.Errorf("nothing was seen:\n%s", out)
		}
	})
}

// TestTheOtherTestsLeaveNoComplaint runs this package's tests once more, where the
// runtime keeps dead objects and complains of messages to them.
func TestTheOtherTestsLeaveNoComplaint(t *testing.T) {
	load(t)
	if os.Getenv("NSZombieEnabled") != "" {
		t.Skip("this is that run")
	}
	// The counters count dead objects too.
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.skip=^(TestFault|TestTheOther|TestTheCounters|TestNothingThat|TestEvery|TestNoSel|TestRows|TestOneFunction|TestPurego)")
	cmd.Env = append(os.Environ(), "NSZombieEnabled=YES")
	out, err := cmd.CombinedOutput()
	if err != nil || complains(string(out)) {
		t.Errorf("%v:\n%s", err, out)
	}
}

// complains reports whether a runtime wrote one of its complaints.
func complains(out string) bool {
	for _, s := range []string{"deallocated instance", "without pool", "Uncaught exception", "SIGSEGV", "double free", "corrupted"} {
		if strings.Contains(out, s) {
			return true
		}
	}
	return false
}
