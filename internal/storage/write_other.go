//go:build !unix

package storage

import (
	"context"
	"io/fs"
	"os"
)

// openThrough opens a device. If the system waits, ctx does not end the wait.
func openThrough(_ context.Context, name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY, 0)
}

func interrupt(*os.File)              {}
func hardLinked(fs.FileInfo) bool     { return false }
func keepOwner(*os.File, fs.FileInfo) {}
func unsyncable(error) bool           { return false }
