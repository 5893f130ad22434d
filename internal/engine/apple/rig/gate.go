//go:build linux && (amd64 || arm64)

package rig

import (
	"testing"
	"time"

	"github.com/ebitengine/purego"
)

// patience is how long something may take that must happen sooner or later.
// Only a test that fails waits that long.
const patience = 60 * time.Second

// Gate is where steps of packages with an option such as predict-gate=1 wait
// while it is shut. With it a test can hold the framework in the middle of a
// step and look at what the engine does meanwhile, without sleeping. There is
// one gate for the process.
type Gate struct{ tb testing.TB }

// ShutGate shuts the gate, at the latest until the test ends. A test that
// forgets to open it, or fails, leaves nobody waiting.
func ShutGate(tb testing.TB) *Gate {
	tb.Helper()
	purego.SyscallN(functions.gate, 1)
	g := &Gate{tb}
	tb.Cleanup(g.Open)
	return g
}

// Open lets go what waits at the gate, and what comes after it.
func (g *Gate) Open() { purego.SyscallN(functions.gate, 0) }

// Waiting returns how many threads wait at the gate.
func (g *Gate) Waiting() int {
	n, _, _ := purego.SyscallN(functions.waiting)
	return int(n)
}

// Await waits until so many threads wait at the gate. It polls, because a
// thread of C that waits cannot tell a goroutine so.
func (g *Gate) Await(n int) {
	g.tb.Helper()
	for end := time.Now().Add(patience); g.Waiting() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			g.tb.Fatalf("%d threads wait at the gate, want %d", g.Waiting(), n)
		}
	}
}

// Leaves calls f and fails the test when f does not return while the gate is
// shut. It is the test that a context's end is heeded while the framework is
// busy.
func (g *Gate) Leaves(what string, f func()) {
	g.tb.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		g.tb.Errorf("%s waited for the framework", what)
		g.Open()
		<-done
	}
}
