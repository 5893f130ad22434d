//go:build !linux

package cache

import (
	"errors"
	"os"
)

// cloneFile makes to share the bytes of from, where the file system can do that. On
// macOS only a file that is not there yet can be cloned.
func cloneFile(_, _ *os.File) error { return errors.ErrUnsupported }
