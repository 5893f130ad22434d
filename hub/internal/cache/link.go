package cache

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// closeToRename is true where a file that is open cannot get another name.
const closeToRename = filepath.Separator == '\\'

// Link puts a blob that was there already into a snapshot: as a relative link, or
// as a copy where links cannot be made. A file that is there already and leads to
// the same blob is left alone. The caller holds the blob's [Lock].
func (r *Repo) Link(commit, name, etag string) error { return r.place(commit, name, etag, false) }

// LinkNew is Link for a blob that this process has just committed: where links
// cannot be made the blob itself becomes the file, since nobody else has it.
func (r *Repo) LinkNew(commit, name, etag string) error { return r.place(commit, name, etag, true) }

// place makes the entry of a snapshot. A link that is right already is left alone, so
// that a cache which cannot be written to is one that can be used.
func (r *Repo) place(commit, name, etag string, fresh bool) error {
	if err := errors.Join(checkCommit(commit), CheckName(name), CheckETag(etag)); err != nil {
		return err
	}
	root, err := r.c.writing()
	if err != nil {
		return err
	}
	pointer, blob := r.in("snapshots", commit, name), r.in("blobs", etag)
	dir := path.Dir(pointer)
	if err := within(root, dir, func() error { return nil }); err != nil {
		return trouble(err)
	}
	r.c.tag()
	if !r.c.options.NoLinks {
		target := linkTarget(name, etag)
		if old, err := root.Readlink(pointer); err == nil && filepath.ToSlash(old) == target {
			return nil
		}
		err := within(root, dir, func() error { return symlink(root, filepath.FromSlash(target), pointer) })
		if err == nil || !cannotLink(err) {
			return trouble(err)
		}
	}
	return trouble(r.placeFile(root, blob, pointer, fresh))
}

// linkTarget is where a snapshot's entry leads: out of its folders, the commit's
// and snapshots itself.
func linkTarget(name, etag string) string {
	return strings.Repeat("../", strings.Count(name, "/")+2) + "blobs/" + etag
}

// symlink makes a link in place of whatever has its name.
func symlink(root *os.Root, target, name string) error {
	err := root.Symlink(target, name)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	for {
		temp := path.Join(path.Dir(name), "."+random8()+".tmp")
		err := root.Symlink(target, temp)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := root.Rename(temp, name); err != nil {
			return errors.Join(err, root.Remove(temp))
		}
		return nil
	}
}

// cannotLink says whether an error means that there are no links here, or not for
// us. A full disk and a missing folder are other errors.
func cannotLink(err error) bool {
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) &&
		!errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EROFS) && !diskFull(err)
}

// placeFile makes a snapshot's entry a file: the blob itself, or a copy of it.
func (r *Repo) placeFile(root *os.Root, blob, pointer string, fresh bool) error {
	info, err := root.Lstat(blob)
	if err != nil {
		return err
	}
	// A link into the store that repositories share is copied through, not moved away.
	if fresh && info.Mode().IsRegular() {
		return root.Rename(blob, pointer)
	}
	from, err := openRegular(root, blob)
	if err != nil {
		return err
	}
	to, temp, err := create(root, path.Dir(pointer), func() string { return "." + random8() + ".tmp" }, 0o666)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close(), from.Close()); err == nil {
		err = root.Rename(temp, pointer)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return nil
}
