//go:build !linux

package cache_test

import (
	"os"
	"runtime"
	"testing"
)

func asOrdinaryUser(t *testing.T, _ string, what func()) {
	t.Helper()
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not hold for this user")
	}
	what()
}
