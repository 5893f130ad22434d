//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

// maxFiles bounds the files of a package. Those of language models have under
// ten; the bound keeps a folder named by mistake, such as a home, from being
// walked to its end.
const maxFiles = 100_000

// maxStamp bounds a stamp, which holds a path and two digests. A larger one was
// not written by this package and is ignored.
const maxStamp = 64 << 10

// file is a file of a package.
type file struct {
	name string // relative to the package, "." when the package is the file
	size int64
	when time.Time
}

// files lists the regular files of a package in a fixed order. Links are
// followed to files, which is how the caches of downloads are made, and not to
// folders. fs.WalkDir walks in the order of names, so the digest of the same
// package is the same everywhere. Sockets and devices are refused, as reading
// one may never end.
func files(fsys fs.FS, dir string) ([]file, error) {
	var list []file
	err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := fs.Stat(fsys, name)
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return &storage.NotRegularError{Name: name, Mode: info.Mode()}
		case len(list) == maxFiles:
			return fmt.Errorf("there are more than %d files", maxFiles)
		}
		list = append(list, file{relative(dir, name), info.Size(), info.ModTime()})
		return nil
	})
	return list, err
}

// relative is the name of a file as seen from the package's folder, so that a digest does
// not depend on the place.
func relative(dir, name string) string {
	switch dir {
	case ".":
		return name
	case name:
		return "."
	}
	return name[len(dir)+1:]
}

// digest returns a hash of the names and contents of a package's files. It is
// SHA-256 and the key of the cache: two packages of one digest are taken for
// one.
func digest(ctx context.Context, fsys fs.FS, dir string, list []file) (string, error) {
	h := sha256.New()
	for _, f := range list {
		number(h, int64(len(f.name)))
		io.WriteString(h, f.name) //nolint:errcheck // a hash never fails
		number(h, f.size)
		if err := digestFile(ctx, h, fsys, pathJoin(dir, f.name), f.size); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// number adds a number of fixed width: sizes stand before what they count, so that no two
// packages give the same stream of bytes.
func number(h hash.Hash, n int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// digestFile adds the content of a file. One that has another size than its
// folder says is being written. A digest of half a file would be the key of a
// compilation of all of it.
func digestFile(ctx context.Context, h hash.Hash, fsys fs.FS, name string, size int64) (err error) {
	f, err := storage.OpenFS(fsys, name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(h, storage.Reader(ctx, f))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("%s changed while it was read", name)
	}
	return nil
}

// stamp remembers the digest of a package at a path, so that weights of several
// gigabytes are not read through at every start. It is JSON in the cache, one
// file for each path, and only ever a shortcut: a stamp that does not fit costs
// one reading of the package.
type stamp struct {
	// Path is the package's, Files a hash of the names, sizes and times of its
	// files.
	Path, Files string
	Digest      string
}

// settled is how long a file must have lain untouched for its time to prove that
// it has not changed since: file systems round times to as much as two seconds.
const settled = 3 * time.Second

// outward returns a hash of what can be seen of files without reading them, and
// whether all of them have lain untouched for a while. A file whose time lies
// in the future is never old, so it is read at each start.
func outward(list []file, now time.Time) (sum string, old bool) {
	h := sha256.New()
	old = true
	for _, f := range list {
		number(h, int64(len(f.name)))
		io.WriteString(h, f.name) //nolint:errcheck // a hash never fails
		number(h, f.size)
		number(h, f.when.UnixNano())
		old = old && now.Sub(f.when) > settled
	}
	return hex.EncodeToString(h.Sum(nil)), old
}

// digestAt is digest for a package at a path of the operating system. It reads
// the files only when they have changed since the last time. name is the path
// as the caller gave it; the stamp's own name is a hash of the absolute one, as
// a path may be longer than a file name.
func (c *cache) digestAt(ctx context.Context, fsys fs.FS, dir, name string) (string, error) {
	list, err := files(fsys, dir)
	if err != nil {
		return "", err
	}
	if name, err = filepath.Abs(name); err != nil {
		return "", err
	}
	sum, old := outward(list, time.Now())
	// Half of the hash is plenty against accidents, and Path is compared
	// besides.
	key := sha256.Sum256([]byte(name))
	at := filepath.Join(c.root, stampFolder, hex.EncodeToString(key[:16])+".json")
	var s stamp
	// The digest becomes a file name below, so a stamp that somebody edited
	// must not lead out of the folder.
	if raw, err := storage.ReadSmall(os.DirFS(filepath.Dir(at)), filepath.Base(at), maxStamp); err == nil && json.Unmarshal(raw, &s) == nil &&
		s.Path == name && s.Files == sum && len(s.Digest) == 2*sha256.Size && isHex(s.Digest) {
		return s.Digest, nil
	}
	d, err := digest(ctx, fsys, dir, list)
	if err != nil || !old {
		return d, err
	}
	// A stamp that cannot be written costs time at the next start, no more.
	if raw, err := json.Marshal(stamp{name, sum, d}); err == nil {
		_ = writeFile(at, raw)
	}
	return d, nil
}

// isHex reports whether a name can be a digest. Its length is checked by the
// caller.
func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}

// writeFile writes a file that appears whole or not at all. Readers that come
// meanwhile see the old file or the new one.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
