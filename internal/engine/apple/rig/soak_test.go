//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/objc"
)

// soakEnv is the number of predictions of the soak; make rig-soak sets it.
const soakEnv = "COREML_RIG_SOAK"

// emulated is set where another processor is emulated.
const emulated = "COREML_RIG_EMULATED"

// resident returns the process's resident memory in bytes.
func resident(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// collect forces collections until the end of the test.
func collect(t *testing.T) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				runtime.GC()
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		wg.Wait()
	})
}

// soak makes n predictions on each of several goroutines with states of their
// own, half of them on foreign threads, with a look into the state now and then.
func soak(t *testing.T, p engine.Program, goroutines, n int) {
	t.Helper()
	var failed atomic.Bool
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			st, err := p.NewState()
			if err != nil {
				t.Error(err)
				return
			}
			defer st.Close()
			total := 0
			for i := range n {
				ctx := context.Background()
				if i%2 == g%2 {
					ctx = t.Context()
				}
				v := i % 3
				total += v
				out, err := predict(ctx, p, st, float64(v))
				if err != nil {
					failed.Store(true)
					t.Errorf("goroutine %d, prediction %d: %v", g, i, err)
				}
				if failed.Load() {
					return
				}
				if i%500 < 2 {
					wantAll(t, fmt.Sprintf("goroutine %d, prediction %d: total", g, i), out[0], float64(total))
				}
				if total > 1000 { // float16 counts exactly up to 2048
					if err := st.Reset(); err != nil {
						t.Error(err)
						return
					}
					total = 0
				}
			}
		})
	}
	wg.Wait()
}

func TestManyPredictionsLeaveNothingBehind(t *testing.T) {
	const goroutines = 4
	total := 2000
	if s := os.Getenv(soakEnv); s != "" {
		var err error
		if total, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, backing := range []bool{false, true} {
		t.Run(fmt.Sprintf("with output backings: %v", backing), func(t *testing.T) {
			e := newFramework(t)
			e.backing = backing
			p := load(t, e, rig.Package(t, accumulator, "pad=64"))
			collect(t)
			soak(t, p, goroutines, total/goroutines/10) // until everything is as large as it gets
			made, live, owned, memory := rig.Made(), rig.Settle(), objc.Owned(), resident(t)
			soak(t, p, goroutines, total/goroutines)
			// A program keeps the inputs and options of as many predictions as were under
			// way at once; after Close, which is checked too, none may be left.
			const kept = 4 * goroutines
			if n := rig.Settle(); n > live+kept {
				t.Errorf("%d objects are alive, %d before %d predictions:\n%s", n, live, total, rig.Report())
			}
			if n := objc.Owned(); n > owned+kept {
				t.Errorf("the binding owns %d objects, %d before", n, owned)
			}
			grown := resident(t) - memory
			// Memory is not flat where dead objects are kept to be recognised, nor is an
			// emulator's, which keeps something of every thread.
			if grown > 24<<20 && os.Getenv("NSZombieEnabled") == "" && os.Getenv(emulated) == "" {
				t.Errorf("resident memory has grown by %d MiB", grown>>20)
			}
			t.Logf("%d predictions: %d objects made, memory grown by %d KiB", total, rig.Made()-made, grown>>10)
		})
	}
}
