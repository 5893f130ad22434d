//go:build !linux && !darwin

package storage

import (
	"errors"
	"os"
)

// clone reports that files are not cloned here.
func clone(*os.File, string) error { return errors.ErrUnsupported }
