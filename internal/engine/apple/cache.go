//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

// Names inside the cache's folder. The star is where os.MkdirTemp puts its
// number.
const (
	stampFolder = "stamps"
	temporary   = ".tmp-*"
	extension   = ".mlmodelc"
)

// How long an entry stays after its last use, by its modification time. A
// compiled package is as large as the package, so unused ones must go. Another
// build of the system never finds an entry, as the build is part of the path;
// the week is for those who go back. What a process left half-made is not
// looked for by anybody; a day is longer than any compilation.
const (
	keep      = 90 * 24 * time.Hour
	keepOther = 7 * 24 * time.Hour
	keepPart  = 24 * time.Hour
)

// cache is a folder of compiled packages:
//
//	root/BUILD/DIGEST.mlmodelc
//	root/stamps/*.json
//
// Any number of processes may use it at once. An entry appears under its name
// by a rename, when it is complete. No locks are taken: two processes that
// compile the same package at once do the work twice, and the second takes the
// entry of the first.
type cache struct {
	root  string
	build string // of the operating system: another one compiles anew
}

// openCache returns the cache in dir, or in the user's caches when dir is
// empty. Nothing is created yet. A process without such a folder, as some
// services are, has a cache that keeps nothing. An empty root marks that one.
func openCache(dir, build string) (*cache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return &cache{}, nil //nolint:nilerr // it works without, if slowly
		}
		dir = filepath.Join(user, "gocoreml", "compiled")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// Absolute, because the framework gets URLs of files and the process may
	// change its folder.
	return &cache{root: dir, build: folderName(build)}, nil
}

// folderName makes a name of a folder from what a system calls its build. A
// build is "23A344" or the like, but it is foreign text that becomes part of a
// path: anything else than letters, digits and three marks is replaced, and no
// name begins with a dot or means another folder.
func folderName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return '_'
	}, s)
	s = strings.TrimLeft(s, ".")
	if s == "" || s == stampFolder {
		return "unknown"
	}
	return s[:min(len(s), 100)]
}

// entry is the path of a compiled model: by the system's build, as another may compile
// otherwise, and by the content of the package.
func (c *cache) entry(digest string) string {
	return filepath.Join(c.root, c.build, digest+extension)
}

// find returns the entry of that digest and notes that it was used. The time of
// the folder itself is what prune looks at.
func (c *cache) find(digest string) (string, bool) {
	if c.root == "" {
		return "", false
	}
	name := c.entry(digest)
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return "", false
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // a cache that cannot be written serves as well
	return name, true
}

// errNoCache means that the cache keeps nothing.
var errNoCache = errors.New("there is no folder for compiled packages")

// install moves a compiled package into the cache and returns its path there.
// If another process was faster its entry is taken and dir removed. dir is gone
// afterwards when there was no error. With an error the caller still has it,
// and may use it for this once.
func (c *cache) install(ctx context.Context, digest, dir string) (string, error) {
	if c.root == "" {
		return "", errNoCache
	}
	name := c.entry(digest)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	err := os.Rename(dir, name)
	// A rename cannot cross volumes, and the framework compiles to its own
	// temporary folder.
	if errors.Is(err, syscall.EXDEV) {
		err = c.bring(ctx, dir, name)
	}
	if err != nil {
		// A rename onto a folder that is not empty fails: another process was
		// faster, with the same content.
		if _, ok := c.find(digest); !ok {
			return "", fmt.Errorf("move the compiled package into the cache: %w", err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	c.prune(time.Now())
	return name, nil
}

// bring copies dir from another volume and then renames the copy. Nobody sees
// the copy before it is complete.
func (c *cache) bring(ctx context.Context, dir, name string) error {
	part, err := os.MkdirTemp(filepath.Dir(name), temporary)
	if err != nil {
		return err
	}
	if err = copyTree(ctx, part, os.DirFS(dir), "."); err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		_ = os.RemoveAll(part)
	}
	return err
}

// discard removes an entry that turned out to be of no use. Such an entry was
// damaged, or made by a system of the same build name whose compiler differs.
// load calls it at most once.
func (c *cache) discard(digest string) error {
	name := c.entry(digest)
	part, err := os.MkdirTemp(filepath.Dir(name), temporary)
	if err != nil {
		return err
	}
	// Renamed first, so that nobody finds half of it.
	if err := os.Rename(name, filepath.Join(part, "entry")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.RemoveAll(part)
}

// prune removes what nobody has used for long. Failures leave things as they
// are, for the next time. It runs after an installation, when a compilation has
// taken seconds anyhow, and not at every start.
func (c *cache) prune(now time.Time) {
	builds, err := os.ReadDir(c.root)
	if err != nil {
		return
	}
	for _, b := range builds {
		if !b.IsDir() || b.Name() == stampFolder {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(c.root, b.Name()))
		if err != nil {
			continue
		}
		for _, e := range entries {
			limit := keep
			switch {
			case strings.HasPrefix(e.Name(), strings.TrimSuffix(temporary, "*")):
				limit = keepPart
			// A folder that the user named may hold other things.
			case !strings.HasSuffix(e.Name(), extension):
				continue // not ours
			case b.Name() != c.build:
				limit = keepOther
			}
			if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > limit {
				_ = os.RemoveAll(filepath.Join(c.root, b.Name(), e.Name()))
			}
		}
		if b.Name() != c.build {
			_ = os.Remove(filepath.Join(c.root, b.Name())) // succeeds when it is empty
		}
	}
}

// scratch makes a folder for temporary files, on the cache's volume if it can.
// There install can rename and need not copy. The caller removes the folder.
func (c *cache) scratch() (string, error) {
	if c.root != "" {
		dir := filepath.Join(c.root, c.build)
		if os.MkdirAll(dir, 0o700) == nil {
			if name, err := os.MkdirTemp(dir, temporary); err == nil {
				return name, nil
			}
		}
	}
	return os.MkdirTemp("", temporary)
}

// copyTree copies the files below dir, or the file dir, to the path to. Folders
// without files are not made: a package has no use for them.
func copyTree(ctx context.Context, to string, fsys fs.FS, dir string) error {
	list, err := files(fsys, dir)
	if err != nil {
		return err
	}
	for _, f := range list {
		// Names come from fs.WalkDir: they have no dots and no roots.
		name := filepath.Join(to, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := copyFile(ctx, name, fsys, pathJoin(dir, f.name)); err != nil {
			return err
		}
	}
	return nil
}

// pathJoin joins names of an fs.FS, whose root is a dot.
func pathJoin(dir, name string) string {
	switch {
	case name == ".":
		return dir
	case dir == ".":
		return name
	}
	return dir + "/" + name
}

// copyFile copies a file of a package. It refuses to write over what is there, and ends
// with its context: packages have gigabytes.
func copyFile(ctx context.Context, to string, fsys fs.FS, name string) error {
	src, err := storage.OpenFS(fsys, name)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, storage.Reader(ctx, src))
	if e := dst.Close(); err == nil {
		err = e
	}
	return err
}
