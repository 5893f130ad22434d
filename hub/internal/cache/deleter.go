package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Delete deletes revisions. What another process is downloading stays, with what
// it needs: it is reported. A blob's lock is held while it goes, and whether another
// revision needs it is looked up again then. The error is that of the context, or
// of a cache that cannot be read; what cannot be deleted is reported.
func (c *Cache) Delete(ctx context.Context, targets ...Target) (*Deleted, error) {
	root, err := c.reading()
	if err != nil {
		return nil, err
	}
	done := &Deleted{}
	for _, group := range group(targets) {
		r, err := c.Repo(group[0].Kind, group[0].ID)
		if err != nil {
			return done, err
		}
		d := &deleter{ctx: ctx, r: r, root: root, done: done}
		d.run(group)
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
	}
	return done, nil
}

// deleter deletes revisions of one repository.
type deleter struct {
	ctx  context.Context //nolint:containedctx // it lives as long as one deletion
	r    *Repo
	root *os.Root
	done *Deleted
	busy map[string]bool // etags whose locks others held at the beginning
}

// skip notes what stays, and why.
func (d *deleter) skip(name string, err error) {
	d.done.Skipped = append(d.done.Skipped, Skip{Path: d.r.c.path(name), Err: trouble(err)})
}

// run deletes what is asked for of the repository. It looks through the folder anew,
// since the plan that a person said yes to may be of a while ago.
func (d *deleter) run(targets []Target) {
	if err := d.real(); err != nil {
		d.skip(d.r.name, err)
		return
	}
	if err := d.findBusy(); err != nil {
		d.skip(d.r.name, err)
		return
	}
	whole := slices.ContainsFunc(targets, func(t Target) bool { return t.Commit == "" })
	s := &scanner{ctx: d.ctx, c: d.r.c, root: d.root, store: d.r.c.hasStore()}
	repo, err := s.repo(d.r.name)
	switch {
	case err == nil:
	case whole && d.ctx.Err() == nil && len(d.busy) == 0:
		// It is not in order, and is to go with all that it has.
		d.clear(true)
		return
	default:
		d.skip(d.r.name, err)
		return
	}
	gone := map[string]bool{}
	for _, r := range repo.Revisions {
		wanted := func(t Target) bool { return t.Commit == "" || t.Commit == r.Commit }
		switch {
		case !slices.ContainsFunc(targets, wanted):
		case d.inUse(r):
			whole = false
			d.skip(path.Join(d.r.name, "snapshots", r.Commit), ErrLocked)
		default:
			gone[r.Commit] = true
		}
	}
	p := plan(repo, gone)
	d.remove(p)
	if p.all && (whole || len(gone) > 0) && d.ctx.Err() == nil {
		d.clear(false)
	}
}

// real refuses a repository whose folders are links: they lead to what is
// another's.
func (d *deleter) real() error {
	for _, name := range []string{"", "blobs", "snapshots", "refs", "trees", ".no_exist"} {
		info, err := d.root.Lstat(d.r.in(name))
		if name != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &Warning{Path: d.r.c.path(d.r.in(name)), Why: "is no folder of its own"}
		}
	}
	return nil
}

// findBusy notes the blobs whose locks others hold.
func (d *deleter) findBusy() error {
	d.busy = map[string]bool{}
	var etags []string
	err := d.r.c.eachName(path.Join(".locks", d.r.name), func(name string) {
		if etag, ok := strings.CutSuffix(name, ".lock"); ok {
			etags = append(etags, etag)
		}
	})
	if err := ignoreMissing(err); err != nil {
		return err
	}
	for _, etag := range etags {
		l, err := d.r.TryLock(etag)
		if errors.Is(err, ErrReadOnly) {
			return err
		}
		if errors.Is(err, ErrLocked) {
			d.busy[etag] = true
		}
		_ = l.Unlock() // it was not written to
	}
	return nil
}

// inUse says whether another process may be downloading a file of a revision. Where
// its listing is not there, whatever is being downloaded may be one of its.
func (d *deleter) inUse(r *RevisionInfo) bool {
	if len(d.busy) == 0 {
		return false
	}
	for _, file := range r.Files {
		if d.busy[path.Base(file.blob)] {
			return true
		}
	}
	tree, err := d.r.Tree(r.Commit)
	if err != nil {
		return true
	}
	for _, file := range tree {
		if d.busy[file.BlobID] || d.busy[file.LFSSHA256] {
			return true
		}
	}
	return false
}

// remove removes what is planned: what refers to something goes before it, so that
// an end at any point leaves nothing that leads nowhere.
func (d *deleter) remove(p *repoPlan) {
	for _, name := range slices.Concat(p.refs, p.snapshots) {
		if d.ctx.Err() != nil {
			return
		}
		if err := d.root.RemoveAll(name); err != nil {
			d.skip(name, err)
			return
		}
	}
	d.done.Freed += p.inside
	names := make([]string, 0, len(p.blobs))
	for blob := range p.blobs {
		names = append(names, path.Base(blob))
	}
	d.removeBlobs(names)
}

// locksAtOnce bounds how many locks are held, each of which is an open file.
const locksAtOnce = 200

// removeBlobs removes blobs, and files in the making, that no revision needs and
// that nobody is at.
func (d *deleter) removeBlobs(names []string) {
	slices.Sort(names)
	for batch := range slices.Chunk(names, locksAtOnce) {
		if d.ctx.Err() != nil {
			return
		}
		d.removeBatch(batch)
	}
}

// removeBatch takes all the locks first and looks then what is needed: who links a
// blob holds its lock, so that none comes to be needed after the look.
func (d *deleter) removeBatch(names []string) {
	locks := map[string]*Lock{}
	defer func() {
		for _, l := range locks {
			_ = l.Unlock() // it was not written to
		}
	}()
	free := names[:0]
	for _, name := range names {
		etag := owner(name)
		if locks[etag] == nil && CheckETag(etag) == nil {
			l, err := d.r.TryLock(etag)
			if err != nil {
				d.skip(d.r.in("blobs", name), err)
				continue
			}
			locks[etag] = l
		}
		free = append(free, name)
	}
	needed, err := d.needed()
	for _, name := range free {
		full := d.r.in("blobs", name)
		switch info, stat := d.root.Lstat(full); {
		case err != nil:
			d.skip(full, err)
		case needed[full], errors.Is(stat, fs.ErrNotExist):
		default:
			if err := d.root.RemoveAll(full); err != nil {
				d.skip(full, err)
			} else if stat == nil && info.Mode().IsRegular() {
				d.done.Freed += info.Size()
			}
		}
	}
}

// needed returns the blobs that snapshots link to now.
func (d *deleter) needed() (map[string]bool, error) {
	s := &scanner{ctx: d.ctx, c: d.r.c, root: d.root}
	needed := map[string]bool{}
	err := s.walk(d.r.in("snapshots"), 0, func(name string, info fs.FileInfo) error {
		if info.Mode()&fs.ModeSymlink == 0 {
			return nil
		}
		target, err := d.root.Readlink(name)
		if blob, ok := d.r.c.resolve(path.Dir(name), target); ok && err == nil {
			needed[blob] = true
		}
		return ignoreMissing(err)
	})
	return needed, ignoreMissing(err)
}

// clear removes what is left of a repository without revisions. Where others are at
// it, their part stays. All says that the folder is not in order: its snapshots go
// as they are.
func (d *deleter) clear(all bool) {
	if !all {
		// An empty folder, but for what systems put there: else somebody has come.
		for _, name := range ignored {
			_ = d.root.Remove(d.r.in("snapshots", name))
		}
		if err := ignoreMissing(d.root.Remove(d.r.in("snapshots"))); err != nil {
			d.skip(d.r.in("snapshots"), errors.Join(ErrLocked, err))
			return
		}
	} else if err := d.root.RemoveAll(d.r.in("snapshots")); err != nil {
		d.skip(d.r.in("snapshots"), err)
		return
	}
	var blobs, rest []string
	_ = d.r.c.eachName(d.r.in("blobs"), func(name string) { blobs = append(blobs, name) })
	d.removeBlobs(blobs)
	if err := ignoreMissing(d.root.Remove(d.r.in("blobs"))); err != nil {
		d.skip(d.r.name, errors.Join(ErrLocked, err))
		return
	}
	if err := d.r.c.eachName(d.r.name, func(name string) { rest = append(rest, name) }); err != nil {
		d.skip(d.r.name, err)
		return
	}
	for _, name := range rest {
		if name == "blobs" || name == "snapshots" {
			continue // they are somebody's who has come since
		}
		if err := d.root.RemoveAll(d.r.in(name)); err != nil {
			d.skip(d.r.in(name), err)
		}
	}
	if err := ignoreMissing(d.root.Remove(d.r.name)); err != nil {
		d.skip(d.r.name, err)
	}
}
