package cache_test

import (
	"os"
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
