package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// clone makes a file that shares the bytes of src.
func clone(src *os.File, to string) error {
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = unix.IoctlFileClone(int(dst.Fd()), int(src.Fd()))
	if err = errors.Join(err, dst.Close()); err != nil {
		return errors.Join(&os.LinkError{Op: "clone", Old: src.Name(), New: to, Err: err}, os.Remove(to))
	}
	return nil
}
