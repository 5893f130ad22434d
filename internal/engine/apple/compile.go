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
// folder of the result, which is temporary and the caller's. When ctx ends first
// a late result is removed.
func compile(ctx context.Context, name string) (string, error) {
	if err := need("compile", objc.MLModel.Compile); err != nil {
		return "", err
	}
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

// compile returns the path of the source's compiled form, from the cache where
// it has one. fresh is true when it was compiled just now.
func (s *source) compile(ctx context.Context, c *cache) (dir, digest string, fresh bool, err error) {
	if digest, err = s.digest(ctx, c); err != nil {
		return "", "", false, fmt.Errorf("read the package: %w", err)
	}
	if dir, ok := c.find(digest); ok {
		return dir, digest, false, nil
	}
	if s.compiled() {
		dir, err = s.unpack(ctx, c, digest)
		return dir, digest, true, err
	}
	name, done, err := s.locate(ctx, c)
	if err != nil {
		return "", "", false, err
	}
	defer func() { err = errors.Join(err, done()) }()
	made, err := compile(ctx, name)
	if err != nil {
		return "", "", false, err
	}
	if dir, err = c.install(ctx, digest, made); err != nil {
		return "", "", false, errors.Join(err, os.RemoveAll(made))
	}
	return dir, digest, true, nil
}

// unpack puts a compiled model that does not lie in the operating system's files
// into the cache.
func (s *source) unpack(ctx context.Context, c *cache, digest string) (string, error) {
	part, err := c.scratch()
	if err != nil {
		return "", err
	}
	if err = copyTree(ctx, part, s.fsys, s.dir); err == nil {
		var dir string
		if dir, err = c.install(ctx, digest, part); err == nil {
			return dir, nil
		}
	}
	return "", errors.Join(err, os.RemoveAll(part))
}
