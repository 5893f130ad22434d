package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// ErrInUse means that another process is downloading it.
var ErrInUse = errors.New("another process is downloading it")

// Deletion is what goes when revisions are deleted from a cache, by the rules of
// Python's delete_revisions: their files, the branches and tags that were at them,
// and those blobs that no other revision of the repository needs. With its last
// revision the whole folder of a repository goes. The store of blobs that
// repositories share is left alone, and nothing outside of the cache is touched,
// wherever links lead.
type Deletion struct {
	// Freed is how many bytes become free.
	Freed int64

	// Repos, Snapshots, Refs and Blobs are the paths of what goes, sorted. What is in
	// a folder of Repos is not named again.
	Repos, Snapshots, Refs, Blobs []string

	dir     string
	targets []cache.Target
}

// Deleted is what came of a [Deletion].
type Deleted struct {
	// Freed is how many bytes have become free.
	Freed int64

	// Skipped is what was not deleted.
	Skipped []Skipped
}

// Skipped is something that was to be deleted and was not.
type Skipped struct {
	// Path is what it is.
	Path string

	// Err says why; it is [ErrInUse] where another process is downloading it.
	Err error
}

// Plan says what deleting would remove. The revision of each repository is a commit,
// or a branch or tag by which the cache knows one; "" stands for the whole
// repository, with all that its folder holds, also where that is not in order.
// What is not there is [ErrNotCached]. It looks at i alone.
func (i *CacheInfo) Plan(repos ...Repo) (*Deletion, error) {
	if i == nil || i.scanned == nil {
		return nil, errors.New("hub: delete: the information is not that of a scan")
	}
	d := &Deletion{dir: i.Dir}
	for _, r := range repos {
		t, err := i.target(r)
		if err != nil {
			return nil, err
		}
		d.targets = append(d.targets, t)
	}
	p, err := i.scanned.Plan(d.targets...)
	if err != nil {
		return nil, cacheFailure("delete", err)
	}
	d.Freed, d.Repos, d.Snapshots, d.Refs, d.Blobs = p.Freed, p.Repos, p.Snapshots, p.Refs, p.Blobs
	return d, nil
}

// target finds the commit that a revision of a repository is in the cache.
func (i *CacheInfo) target(r Repo) (cache.Target, error) {
	if err := r.Check(); err != nil {
		return cache.Target{}, err
	}
	t := cache.Target{Kind: kinds[r.Type], ID: r.ID, Commit: r.Revision}
	if r.Revision == "" {
		return t, nil
	}
	v := i.Revision(r)
	if v == nil {
		return t, fmt.Errorf("hub: delete %s: %w", r, ErrNotCached)
	}
	t.Commit = v.Commit
	return t, nil
}

// Revision returns what the cache has of a repository at a revision: a commit, or a
// branch or tag by which the cache knows one; "" stands for [DefaultRevision]. Nil
// means nothing.
func (i *CacheInfo) Revision(r Repo) *CachedRevision {
	if i == nil {
		return nil
	}
	for k := range i.Repos {
		if repo, ok := i.Repos[k].Repo(); !ok || repo.Type != r.Type || repo.ID != r.ID {
			continue
		}
		for n := range i.Repos[k].Revisions {
			v := &i.Repos[k].Revisions[n]
			if v.Commit == r.revision() || slices.Contains(v.Refs, r.revision()) {
				return v
			}
		}
	}
	return nil
}

// Run deletes what is planned. What another process, this one's or Python's, is
// downloading stays and is reported, with the revision that it belongs to. Blobs
// that have come to be needed since the scan stay too. The error is that of the
// context, or of a cache that cannot be used at all; there is a result besides.
func (d *Deletion) Run(ctx context.Context) (*Deleted, error) {
	if d == nil || d.dir == "" {
		return &Deleted{}, errors.New("hub: delete: nothing was planned")
	}
	c, err := cache.Open(d.dir, cache.Options{})
	if err != nil {
		return &Deleted{}, fmt.Errorf("hub: delete: %w", err)
	}
	defer c.Close()
	done, err := c.Delete(ctx, d.targets...)
	out := &Deleted{}
	if done != nil {
		out.Freed = done.Freed
		for _, s := range done.Skipped {
			err := s.Err
			if errors.Is(err, cache.ErrLocked) {
				err = ErrInUse
			}
			out.Skipped = append(out.Skipped, Skipped{Path: s.Path, Err: fromCache(err, "")})
		}
	}
	if err != nil {
		return out, cacheFailure("delete", err)
	}
	return out, nil
}
