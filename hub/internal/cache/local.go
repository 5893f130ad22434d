package cache

import (
	"context"
	"crypto/sha1" //nolint:gosec // Python names a file by it
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

// LocalDir is a folder of real files, as huggingface_hub makes it for local_dir:
// the files lie where the repository has them, and what is known of them lies in
// .cache/huggingface. Safe for concurrent use, also by other processes.
type LocalDir struct{ *folder }

// OpenLocal takes a folder into use. Nothing is made before the first file.
func OpenLocal(dir string) (*LocalDir, error) {
	f, err := newFolder(dir)
	if err != nil {
		return nil, err
	}
	return &LocalDir{f}, nil
}

// Dir is the folder's absolute path.
func (l *LocalDir) Dir() string { return l.dir }

// The folder of what is known of the files, and its parts.
const (
	metaDir     = ".cache/huggingface"
	downloadDir = metaDir + "/download"
	ignoreName  = metaDir + "/.gitignore"
)

// Metadata is what is known of a file of a [LocalDir].
type Metadata struct {
	Commit string
	ETag   string
	Time   time.Time // when it was known
}

// metadataName is where the note about a file lies.
func metadataName(name string) string { return path.Join(downloadDir, name+".metadata") }

// lockName is the lock of a file and its note.
func (l *LocalDir) lockName(name string) string { return path.Join(downloadDir, name+".lock") }

// CheckTree accepts names that can lie in the folder together, see [Cache.CheckTree].
// None may lie where the folder keeps what it knows.
func (l *LocalDir) CheckTree(names []string) error {
	for _, name := range names {
		if err := l.check(name); err != nil {
			return err
		}
	}
	return l.checkTree(names, ignoreName)
}

// check refuses a file that would take the place of what is known of the files.
func (l *LocalDir) check(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if low := fold(name); low == fold(metaDir) || strings.HasPrefix(low, fold(metaDir)+"/") || low == fold(path.Dir(metaDir)) {
		return &NameError{What: "file name", Name: name, Why: "lies where the folder keeps its own notes"}
	}
	return nil
}

// prepare makes the folders of a file and of its metadata, and marks the folder of
// the latter as one that neither backups nor git need.
func (l *LocalDir) prepare(name string) (*os.Root, error) {
	if err := l.check(name); err != nil {
		return nil, err
	}
	root, err := l.writing()
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{path.Dir(name), path.Dir(metadataName(name))} {
		if err := makeDirs(root, dir); err != nil {
			return nil, trouble(err)
		}
	}
	if err := writeOnce(l.folder, metaDir+"/"+tagName, cacheTag); err != nil {
		return nil, err
	}
	return root, writeOnce(l.folder, ignoreName, "*")
}

// Path is the absolute path of a file.
func (l *LocalDir) Path(name string) string { return l.path(name) }

// Stat returns the size of a file that is there. What is no file counts as nothing.
func (l *LocalDir) Stat(name string) (size int64, ok bool) {
	if l.check(name) != nil {
		return 0, false
	}
	info, err := l.stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// Verify hashes a file that is there: nil means that its bytes are the right ones.
func (l *LocalDir) Verify(ctx context.Context, name string, digest Digest) error {
	if err := l.check(name); err != nil {
		return err
	}
	root, err := l.reading()
	if err != nil {
		return err
	}
	return verifyFile(ctx, root, name, digest)
}

// verifyFile hashes a file. Without a digest only its presence is checked.
func verifyFile(ctx context.Context, root *os.Root, name string, digest Digest) (err error) {
	file, err := openRegular(root, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	h := digest.hasher(info.Size())
	if h == nil {
		return nil
	}
	if _, err := io.Copy(h, storage.Reader(ctx, file)); err != nil {
		return err
	}
	if got := sum(h); got != digest.want() {
		return &HashError{Algorithm: digest.Algorithm(), Want: digest.want(), Got: got}
	}
	return nil
}

// Lock keeps others from a file and its metadata. [LocalDir.Metadata] and
// [LocalDir.SetMetadata] take it themselves: they are not called while it is held.
func (l *LocalDir) Lock(ctx context.Context, name string) (*Lock, error) {
	if err := l.check(name); err != nil {
		return nil, err
	}
	return l.lock(ctx, l.lockName(name))
}

// Metadata returns what is known of a file, false where that is nothing: no note is
// there, or the file has changed since. A note that cannot be read is removed, as
// Python does. It works in a folder that cannot be written to.
func (l *LocalDir) Metadata(ctx context.Context, name string) (Metadata, bool, error) {
	if err := l.check(name); err != nil {
		return Metadata{}, false, err
	}
	if _, err := l.stat(metadataName(name)); err != nil {
		return Metadata{}, false, ignoreMissing(err)
	}
	lock, err := l.Lock(ctx, name)
	switch {
	case err == nil:
		defer lock.Unlock() //nolint:errcheck // it was only read under it
	case !errors.Is(err, ErrReadOnly):
		return Metadata{}, false, err
	}
	m, err := l.readMetadata(name)
	if err != nil {
		return Metadata{}, false, ignoreMissing(err)
	}
	info, err := l.stat(name)
	if err != nil {
		return Metadata{}, false, ignoreMissing(err)
	}
	// The clock of the file system may be a little ahead.
	return m, !info.ModTime().Add(-time.Second).After(m.Time), nil
}

// ignoreMissing is err, unless it says that something is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readMetadata reads a note. One that cannot be read is removed, as Python does: the
// file counts as one of which nothing is known.
func (l *LocalDir) readMetadata(name string) (Metadata, error) {
	data, err := l.readSmall(metadataName(name), 4096)
	if err != nil {
		return Metadata{}, err
	}
	m, ok := parseMetadata(data)
	if ok {
		return m, nil
	}
	root, err := l.reading()
	if err == nil {
		_ = root.Remove(metadataName(name)) // if not we, then who can
	}
	return Metadata{}, fs.ErrNotExist
}

// parseMetadata reads three lines: commit, etag, and seconds since 1970. Commit and
// etag are only compared, so what they are does not matter.
func parseMetadata(data []byte) (Metadata, bool) {
	lines := strings.SplitN(string(data), "\n", 4)
	if len(lines) < 3 {
		return Metadata{}, false
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(lines[2]), 64)
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return Metadata{}, false
	}
	whole, part := math.Modf(seconds)
	return Metadata{
		Commit: strings.TrimSpace(lines[0]), ETag: strings.TrimSpace(lines[1]),
		Time: time.Unix(int64(whole), int64(part*1e9)),
	}, true
}

// SetMetadata notes that a file is now that of a commit.
func (l *LocalDir) SetMetadata(ctx context.Context, name, commit, etag string) error {
	if err := errors.Join(checkCommit(commit), CheckETag(etag)); err != nil {
		return err
	}
	if _, err := l.prepare(name); err != nil {
		return err
	}
	lock, err := l.Lock(ctx, name)
	if err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // what was written under it counts
	note := fmt.Sprintf("%s\n%s\n%s\n", commit, etag, pythonFloat(float64(time.Now().UnixNano())/1e9))
	return l.replace(metadataName(name), path.Base(name)+".*.tmp", []byte(note), 0o666)
}

// pythonFloat writes a number as Python's str does for one of this size.
func pythonFloat(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Begin opens the file in the making of a file: see [Repo.Begin]. The caller holds
// the file's [Lock]. What has its name is removed by Commit, just before.
func (l *LocalDir) Begin(ctx context.Context, name, etag string, size int64, digest Digest) (*Partial, error) {
	if err := CheckETag(etag); err != nil {
		return nil, err
	}
	if _, err := l.prepare(name); err != nil {
		return nil, err
	}
	dir := path.Dir(metadataName(name))
	file := shortHash(path.Base(metadataName(name)))
	prefix := file + "." + etag
	if len(prefix) > maxETag {
		return nil, &NameError{What: "etag", Name: etag, Why: "is too long for a name of a file"}
	}
	for _, old := range l.unfinished(dir) {
		if strings.HasPrefix(old, file+".") && owner(old) != prefix {
			l.sweep(path.Join(dir, old), held)
		}
	}
	return l.begin(ctx, making{dir: dir, prefix: prefix, target: name, size: size, digest: digest, resume: true})
}

// shortHash is how Python shortens a name.
func shortHash(name string) string {
	h := sha1.Sum([]byte(name)) //nolint:gosec // see above
	return base64.URLEncoding.EncodeToString(h[:])
}

// Copy puts a file of a snapshot into the folder, by a clone where the file system
// has them. The caller holds the file's [Lock].
func (l *LocalDir) Copy(ctx context.Context, name string, r *Repo, commit string) error {
	if err := l.check(name); err != nil {
		return err
	}
	// Nothing that a link outside of the cache leads to is copied.
	from, ok, err := r.Pointer(commit, name)
	if err == nil && !ok {
		err = &fs.PathError{Op: "copy", Path: from, Err: fs.ErrNotExist}
	}
	if err != nil {
		return err
	}
	root, err := l.prepare(name)
	if err != nil {
		return err
	}
	temp := path.Join(path.Dir(metadataName(name)), shortHash(path.Base(metadataName(name)))+"."+random8()+incomplete)
	if _, err := storage.Place(ctx, from, l.path(temp), storage.Cloned, storage.Copied); err != nil {
		return trouble(err)
	}
	if err := root.Rename(temp, name); err != nil {
		return trouble(errors.Join(err, root.Remove(temp)))
	}
	return nil
}

// Tree is [Repo.Tree] for what lies in the folder.
func (l *LocalDir) Tree(commit string) (Tree, error) { return l.tree(metaDir+"/trees", commit) }

// SetTree is [Repo.SetTree] for what lies in the folder.
func (l *LocalDir) SetTree(commit string, t Tree) error {
	return l.setTree(metaDir+"/trees", commit, t)
}
