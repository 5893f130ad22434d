package workpool

import (
	"bytes"
	"os"
)

// smtActive reports whether the kernel runs two threads on a core.
func smtActive() bool {
	b, err := os.ReadFile("/sys/devices/system/cpu/smt/active")
	return err == nil && bytes.HasPrefix(b, []byte("1"))
}
