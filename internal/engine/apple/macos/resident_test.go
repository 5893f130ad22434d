//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// resident returns the memory of this process that lies in RAM, in bytes, once
// the garbage collector has given back what it could.
func resident(t testing.TB) int64 {
	t.Helper()
	debug.FreeOSMemory()
	out, err := exec.CommandContext(t.Context(), "ps", "-o", "rss=", "-p", strconv.Itoa(os.Getpid())).Output()
	if err != nil {
		t.Skipf("ps does not tell the resident memory: %v", err)
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// mib returns bytes in MiB.
func mib(n int64) float64 { return float64(n) / (1 << 20) }
