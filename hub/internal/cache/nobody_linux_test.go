package cache_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// asOrdinaryUser runs what as a user whom permissions hold for: root is another one
// for it, in the one thread that runs it.
func asOrdinaryUser(t *testing.T, dir string, what func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		what()
		return
	}
	for at := dir; at != filepath.Clean(os.TempDir()) && at != "/"; at = filepath.Dir(at) {
		must(t, os.Chmod(at, 0o555))
		t.Cleanup(func() { _ = os.Chmod(at, 0o755) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends here
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Error(err)
			return
		}
		what()
	}()
	<-done
}
