package cache

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Status is what is found of a file's bytes.
type Status string

// The findings.
const (
	StatusOK      Status = "ok"      // they are those of the file's hash
	StatusCorrupt Status = "corrupt" // they are others, or cannot be read
	StatusMissing Status = "missing" // the listing of the commit has it, the cache has not
	StatusUnknown Status = "unknown" // there is nothing to check them against
)

// Checked is a file whose bytes were checked.
type Checked struct {
	Commit string // "" for a blob that no revision refers to
	Name   string // in the repository; of such a blob, its own
	Path   string // absolute, "" of one that is missing
	Size   int64
	Status Status
	Err    error // why it is corrupt: a [*HashError], or that of reading
}

// verifier checks the blobs of one repository, each of them once.
type verifier struct {
	r    *Repo
	s    *scanner
	done map[string]Checked // by the blob's name below the root and the expected hash
	each func(Checked) error
}

// Verify hashes what the cache has of a repository again and calls each with what it
// finds, in the order of commits and names: of one commit, or of all and then of
// blobs that belong to none where commit is "". A blob is hashed once. An error of
// each ends it. No revision at all is [fs.ErrNotExist].
func (r *Repo) Verify(ctx context.Context, commit string, each func(Checked) error) error {
	root, err := r.c.reading()
	if err != nil {
		return err
	}
	s := &scanner{ctx: ctx, c: r.c, root: root}
	commits := []string{commit}
	if commit == "" {
		if commits, err = s.list(r.in("snapshots")); err != nil {
			return err
		}
	}
	v := &verifier{r: r, s: s, done: map[string]Checked{}, each: each}
	for _, c := range commits {
		if !IsCommit(c) {
			continue
		}
		if err := v.revision(c); err != nil {
			return err
		}
	}
	if commit != "" {
		return nil
	}
	return v.orphans()
}

// revision checks the files of a commit: those that are there, and those that its
// listing has.
func (v *verifier) revision(commit string) error {
	dir := v.r.in("snapshots", commit)
	tree, err := v.r.Tree(commit)
	if err != nil {
		tree = nil
	}
	names := slices.Collect(maps.Keys(tree))
	err = v.s.walk(dir, 0, func(name string, _ fs.FileInfo) error {
		names = append(names, strings.TrimPrefix(name, dir+"/"))
		return nil
	})
	if err != nil && (tree == nil || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c, err := v.file(path.Join(dir, name), tree[name])
		if err != nil {
			return err
		}
		c.Commit, c.Name = commit, name
		if err := v.each(c); err != nil {
			return err
		}
	}
	return nil
}

// file checks a file of a snapshot, by its listing or by its blob's name.
func (v *verifier) file(name string, listed TreeEntry) (Checked, error) {
	info, err := v.s.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Checked{Size: listed.Size, Status: StatusMissing}, nil
	}
	if err != nil {
		return Checked{Path: v.r.c.path(name), Status: StatusCorrupt, Err: err}, nil //nolint:nilerr // it is the finding
	}
	blob := name
	digest := Digest{SHA256: listed.LFSSHA256}
	if digest.SHA256 == "" {
		digest = DigestOf(listed.BlobID)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := v.s.root.Readlink(name)
		resolved, ok := v.r.c.resolve(path.Dir(name), target)
		if err != nil || !ok {
			return Checked{Path: v.r.c.path(name), Status: StatusCorrupt, Err: errors.Join(err, errOutside)}, nil
		}
		blob = resolved
		if named := DigestOf(path.Base(blob)); named != (Digest{}) {
			digest = named
		}
	}
	c, err := v.blob(blob, digest)
	c.Path = v.r.c.path(name)
	return c, err
}

var errOutside = errors.New("the link leads out of the cache")

// blob hashes a blob, once.
func (v *verifier) blob(name string, digest Digest) (Checked, error) {
	key := name + "\x00" + digest.want()
	if c, ok := v.done[key]; ok {
		return c, nil
	}
	c := Checked{Path: v.r.c.path(name), Status: StatusOK}
	info, err := statLinked(v.s.root, name)
	if err == nil {
		c.Size = info.Size()
		err = verifyFile(v.s.ctx, v.s.root, name, digest)
	}
	switch {
	case v.s.ctx.Err() != nil:
		return c, context.Cause(v.s.ctx)
	case errors.Is(err, fs.ErrNotExist):
		c.Status, c.Err = StatusMissing, err
	case err != nil:
		c.Status, c.Err = StatusCorrupt, err
	case digest.Algorithm() == "":
		c.Status = StatusUnknown
	}
	v.done[key] = c
	return c, nil
}

// orphans checks the blobs that no snapshot of those that were checked refers to.
func (v *verifier) orphans() error {
	dir := v.r.in("blobs")
	names, err := v.s.list(dir)
	if err := ignoreMissing(err); err != nil {
		return err
	}
	seen := map[string]bool{}
	for key := range v.done {
		name, _, _ := strings.Cut(key, "\x00")
		seen[name] = true
	}
	for _, name := range names {
		full := path.Join(dir, name)
		if seen[full] || strings.HasSuffix(name, incomplete) || strings.HasPrefix(name, ".") {
			continue
		}
		c, err := v.blob(full, DigestOf(name))
		if err != nil {
			return err
		}
		c.Name = name
		if err := v.each(c); err != nil {
			return err
		}
	}
	return nil
}
