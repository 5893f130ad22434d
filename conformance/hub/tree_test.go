//go:build linux

package hub_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree is all that lies in a folder: for each path, what it is.
type tree map[string]string

// treeOf reads a folder: types, modes, targets of links, sizes and hashes. What a
// local folder has of times is left out.
func treeOf(t *testing.T, dir string) tree {
	t.Helper()
	found := tree{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		what, err := describe(name, info)
		found[filepath.ToSlash(rel)] = what
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// describe says what is at a place.
func describe(name string, info fs.FileInfo) (string, error) {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(name)
		return "link to " + target, err
	case info.IsDir():
		return "folder " + info.Mode().String(), nil
	}
	data, err := contentOf(name)
	return fmt.Sprintf("file %v of %s", info.Mode(), data), err
}

// contentOf is the size and the hash of a file; of a record of a local folder, what
// it has beside the time.
func contentOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if strings.HasSuffix(name, ".metadata") {
		text, err := io.ReadAll(f)
		lines := strings.Split(string(text), "\n")
		return fmt.Sprintf("%q and %d lines", lines[:min(2, len(lines))], len(lines)), err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	return fmt.Sprintf("%d bytes, %x", n, h.Sum(nil)), err
}

// older takes away what version 0.36.2 does otherwise: it has no mark and no listings,
// its lock files have other modes, and it leaves files in the making behind.
func (f tree) older() tree {
	rest := tree{}
	for name, what := range f {
		parts := strings.Split(name, "/")
		if slices.Contains(parts, "trees") || parts[len(parts)-1] == "CACHEDIR.TAG" || strings.HasSuffix(name, ".incomplete") {
			continue
		}
		if strings.HasSuffix(name, ".lock") {
			what = "lock"
		}
		rest[name] = what
	}
	return rest
}

// differences lists what two folders do not share.
func differences(a, b tree) string {
	var list []string
	for name, what := range a {
		if b[name] != what {
			list = append(list, fmt.Sprintf("  %q: %s, and %s", name, what, orNothing(b[name])))
		}
	}
	for name, what := range b {
		if _, ok := a[name]; !ok {
			list = append(list, fmt.Sprintf("  %q: nothing, and %s", name, what))
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func orNothing(what string) string {
	if what == "" {
		return "nothing"
	}
	return what
}

// same fails the test where ours differs from Python's.
func same(t *testing.T, python client, ours, theirs tree) {
	t.Helper()
	if python.name != versions[0] {
		ours, theirs = ours.older(), theirs.older()
	}
	if d := differences(ours, theirs); d != "" {
		t.Errorf("ours, and %s:\n%s", python.name, d)
	}
}

// afterKill returns the tree without small files in the making, and with lock files of
// any mode: whoever makes one may be killed before it is opened to others.
func (f tree) afterKill() tree {
	f = maps.Clone(f)
	maps.DeleteFunc(f, func(name, _ string) bool { return inTheMaking(name) })
	for name := range f {
		if strings.HasSuffix(name, ".lock") {
			f[name] = "lock"
		}
	}
	return f
}
