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
	"github.com/gocoreml/coreml/internal/storage"
)

// source is an engine.Source whose file system is known. fsys and dir are
// always set, and are what is read here. path is what the framework can be
// given, as it opens files by URL only.
type source struct {
	fsys fs.FS
	dir  string // in fsys
	path string // in the operating system; empty when it does not lie there
}

// newSource brings a path and a folder of a file system into one form: a path
// is read through the file system of the folder around it. So a bare .mlmodel
// file can be named as well as a folder.
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

// named reports whether the source is called a compiled model, which is how Core ML
// tells one.
func (s *source) named() bool { return strings.EqualFold(path.Ext(s.name()), extension) }

// compiled reports whether the source is a compiled model: by its name, or by what lies
// in a folder of another name, as an archive may be unpacked to.
func (s *source) compiled() bool {
	return s.named() || !s.has("Manifest.json") && s.has("coremldata.bin")
}

// has reports whether a file lies in the source's folder.
func (s *source) has(name string) bool {
	_, err := fs.Stat(s.fsys, pathJoin(s.dir, name))
	return err == nil
}

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
// function that removes what had to be copied for it. A package whose files are
// links, as caches of downloads have them, is copied too: the framework is not
// known to follow them. done may be called once, after the framework has read
// everything. The name is absolute.
func (s *source) locate(ctx context.Context, c *cache) (name string, done func() error, err error) {
	if s.path != "" {
		if name, err = filepath.Abs(s.path); err != nil {
			return "", nil, err
		}
		linked, err := hasLinks(ctx, name)
		if err != nil || !linked {
			return name, func() error { return nil }, err
		}
	}
	dir, err := c.scratch()
	if err != nil {
		return "", nil, err
	}
	info, err := fs.Stat(s.fsys, s.dir)
	if err == nil {
		// The framework tells packages from bare files by the name.
		to := filepath.Join(dir, "model.mlpackage")
		if !info.IsDir() {
			to = filepath.Join(dir, "model.mlmodel")
		}
		if name != "" {
			err = s.linkTree(ctx, to)
		} else {
			err = copyTree(ctx, to, s.fsys, s.dir)
		}
		name = to
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return name, func() error { return os.RemoveAll(dir) }, nil
}

// asItIs reports whether the source is a compiled model that can be given to the
// framework where it lies: one whose files are files and no links.
func (s *source) asItIs(ctx context.Context) (bool, error) {
	if !s.named() || s.path == "" {
		return false, nil
	}
	linked, err := hasLinks(ctx, s.path)
	return !linked, err
}

// hasLinks reports whether a file is a symbolic link, or whether there are some
// below a folder. The package's own path may lead over links, which the system
// follows for every program.
func hasLinks(ctx context.Context, name string) (bool, error) {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		name, err = filepath.EvalSymlinks(name)
	}
	if err != nil {
		return false, err
	}
	return storage.HasLinks(ctx, name)
}

// linkTree makes a copy of a package that lies in the operating system. Its files
// are clones or hard links where the file systems allow it and copies elsewhere.
// The first two cost no space and no time for weights of gigabytes; to the
// framework they are ordinary files.
func (s *source) linkTree(ctx context.Context, to string) error {
	list, err := files(s.fsys, s.dir)
	if err != nil {
		return err
	}
	for _, f := range list {
		name := filepath.Join(to, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if _, err := storage.Place(ctx, filepath.Join(s.path, filepath.FromSlash(f.name)), name); err != nil {
			return err
		}
	}
	return nil
}
