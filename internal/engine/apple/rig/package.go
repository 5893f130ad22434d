//go:build linux && (amd64 || arm64)

package rig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
)

// opset is the operator set of built programs: the first with states.
const opset = "CoreML8"

// Package writes a package of one function, main, with options for the
// stand-in, and returns where it lies. The name ends in .mlpackage, by which
// the compiler tells packages.
func Package(tb testing.TB, build func(b *mil.Builder), options ...string) engine.Source {
	tb.Helper()
	b := mil.NewBuilder("main", opset)
	build(b)
	f, err := b.Function()
	if err != nil {
		tb.Fatal(err)
	}
	p := mil.NewProgram(f)
	d, err := mil.Describe(p, "")
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(tb.TempDir(), "model.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		tb.Fatal(err)
	}
	return withOptions(tb, dir, options)
}

// Copy copies a package and adds options for the stand-in. It is for packages
// of the test data, which a test must not write into.
func Copy(tb testing.TB, path string, options ...string) engine.Source {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), filepath.Base(path))
	if err := os.CopyFS(dir, os.DirFS(path)); err != nil {
		tb.Fatal(err)
	}
	return withOptions(tb, dir, options)
}

// withOptions completes a package and names it in both ways that a source can
// be named.
func withOptions(tb testing.TB, dir string, options []string) engine.Source {
	tb.Helper()
	SetOptions(tb, dir, options...)
	return engine.Source{FS: os.DirFS(dir), Dir: ".", Path: dir}
}

// SetOptions writes the options for the stand-in into a package.
func SetOptions(tb testing.TB, dir string, options ...string) {
	tb.Helper()
	if len(options) == 0 {
		return
	}
	text := strings.Join(options, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, OptionsFile), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
