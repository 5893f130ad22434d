//go:build unix

package workpool_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
)

// reader reads a byte of mapped memory in workers that are not the caller.
type reader struct {
	data []byte
	sum  int
}

func (r *reader) Run(lo, hi, worker int) {
	if worker == 0 {
		time.Sleep(time.Millisecond) // leaves chunks to the others
		return
	}
	r.sum += int(r.data[0])
}

// TestAFaultInAWorkerIsThrownInTheCaller ends the process where workers do not
// make panics of faults.
func TestAFaultInAWorkerIsThrownInTheCaller(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := storage.MapFile(f)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Release(); err != nil {
			t.Error(err)
		}
	}()
	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	pool := workpool.New(2)
	defer pool.Close()
	for range 100 {
		thrown := throws(pool, &reader{data: b.Data()})
		if thrown == nil {
			continue // the worker was asleep
		}
		if fault, _ := storage.FaultOf(thrown); fault == nil || fault.Name != name {
			t.Errorf("thrown: %v, want a fault in %s", thrown, name)
		}
		return
	}
	t.Error("no worker read")
}

func throws(pool *workpool.Pool, task workpool.Task) (thrown any) {
	defer func() { thrown = recover() }()
	pool.For(task, 256, 1, 0)
	return nil
}
