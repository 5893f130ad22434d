package cache

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"syscall"
)

// Kind is the kind of a repository, as Python's repo_type.
type Kind string

// The kinds of repositories.
const (
	Model   Kind = "model"
	Dataset Kind = "dataset"
	Space   Kind = "space"
	Kernel  Kind = "kernel"
)

// valid says whether the kind is one of those above: it becomes part of a folder's name.
func (k Kind) valid() bool {
	switch k {
	case Model, Dataset, Space, Kernel:
		return true
	}
	return false
}

// Options are how a cache is kept. The zero value is how Python keeps it.
type Options struct {
	// NoLinks makes files of a snapshot instead of links, as HF_HUB_DISABLE_SYMLINKS
	// does. The same happens where links cannot be made.
	NoLinks bool
}

// Cache is a cache folder. Safe for concurrent use, also by other processes.
type Cache struct {
	*folder
	options Options
	tagged  sync.Once
}

// Open takes a cache folder into use. Nothing is made: the folder and the mark
// that it is a cache come with the first file.
func Open(dir string, o Options) (*Cache, error) {
	f, err := newFolder(dir)
	if err != nil {
		return nil, err
	}
	return &Cache{folder: f, options: o}, nil
}

// Dir is the folder's absolute path.
func (c *Cache) Dir() string { return c.dir }

// cacheTag is the content of CACHEDIR.TAG, by which programs that make backups
// know a folder that they may skip.
const cacheTag = "Signature: 8a477f597d28d172789f06886806bc55\n" +
	"# This file is a cache directory tag created by huggingface_hub.\n" +
	"# For information about cache directory tags, see:\n" +
	"#\thttps://bford.info/cachedir/\n"

const tagName = "CACHEDIR.TAG"

// tag writes CACHEDIR.TAG where it is missing. A failure is no reason not to
// download: the tag serves others.
func (c *Cache) tag() { c.tagged.Do(func() { _ = writeOnce(c.folder, tagName, cacheTag) }) }

// writeOnce writes a small file unless something has its name.
func writeOnce(f *folder, name, content string) error {
	root, err := f.writing()
	if err != nil {
		return err
	}
	if _, err := root.Lstat(name); err == nil {
		return nil
	}
	return f.replace(name, path.Base(name)+".*.tmp", []byte(content), 0o666)
}

// CheckTree accepts the names of files that can lie in one snapshot of this cache:
// see [CheckNames]. Names that differ in case alone are refused where the file
// system takes them for one.
func (c *Cache) CheckTree(names []string) error { return c.checkTree(names, tagName) }

// checkTree checks names for this folder, of which known is a name that is in it: only
// the file system itself can say whether it tells capitals from small letters.
func (f *folder) checkTree(names []string, known string) error {
	key := func(s string) string { return s }
	if f.foldsCase(known) {
		key = fold
	}
	return checkTogether(names, key)
}

// Repo is a repository's part of a cache. Safe for concurrent use.
type Repo struct {
	c    *Cache
	kind Kind
	id   string
	name string // of the folder

	mu        sync.Mutex
	leftovers map[string]bool // etags that had files in the making when blobs was first read
}

// Repo returns a repository's part of the cache, which need not be there.
func (c *Cache) Repo(kind Kind, id string) (*Repo, error) {
	if !kind.valid() {
		return nil, &NameError{What: "kind of repository", Name: string(kind), Why: "is unknown"}
	}
	if err := CheckID(id); err != nil {
		return nil, err
	}
	return &Repo{c: c, kind: kind, id: id, name: folderName(kind, id)}, nil
}

// folderName is the name of a repository's folder: models--org--name.
func folderName(kind Kind, id string) string {
	return string(kind) + "s--" + strings.ReplaceAll(id, "/", "--")
}

// Dir is the absolute path of the repository's folder.
func (r *Repo) Dir() string { return r.c.path(r.name) }

// in is the name of what lies in the repository's folder, below the root of the cache.
func (r *Repo) in(parts ...string) string {
	return path.Join(append([]string{r.name}, parts...)...)
}

// Ref returns the commit that a branch or tag was at when it was last asked for.
// [fs.ErrNotExist] means that none is known.
func (r *Repo) Ref(revision string) (string, error) {
	if err := CheckRevision(revision); err != nil {
		return "", err
	}
	name := r.in("refs", revision)
	data, err := r.c.readSmall(name, 128)
	switch {
	case errors.Is(err, errNotFile) || errors.Is(err, syscall.ENOTDIR):
		return "", &fs.PathError{Op: "read", Path: r.c.path(name), Err: fs.ErrNotExist}
	case err != nil:
		return "", err
	}
	// Somebody who wrote it by hand may have ended the line.
	commit := strings.TrimRight(string(data), "\r\n")
	if err := checkCommit(commit); err != nil {
		return "", &fs.PathError{Op: "read", Path: r.c.path(name), Err: errors.Join(err, fs.ErrNotExist)}
	}
	return commit, nil
}

// SetRef notes the commit that a revision is at. It writes only where that is new,
// so that it works in a cache that cannot be written to when it is not; and
// nothing for a revision that is a commit.
func (r *Repo) SetRef(revision, commit string) error {
	if err := errors.Join(CheckRevision(revision), checkCommit(commit)); err != nil {
		return err
	}
	if revision == commit {
		return nil
	}
	name := r.in("refs", revision)
	if old, err := r.c.readSmall(name, 128); err == nil && string(old) == commit {
		return nil
	}
	return r.c.replace(name, path.Base(name)+".*.tmp", []byte(commit), 0o666)
}

// SnapshotDir is the absolute path of a commit's files.
func (r *Repo) SnapshotDir(commit string) string {
	return r.c.path(r.in("snapshots", commit))
}

// Pointer returns the absolute path of a file of a snapshot, and whether a file is
// there: a link whose blob is gone does not count.
func (r *Repo) Pointer(commit, name string) (file string, ok bool, err error) {
	if err := errors.Join(checkCommit(commit), CheckName(name)); err != nil {
		return "", false, err
	}
	inner := r.in("snapshots", commit, name)
	info, err := r.c.stat(inner)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	return r.c.path(inner), err == nil && info.Mode().IsRegular(), nil
}

// stat follows links. A file where a folder should be counts as nothing there.
func (f *folder) stat(name string) (fs.FileInfo, error) {
	root, err := f.reading()
	if err != nil {
		return nil, err
	}
	info, err := statLinked(root, name)
	if errors.Is(err, syscall.ENOTDIR) {
		err = &fs.PathError{Op: "stat", Path: f.path(name), Err: fs.ErrNotExist}
	}
	return info, err
}

// HasSnapshot says whether a folder for a commit's files is there.
func (r *Repo) HasSnapshot(commit string) bool {
	info, err := r.c.stat(r.in("snapshots", commit))
	return IsCommit(commit) && err == nil && info.IsDir()
}

// Missing says whether a hub is known to have no file of this name at a commit.
func (r *Repo) Missing(commit, name string) bool {
	if checkCommit(commit) != nil || CheckName(name) != nil {
		return false
	}
	info, err := r.c.stat(r.in(".no_exist", commit, name))
	return err == nil && info.Mode().IsRegular()
}

// MarkMissing notes that a hub has no file of this name at a commit.
func (r *Repo) MarkMissing(commit, name string) error {
	if err := errors.Join(checkCommit(commit), CheckName(name)); err != nil {
		return err
	}
	full := r.in(".no_exist", commit, name)
	return writeOnce(r.c.folder, full, "")
}

// HasBlob returns the size of a blob that is there whole. One that is a link
// into the store that repositories share counts with what it leads to.
func (r *Repo) HasBlob(etag string) (size int64, ok bool) {
	if CheckETag(etag) != nil {
		return 0, false
	}
	info, err := r.c.stat(r.in("blobs", etag))
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// BlobPath is the absolute path of a blob, there or not.
func (r *Repo) BlobPath(etag string) string { return r.c.path(r.in("blobs", etag)) }

// Lock waits until this process may download a blob, or put it into a snapshot:
// no other, be it ours or Python's, does so meanwhile. It ends early with ctx.
func (r *Repo) Lock(ctx context.Context, etag string) (*Lock, error) {
	if err := CheckETag(etag); err != nil {
		return nil, err
	}
	return r.c.lock(ctx, r.lockName(etag))
}

// TryLock is Lock without waiting: [ErrLocked] where another holds it.
func (r *Repo) TryLock(etag string) (*Lock, error) {
	if err := CheckETag(etag); err != nil {
		return nil, err
	}
	return r.c.tryLock(r.lockName(etag))
}

// lockName is the lock file of a blob. Locks have a folder apart, so that deleting a
// repository takes none from those who wait for it.
func (r *Repo) lockName(etag string) string { return path.Join(".locks", r.name, etag+".lock") }
