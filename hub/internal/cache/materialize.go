package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/internal/storage"
)

// Materialize makes real files of a file or a folder that links into a cache: clones
// where the file system has them, hard links, or copies. Independent leaves out hard
// links, through which the cache's own bytes could be written.
//
// A link may lead to a file of the folder itself, or of the cache that the folder
// lies in; any other, or one to a folder, is an error. Dst appears when it is
// whole. What is there already stays: it is an error that is [fs.ErrExist], unless
// it is just what would be made.
func Materialize(ctx context.Context, src, dst string, independent bool) error {
	m, err := newMaterializer(ctx, src)
	if err != nil {
		return err
	}
	defer m.root.Close()
	m.ways = []storage.Placing{storage.Cloned, storage.Linked, storage.Copied}
	if independent {
		m.ways = []storage.Placing{storage.Cloned, storage.Copied}
	}
	if err := m.collect(m.src, "", 0); err != nil {
		return err
	}
	if _, err := os.Lstat(dst); err == nil {
		return m.same(dst)
	}
	temp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dst)), ".coreml-*.part")
	if err != nil {
		return trouble(err)
	}
	made := filepath.Join(temp, "x")
	err = m.make(made)
	if err == nil {
		err = renameNew(made, dst)
		if errors.Is(err, fs.ErrExist) {
			err = m.same(dst) // another process may have been faster
		}
	}
	return trouble(errors.Join(err, os.RemoveAll(temp)))
}

// renameNew renames and replaces nothing but what has come in this moment.
func renameNew(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "materialize", Path: to, Err: fs.ErrExist}
	}
	err := os.Rename(from, to)
	if _, there := os.Lstat(to); err != nil && there == nil {
		return errors.Join(&fs.PathError{Op: "materialize", Path: to, Err: fs.ErrExist}, err)
	}
	return err
}

// materializer makes one folder.
type materializer struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one call
	root    *os.Root        // what links may lead to
	dir     string          // its absolute path
	src     string          // below the root, slashed
	ways    []storage.Placing
	entries []entry // folders before what is in them
}

// entry is a file or folder to make.
type entry struct {
	name string // below the folder, slashed; "" for itself
	from string // of a file: the absolute path of what to make it of
	info fs.FileInfo
}

// newMaterializer finds what links may lead to: the cache that src lies in, or else
// src itself, or the folder of a src that is a file.
func newMaterializer(ctx context.Context, src string) (*materializer, error) {
	abs, err := filepath.Abs(src)
	if err != nil {
		return nil, err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return nil, err
	}
	abs = filepath.Join(parent, filepath.Base(abs))
	dir, ok := cacheOf(abs)
	if !ok {
		dir = abs
		if info, err := os.Lstat(abs); err != nil || !info.IsDir() {
			dir = parent
		}
	}
	rel, err := filepath.Rel(dir, abs)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &materializer{ctx: ctx, root: root, dir: dir, src: filepath.ToSlash(rel)}, nil
}

// cacheOf returns the cache folder that a path of a snapshot lies in:
// cache/models--org--name/snapshots/commit.
func cacheOf(name string) (string, bool) {
	for at := name; ; {
		up := filepath.Dir(at)
		if up == at {
			return "", false
		}
		if IsCommit(filepath.Base(at)) && filepath.Base(up) == "snapshots" {
			if repo := filepath.Dir(up); repo != up {
				if _, _, why := parseFolder(filepath.Base(repo)); why == "" {
					return filepath.Dir(repo), true
				}
			}
		}
		at = up
	}
}

// collect lists what is to be made.
func (m *materializer) collect(name, below string, depth int) error {
	if m.ctx.Err() != nil {
		return context.Cause(m.ctx)
	}
	fault := func(err error) error {
		return fmt.Errorf("materialize %s: %w", quote.Name(filepath.Join(m.dir, name), maxName), err)
	}
	info, err := statLinked(m.root, name) // a link that leads out of the root is an error here
	if err != nil {
		return fault(err)
	}
	switch {
	case info.Mode().IsRegular():
		m.entries = append(m.entries, entry{below, filepath.Join(m.dir, filepath.FromSlash(name)), info})
		return nil
	case !info.IsDir():
		return fault(errNotFile)
	case depth > maxDepth:
		return fault(fmt.Errorf("more than %d folders in one another", maxDepth))
	}
	if link, err := m.root.Lstat(name); err != nil || !link.IsDir() {
		return fault(errors.Join(err, errors.New("a link to a folder")))
	}
	m.entries = append(m.entries, entry{below, "", info})
	d, err := m.root.Open(name)
	if err != nil {
		return fault(err)
	}
	names, err := d.Readdirnames(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return fault(err)
	}
	slices.Sort(names)
	for _, child := range names {
		if err := m.collect(path.Join(name, child), path.Join(below, child), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// make makes all of it in a place of its own.
func (m *materializer) make(at string) error {
	for _, e := range m.entries {
		to := filepath.Join(at, filepath.FromSlash(e.name))
		if e.from == "" {
			if err := os.Mkdir(to, 0o777); err != nil {
				return err
			}
			continue
		}
		way, err := storage.Place(m.ctx, e.from, to, m.ways...)
		if err != nil {
			return err
		}
		if way != storage.Linked {
			// By its time a file is known again, see same.
			if err := os.Chtimes(to, e.info.ModTime(), e.info.ModTime()); err != nil {
				return err
			}
		}
	}
	return nil
}

// same says whether dst is just what would be made: real files of the same names
// and sizes, which are the same files or as old.
func (m *materializer) same(dst string) error {
	exists := &fs.PathError{Op: "materialize", Path: dst, Err: fs.ErrExist}
	want := map[string]entry{}
	for _, e := range m.entries {
		want[e.name] = e
	}
	err := filepath.WalkDir(dst, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dst, p)
		if err != nil {
			return err
		}
		info, err := os.Lstat(p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if name == "." {
			name = "" // dst itself
		}
		e, ok := want[name]
		delete(want, name)
		if !ok || !alike(info, e) {
			return exists
		}
		return nil
	})
	if err == nil && len(want) > 0 {
		err = exists
	}
	return err
}

// alike says whether what is there is what would be made of an entry. A copy has the time
// of what it was made of, and a hard link is the same file.
func alike(info fs.FileInfo, e entry) bool {
	if e.from == "" || info.IsDir() {
		return info.IsDir() && e.from == ""
	}
	return info.Mode().IsRegular() && info.Size() == e.info.Size() &&
		(os.SameFile(info, e.info) || info.ModTime().Equal(e.info.ModTime()))
}
