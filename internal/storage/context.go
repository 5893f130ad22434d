package storage

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Reader returns a reader of r that ends with the error of its context when that
// does. io.Copy has no context, and weights of gigabytes take many seconds to read.
func Reader(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context //nolint:containedctx // it lives for one copy
	r   io.Reader
}

// Read reads unless the context has ended.
func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// errLink ends a walk that has found one.
var errLink = errors.New("a symbolic link")

// HasLinks reports whether name is a symbolic link, or a folder with one below it.
func HasLinks(ctx context.Context, name string) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return info.Mode()&fs.ModeSymlink != 0, nil
	}
	err = filepath.WalkDir(name, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.Type()&fs.ModeSymlink != 0:
			return errLink
		}
		return nil
	})
	if errors.Is(err, errLink) {
		return true, nil
	}
	return false, err
}
