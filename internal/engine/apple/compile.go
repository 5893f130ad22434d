//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gocoreml/coreml/internal/objc"
)

// compile lets the framework compile the package at a path and returns the
// folder of the result, which is temporary and the caller's. When ctx ends
// first a late result is removed. The compiler tells by the name's ending what
// it is given, so name must end in .mlpackage or .mlmodel. It takes seconds for
// a language model. It cannot be cancelled, only no longer waited for.
func compile(ctx context.Context, name string) (string, error) {
	if err := need("compile", objc.MLModel.Compile); err != nil {
		return "", err
	}
	// A URL of a folder has to say that it is one.
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	done, err := objc.NewCompletion(objc.MLModel.Compile, func(url, e, _ uintptr) (string, error) {
		dir := objc.GoPath(objc.ID(url))
		if dir == "" {
			return "", noResult(objc.ID(e), "the place of the compiled model")
		}
		return dir, nil
	}, func(late string) { _ = os.RemoveAll(late) })
	if err != nil {
		return "", failed("compile", err)
	}
	objc.WithPool(func() {
		objc.SendClass(objc.MLModel.Compile, uintptr(objc.FileURL(name, info.IsDir())), done.Word())
	})
	dir, err := done.Wait(ctx)
	if err != nil {
		return "", waited(ctx, "compile", err)
	}
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("compiled model: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("compiled model: %s is not a folder", dir)
	}
	return dir, nil
}

// made is a compiled model. Exactly one of three owns dir: the cache, the
// program (own), or the user, whose compiled model is loaded as it lies.
type made struct {
	dir    string
	digest string
	fresh  bool // compiled just now
	own    bool // not in the cache: whoever uses it removes it
}

// compile returns the source's compiled form, from the cache where it has one.
// Where the cache cannot be written the result is for this once. A package is
// read through once for its digest before anything is compiled, unless a stamp
// says that it has not changed.
func (s *source) compile(ctx context.Context, c *cache) (m made, err error) {
	if m.digest, err = s.digest(ctx, c); err != nil {
		return m, fmt.Errorf("read the package: %w", err)
	}
	if dir, ok := c.find(m.digest); ok {
		m.dir = dir
		return m, nil
	}
	m.fresh = true
	if m.dir, err = s.make(ctx, c); err != nil {
		return m, err
	}
	dir, err := c.install(ctx, m.digest, m.dir)
	// That the cache cannot keep the result is no reason to fail, but a caller
	// who has gone wants no result.
	switch {
	case err == nil:
		m.dir = dir
	case ctx.Err() != nil:
		return m, errors.Join(err, os.RemoveAll(m.dir))
	default:
		m.own = true
	}
	return m, nil
}

// make compiles the source, or copies it when it is compiled but lies in no
// file system that the framework sees, or there as links. The result is a
// temporary folder that install takes over.
func (s *source) make(ctx context.Context, c *cache) (dir string, err error) {
	if s.compiled() {
		if dir, err = c.scratch(); err != nil {
			return "", err
		}
		if s.path != "" {
			err = s.linkTree(ctx, dir)
		} else {
			err = copyTree(ctx, dir, s.fsys, s.dir)
		}
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
		return dir, nil
	}
	name, done, err := s.locate(ctx, c)
	if err != nil {
		return "", err
	}
	dir, err = compile(ctx, name)
	if e := done(); err == nil && e != nil {
		return "", errors.Join(e, os.RemoveAll(dir))
	}
	return dir, err
}
