//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// source is an engine.Source whose file system is known.
type source struct {
	fsys fs.FS
	dir  string // in fsys
	path string // in the operating system; empty when it does not lie there
}

func newSource(src engine.Source) (source, error) {
	s := source{src.FS, path.Clean(src.Dir), src.Path}
	if s.path != "" {
		s.path = filepath.Clean(s.path) // without the slash that a folder's may end with
	}
	if s.fsys == nil {
		if s.path == "" {
			return s, fmt.Errorf("no package was named: %w", modelpkg.ErrNotPackage)
		}
		s.fsys, s.dir = os.DirFS(filepath.Dir(s.path)), filepath.Base(s.path)
	}
	if !fs.ValidPath(s.dir) {
		return s, &fs.PathError{Op: "open", Path: src.Dir, Err: fs.ErrInvalid}
	}
	return s, nil
}

// name returns the last part of the package's path.
func (s *source) name() string {
	if s.path != "" {
		return filepath.Base(s.path)
	}
	return path.Base(s.dir)
}

// compiled reports whether the source is a compiled model.
func (s *source) compiled() bool { return strings.EqualFold(path.Ext(s.name()), extension) }

// digest returns the digest of the source's content.
func (s *source) digest(ctx context.Context, c *cache) (string, error) {
	if c.root == "" {
		return "", nil // nobody asks for it
	}
	if s.path != "" {
		return c.digestAt(ctx, s.fsys, s.dir, s.path)
	}
	list, err := files(s.fsys, s.dir)
	if err != nil {
		return "", err
	}
	return digest(ctx, s.fsys, s.dir, list)
}

// locate returns a path in the operating system where the package lies, and a
// function that removes what had to be copied for it.
func (s *source) locate(ctx context.Context, c *cache) (name string, done func() error, err error) {
	if s.path != "" {
		name, err = filepath.Abs(s.path)
		return name, func() error { return nil }, err
	}
	dir, err := c.scratch()
	if err != nil {
		return "", nil, err
	}
	info, err := fs.Stat(s.fsys, s.dir)
	if err == nil {
		// The framework tells packages from bare files by the name.
		name = filepath.Join(dir, "model.mlpackage")
		if !info.IsDir() {
			name = filepath.Join(dir, "model.mlmodel")
		}
		err = copyTree(ctx, name, s.fsys, s.dir)
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return name, func() error { return os.RemoveAll(dir) }, nil
}
