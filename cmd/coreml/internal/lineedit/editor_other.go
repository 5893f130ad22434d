//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package lineedit

import (
	"context"
	"io"
)

// Editor is what this system has none of.
type Editor struct{}

// New returns nil: the system has no terminals that could be edited on.
func New(Config) *Editor { return nil }

// Read returns [io.EOF].
func (*Editor) Read(context.Context, string) (string, error) { return "", io.EOF }
