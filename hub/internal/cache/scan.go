package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// Info is what lies in a cache folder, with the figures that Python's
// scan_cache_dir gives.
type Info struct {
	Dir        string
	Size       int64 // of all blobs, each counted once
	Repos      []*RepoInfo
	Unfinished []FileInfo // files in the making, of which some may be in use
	Warnings   []*Warning
}

// RepoInfo is a repository in a cache.
type RepoInfo struct {
	Kind      Kind
	ID        string
	Dir       string // absolute
	Size      int64  // of its blobs, each counted once
	Blobs     int
	Revisions []*RevisionInfo // by commit
	Accessed  time.Time
	Modified  time.Time
}

// RevisionInfo is a commit of a repository in a cache.
type RevisionInfo struct {
	Commit   string
	Dir      string // absolute
	Refs     []string
	Files    []FileInfo // by name
	Size     int64      // of its blobs, each counted once
	Modified time.Time
}

// FileInfo is a file of a commit.
type FileInfo struct {
	Name     string // below the commit's folder, slashed; of an unfinished one, its own
	Path     string // absolute
	Blob     string // absolute: where the bytes are; Path itself where it is no link
	Size     int64
	Accessed time.Time
	Modified time.Time
	blob     string // below the root, slashed
	shared   bool   // the blob is a link into the store that repositories share
}

// Warning is about something in a cache folder that is not as it should be. What
// it is about is left out.
type Warning struct { //nolint:errname // it is no failure
	Path string // absolute
	Why  string
	Kind Kind   // of the repository that is left out for it, "" where there is none
	ID   string // of that repository
}

// Error says what and why.
func (w *Warning) Error() string { return quote.Name(w.Path, maxName) + ": " + w.Why }

// Names of files that systems put everywhere.
var ignored = []string{".DS_Store", "Thumbs.db", "desktop.ini"}

// The store of blobs that repositories share, which only Python's Xet client
// writes to.
const (
	storeName   = "blobs"
	storeMarker = storeName + "/.huggingface-shared-blobs"
)

// Scan looks through a cache folder.
func (c *Cache) Scan(ctx context.Context) (*Info, error) {
	root, err := c.reading()
	if err != nil {
		return nil, err
	}
	s := &scanner{ctx: ctx, c: c, root: root, store: c.hasStore()}
	info := &Info{Dir: c.dir}
	names, err := s.list(".")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.Contains(ignored, name) || name == ".locks" || name == tagName || name == storeName && s.store {
			continue
		}
		repo, err := s.repo(name)
		if err := s.note(info, name, err); err != nil {
			return nil, err
		}
		if repo != nil {
			info.Repos = append(info.Repos, repo)
		}
		info.Unfinished = append(info.Unfinished, s.unfinished(name)...)
	}
	info.Size = s.physical(info.Repos)
	return info, ctx.Err()
}

// note turns an error about one repository into a warning. The end of the context
// stays an error.
func (s *scanner) note(info *Info, name string, err error) error {
	if err == nil {
		return nil
	}
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	w, ok := errors.AsType[*Warning](err)
	if !ok {
		w = &Warning{Path: s.c.path(name), Why: quote.Text(err.Error(), maxName)}
	}
	if kind, id, why := parseFolder(name); why == "" && CheckID(id) == nil {
		w.Kind, w.ID = kind, id
	}
	info.Warnings = append(info.Warnings, w)
	return nil
}

// scanner goes through one folder.
type scanner struct {
	ctx   context.Context //nolint:containedctx // it lives as long as one scan
	c     *Cache
	root  *os.Root
	store bool
}

// warn is a warning about a name below the root, as an error that ends the walk of one
// repository and no more.
func (s *scanner) warn(name, format string, args ...any) error {
	return &Warning{Path: s.c.path(name), Why: fmt.Sprintf(format, args...)}
}

// list returns the names in a folder, sorted.
func (s *scanner) list(dir string) ([]string, error) {
	var names []string
	err := s.c.eachName(dir, func(name string) { names = append(names, name) })
	slices.Sort(names)
	return names, err
}

// maxDepth bounds folders in folders.
const maxDepth = 200

// walk calls what for everything below a folder that is no folder. Links to
// folders are not followed and not shown.
func (s *scanner) walk(dir string, depth int, what func(name string, info fs.FileInfo) error) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if depth > maxDepth {
		return s.warn(dir, "more than %d folders in one another", maxDepth)
	}
	names, err := s.list(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		full := path.Join(dir, name)
		info, err := s.root.Lstat(full)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // it has just gone
		case err != nil:
			return err
		case info.IsDir():
			err = s.walk(full, depth+1, what)
		case info.Mode()&fs.ModeSymlink != 0 && s.isDir(full):
		default:
			err = what(full, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isDir says whether a name leads to a folder, links followed.
func (s *scanner) isDir(name string) bool {
	info, err := s.root.Stat(name)
	return err == nil && info.IsDir()
}

// parseFolder reads the name of a repository's folder.
func parseFolder(name string) (kind Kind, id, why string) {
	prefix, rest, ok := strings.Cut(name, "--")
	if !ok {
		return "", "", "not the folder of a repository"
	}
	kind = Kind(strings.TrimSuffix(prefix, "s"))
	if !kind.valid() || prefix != string(kind)+"s" {
		return "", "", "a repository of a kind that is not known"
	}
	return kind, strings.ReplaceAll(rest, "--", "/"), ""
}

// repo looks through one repository's folder.
func (s *scanner) repo(name string) (*RepoInfo, error) {
	if !s.isDir(name) {
		return nil, s.warn(name, "not a folder")
	}
	kind, id, why := parseFolder(name)
	if why != "" {
		return nil, s.warn(name, "%s", why)
	}
	snapshots := path.Join(name, "snapshots")
	if !s.isDir(snapshots) {
		return nil, s.warn(snapshots, "the folder of the snapshots is missing: nothing was downloaded to the end")
	}
	refs, err := s.refs(name)
	if err != nil {
		return nil, err
	}
	commits, err := s.list(snapshots)
	if err != nil {
		return nil, err
	}
	r := &RepoInfo{Kind: kind, ID: id, Dir: s.c.path(name)}
	for _, commit := range commits {
		if slices.Contains(ignored, commit) {
			continue
		}
		revision, err := s.revision(path.Join(snapshots, commit), refs[commit])
		if err != nil {
			return nil, err
		}
		delete(refs, commit)
		r.Revisions = append(r.Revisions, revision)
	}
	for commit, names := range refs {
		return nil, s.warn(name, "the reference %s is at the commit %s, which is not there",
			quote.Name(names[0], 128), quote.Name(commit, 64))
	}
	return r, s.total(name, r)
}

// refs returns the names of references by their commit.
func (s *scanner) refs(repo string) (map[string][]string, error) {
	dir := path.Join(repo, "refs")
	refs := map[string][]string{}
	info, err := s.root.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refs, nil
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, s.warn(dir, "not a folder")
	}
	err = s.walk(dir, 0, func(name string, _ fs.FileInfo) error {
		if slices.Contains(ignored, path.Base(name)) {
			return nil
		}
		commit, err := s.c.readSmall(name, 4096)
		if err != nil {
			return err
		}
		refs[string(commit)] = append(refs[string(commit)], strings.TrimPrefix(name, dir+"/"))
		return nil
	})
	return refs, err
}

// revision looks through the files of a commit.
func (s *scanner) revision(dir string, refs []string) (*RevisionInfo, error) {
	info, err := s.root.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, s.warn(dir, "a file where the folder of a commit should be")
	}
	r := &RevisionInfo{Commit: path.Base(dir), Dir: s.c.path(dir), Refs: refs, Modified: info.ModTime()}
	blobs := map[string]int64{}
	err = s.walk(dir, 0, func(name string, info fs.FileInfo) error {
		file, err := s.file(name, info)
		if err != nil {
			return err
		}
		file.Name = strings.TrimPrefix(name, dir+"/")
		if len(r.Files) == 0 || file.Modified.After(r.Modified) {
			r.Modified = file.Modified
		}
		r.Files = append(r.Files, file)
		blobs[file.blob] = file.Size
		return nil
	})
	for size := range maps.Values(blobs) {
		r.Size += size
	}
	slices.SortFunc(r.Files, func(a, b FileInfo) int { return strings.Compare(a.Name, b.Name) })
	return r, err
}

// file looks at an entry of a snapshot. Of its links only the first is taken: the
// blob may be a link into the shared store, and is still the repository's.
func (s *scanner) file(name string, info fs.FileInfo) (FileInfo, error) {
	blob := name
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := s.root.Readlink(name)
		if err != nil {
			return FileInfo{}, err
		}
		var ok bool
		if blob, ok = s.c.resolve(path.Dir(name), target); !ok {
			return FileInfo{}, s.warn(name, "a link that leads out of the cache")
		}
	}
	stat, err := statLinked(s.root, blob)
	if errors.Is(err, fs.ErrNotExist) {
		return FileInfo{}, s.warn(blob, "the blob of a file is missing")
	}
	if err != nil {
		return FileInfo{}, s.warn(blob, "%s", quote.Text(err.Error(), maxName))
	}
	return FileInfo{
		Path: s.c.path(name), Blob: s.c.path(blob), Size: stat.Size(),
		Accessed: accessed(stat), Modified: stat.ModTime(),
		blob: blob, shared: s.shared(blob),
	}, nil
}

// resolve is where a link in a folder leads, below the root.
func (f *folder) resolve(dir, target string) (string, bool) {
	target = filepath.ToSlash(target)
	if filepath.IsAbs(filepath.FromSlash(target)) {
		rel, err := filepath.Rel(f.dir, filepath.FromSlash(target))
		if err != nil {
			return "", false
		}
		dir, target = ".", filepath.ToSlash(rel)
	}
	name := path.Join(dir, target)
	return name, filepath.IsLocal(filepath.FromSlash(name))
}

// total fills in the figures of a repository.
func (s *scanner) total(name string, r *RepoInfo) error {
	info, err := s.root.Stat(name)
	if err != nil {
		return err
	}
	blobs := map[string]bool{}
	for _, revision := range r.Revisions {
		for _, file := range revision.Files {
			if blobs[file.blob] {
				continue
			}
			if len(blobs) == 0 || file.Accessed.After(r.Accessed) {
				r.Accessed = file.Accessed
			}
			if len(blobs) == 0 || file.Modified.After(r.Modified) {
				r.Modified = file.Modified
			}
			blobs[file.blob] = true
			r.Size += file.Size
		}
	}
	r.Blobs = len(blobs)
	if len(blobs) == 0 {
		r.Accessed, r.Modified = accessed(info), info.ModTime()
	}
	return nil
}

// unfinished lists the files in the making of a repository.
func (s *scanner) unfinished(repo string) []FileInfo {
	var files []FileInfo
	dir := path.Join(repo, "blobs")
	if !s.isDir(dir) {
		return nil
	}
	for _, name := range s.c.unfinished(dir) {
		full := path.Join(dir, name)
		info, err := s.root.Stat(full)
		if err != nil {
			continue
		}
		files = append(files, FileInfo{
			Name: name, Path: s.c.path(full), Blob: s.c.path(full), Size: info.Size(),
			Accessed: accessed(info), Modified: info.ModTime(), blob: full,
		})
	}
	slices.SortFunc(files, func(a, b FileInfo) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// hasStore says whether the folder holds a store that repositories share.
func (c *Cache) hasStore() bool {
	root, err := c.reading()
	if err != nil {
		return false
	}
	dir, err := root.Lstat(storeName)
	if err != nil || !dir.IsDir() {
		return false
	}
	marker, err := root.Lstat(storeMarker)
	if err != nil || !marker.Mode().IsRegular() {
		return false
	}
	text, err := c.readSmall(storeMarker, 64)
	return err == nil && string(text) == "1\n"
}

// shared says whether a blob is a link to a file of the shared store.
func (s *scanner) shared(blob string) bool {
	if !s.store {
		return false
	}
	target, err := s.root.Readlink(blob)
	if err != nil {
		return false
	}
	name, ok := s.c.resolve(path.Dir(blob), target)
	if !ok || !inStore(name) {
		return false
	}
	info, err := s.root.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}

// inStore says whether a name is that of a blob of the shared store.
func inStore(name string) bool {
	parts := strings.Split(name, "/")
	return len(parts) == 3 && parts[0] == storeName && isHex(parts[2], 64) && parts[1] == parts[2][:2]
}

// physical is the size of all blobs. Those of the store count once, also where no
// repository refers to them any more.
func (s *scanner) physical(repos []*RepoInfo) int64 {
	sizes := map[string]int64{}
	for _, repo := range repos {
		for _, revision := range repo.Revisions {
			for _, file := range revision.Files {
				if !file.shared {
					sizes[file.blob] = file.Size
				}
			}
		}
	}
	var total int64
	for size := range maps.Values(sizes) {
		total += size
	}
	if !s.store {
		return total
	}
	_ = s.walk(storeName, 0, func(name string, info fs.FileInfo) error {
		if inStore(name) && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
