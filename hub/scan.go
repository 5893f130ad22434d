package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// CacheInfo is what lies in a cache folder, with the figures that Python's
// scan_cache_dir gives. It is of the moment of the scan.
type CacheInfo struct {
	// Dir is the folder's absolute path.
	Dir string

	// Size is that of all blobs in bytes, each counted once, also where several
	// repositories share it.
	Size int64

	// Repos are the repositories, sorted by the names of their folders.
	Repos []CachedRepo

	// Unfinished are files in the making: those of downloads that are going on, and
	// of some that were cut off and will be gone on with.
	Unfinished []CachedFile

	// Warnings are about what is not in order, and therefore not among Repos.
	Warnings []*CacheWarning

	scanned *cache.Info
}

// CachedRepo is a repository in a cache.
type CachedRepo struct {
	// Kind is "model", "dataset", "space" or "kernel"; the last is a kind that Python
	// downloads and this package does not.
	Kind string

	// ID is "organization/name".
	ID string

	// Dir is its folder.
	Dir string

	// Size is that of its blobs in bytes, and Blobs their number.
	Size  int64
	Blobs int

	// Revisions are those that are there, sorted by commit.
	Revisions []CachedRevision

	// Accessed and Modified are when any of its blobs was last read and written, as
	// far as the file system notes that: many do not note every reading.
	Accessed, Modified time.Time
}

// Repo returns the repository for other calls, false for a kind that this package
// does not know.
func (r *CachedRepo) Repo() (Repo, bool) {
	if r == nil {
		return Repo{}, false
	}
	for t, kind := range kinds {
		if string(kind) == r.Kind {
			return Repo{Type: RepoType(t), ID: r.ID}, true
		}
	}
	return Repo{}, false
}

// CachedRevision is a commit of a repository in a cache, or those of its files that
// were wanted.
type CachedRevision struct {
	// Commit is its hash.
	Commit string

	// Dir is the folder of its files.
	Dir string

	// Refs are the branches and tags that were at it when they were last asked for.
	Refs []string

	// Files are its files, sorted by name.
	Files []CachedFile

	// Size is that of its files in bytes, each blob counted once. Other revisions may
	// share some.
	Size int64

	// Modified is when its last file came.
	Modified time.Time
}

// CachedFile is a file in a cache.
type CachedFile struct {
	// Name is its path in the repository.
	Name string

	// Path is where it is, and Blob where its bytes are: the same where it is no link.
	Path, Blob string

	// Size is in bytes.
	Size int64

	// Accessed and Modified are those of its bytes.
	Accessed, Modified time.Time
}

// CacheWarning says that something in a cache is not in order.
type CacheWarning struct { //nolint:errname // it is no failure
	// Path is what it is about.
	Path string

	// Why says what is wrong.
	Why string

	// Kind and ID name the repository that is left out for it, "" where it is none.
	Kind, ID string
}

// Error says what is wrong with what.
func (w *CacheWarning) Error() string {
	return fmt.Sprintf("hub: cache: %s: %s", quote.Name(w.Path, maxPath), w.Why)
}

// maxPath is the length to which paths are cut where they enter an error.
const maxPath = 1024

// Scan looks through a cache folder. It reads no file's content and writes nothing.
func Scan(ctx context.Context, dir string) (*CacheInfo, error) {
	c, err := cache.Open(dir, cache.Options{})
	if err != nil {
		return nil, fmt.Errorf("hub: scan the cache: %w", err)
	}
	defer c.Close()
	info, err := c.Scan(ctx)
	if err != nil {
		return nil, cacheFailure("scan the cache", err)
	}
	return publicInfo(info), nil
}

// Scan looks through the client's cache folder.
func (c *Client) Scan(ctx context.Context) (*CacheInfo, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	return Scan(ctx, s.dir)
}

// cacheFailure gives an error of the cache as a whole the form of this package's:
// what is not there is [ErrNotCached].
func cacheFailure(op string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("hub: %s: %w: %w", op, ErrNotCached, err)
	}
	return fmt.Errorf("hub: %s: %w", op, fromCache(err, ""))
}

// publicInfo is what a scan found in the types of this package.
func publicInfo(in *cache.Info) *CacheInfo {
	out := &CacheInfo{scanned: in, Dir: in.Dir, Size: in.Size, Unfinished: publicFiles(in.Unfinished)}
	for _, r := range in.Repos {
		repo := CachedRepo{
			Kind: string(r.Kind), ID: r.ID, Dir: r.Dir, Size: r.Size, Blobs: r.Blobs,
			Accessed: r.Accessed, Modified: r.Modified,
		}
		for _, v := range r.Revisions {
			repo.Revisions = append(repo.Revisions, CachedRevision{
				Commit: v.Commit, Dir: v.Dir, Refs: v.Refs, Files: publicFiles(v.Files), Size: v.Size, Modified: v.Modified,
			})
		}
		out.Repos = append(out.Repos, repo)
	}
	for _, w := range in.Warnings {
		out.Warnings = append(out.Warnings, &CacheWarning{Path: w.Path, Why: w.Why, Kind: string(w.Kind), ID: w.ID})
	}
	return out
}

func publicFiles(in []cache.FileInfo) []CachedFile {
	var out []CachedFile
	for _, f := range in {
		out = append(out, CachedFile{
			Name: f.Name, Path: f.Path, Blob: f.Blob, Size: f.Size, Accessed: f.Accessed, Modified: f.Modified,
		})
	}
	return out
}
