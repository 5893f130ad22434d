package hub

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/hub/internal/fnmatch"
)

// SnapshotOptions are the choices of [Client.Snapshot]. The zero value, and nil,
// fetch all of the revision into the cache.
type SnapshotOptions struct {
	// Allow and Ignore are patterns for paths in the repository. A file is wanted
	// when it matches one of Allow, or Allow is nil, and none of Ignore. They are
	// those of Python's fnmatch: * and ? match slashes too, and a pattern with a
	// slash at its end means all that is in the folder.
	Allow, Ignore []string

	// LocalDir is a folder that gets real files in place of links in the cache,
	// with Python's record of them in .cache/huggingface.
	LocalDir string

	// Force fetches files again that are there.
	Force bool

	// LocalOnly makes no request: the snapshot is in the cache, or it is
	// [ErrNotCached] or [ErrIncompleteSnapshot].
	LocalOnly bool

	// DryRun fetches and writes nothing: Snapshot.Missing is what would be fetched.
	DryRun bool

	// Progress is told of what happens. Its calls never overlap; downloads wait
	// while it runs.
	Progress func(Event)
}

// Snapshot is a revision of a repository on the disk.
type Snapshot struct {
	// Dir is the folder of its files: LocalDir, or one in the cache, where they are
	// links.
	Dir string

	// Commit is the commit that the revision stood for, "" where the hub could not
	// be asked and a LocalDir answered.
	Commit string

	// Files are those that were wanted, sorted by path. Where the hub could not be
	// asked and the cache has no listing, they are those that are there, with paths
	// and sizes alone.
	Files []File

	// Missing are those of Files that a dry run found to be fetched.
	Missing []File
}

// Snapshot returns the folder of a revision's files, and fetches those that are
// not there, several at once. When the hub cannot be asked, the snapshot in the
// cache is the answer, if it is whole as far as the cache can tell. It is Python's
// snapshot_download.
//
// One file that fails ends it; the others keep what they have for the next time.
// That no file matches the patterns is no error: Snapshot.Files is empty then, and
// the folder need not exist.
func (c *Client) Snapshot(ctx context.Context, repo Repo, o *SnapshotOptions) (_ *Snapshot, err error) {
	if o == nil {
		o = &SnapshotOptions{}
	}
	s, err := c.asking(repo)
	if err != nil {
		return nil, err
	}
	j, err := newJob(s, repo, DownloadOptions{LocalDir: o.LocalDir, Force: o.Force, LocalOnly: o.LocalOnly, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	defer func() { err = also(err, j.close()) }()
	snap, err := j.snapshot(ctx, o)
	if err != nil {
		return nil, j.call("snapshot", "").fail(err)
	}
	return snap, nil
}

// snapshot is Snapshot, of a job.
func (j *job) snapshot(ctx context.Context, o *SnapshotOptions) (*Snapshot, error) {
	commit, tree, err := j.listing(ctx, o)
	if err != nil {
		return j.fromDisk(ctx, o, err)
	}
	snap := &Snapshot{Dir: j.dir(commit), Commit: commit, Files: selected(tree, o)}
	if len(snap.Files) == 0 && len(tree) > 0 {
		j.s.log.WarnContext(ctx, "no file matches the patterns", "repo", j.repo.String(), "allow", o.Allow, "ignore", o.Ignore)
	}
	if err := j.checkNames(snap.Files); err != nil {
		return nil, fromCache(err, "")
	}
	if o.DryRun {
		snap.Missing = j.missing(ctx, snap)
		return snap, nil
	}
	if err := j.in.SetRef(j.repo.revision(), commit); err != nil {
		j.s.log.WarnContext(ctx, "could not note the commit of a revision", "repo", j.repo.String(), "error", err)
	}
	j.report.listed(len(snap.Files), bytesOf(snap.Files))
	if err := j.allOf(ctx, snap); err != nil {
		return nil, err
	}
	j.report.done()
	return snap, nil
}

// dir is the folder of a snapshot.
func (j *job) dir(commit string) string {
	if j.local != nil {
		return j.local.Dir()
	}
	return j.in.SnapshotDir(commit)
}

// checkNames refuses files that cannot lie in the folder together.
func (j *job) checkNames(files []File) error {
	names := make([]string, len(files))
	for k, f := range files {
		names[k] = f.Path
	}
	if j.local != nil {
		return j.local.CheckTree(names)
	}
	return j.cache.CheckTree(names)
}

// bytesOf is the size of all files.
func bytesOf(files []File) (sum int64) {
	for _, f := range files {
		sum += f.Size
	}
	return sum
}

// selected are the files that are wanted, sorted by path.
func selected(tree cache.Tree, o *SnapshotOptions) []File {
	wanted := fnmatch.NewFilter(o.Allow, o.Ignore)
	var files []File
	for path, e := range tree {
		if !wanted.Takes(path) {
			continue
		}
		f := File{Path: path, Size: e.Size, BlobID: e.BlobID, XetHash: e.XetHash}
		if e.LFSSHA256 != "" {
			f.LFS = &LFS{SHA256: e.LFSSHA256, Size: e.LFSSize}
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// allOf brings all files, and again those that were deleted meanwhile: between two
// files nothing tells others that the snapshot is being made.
func (j *job) allOf(ctx context.Context, snap *Snapshot) error {
	const passes = 3
	lost := snap.Files
	for range passes {
		if err := j.all(ctx, snap.Commit, lost); err != nil {
			return err
		}
		lost = slices.DeleteFunc(slices.Clone(snap.Files), func(f File) bool {
			_, ok := j.present(snap.Commit, f.Path)
			return ok
		})
		if len(lost) == 0 {
			return nil
		}
	}
	missing := &IncompleteError{Dir: snap.Dir}
	for _, f := range lost {
		missing.Missing = append(missing.Missing, f.Path)
	}
	return missing
}

// all brings files, several at once. The first failure ends the others.
func (j *job) all(ctx context.Context, commit string, files []File) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var first sync.Once
	var failed error
	var next atomic.Int64
	var wg sync.WaitGroup
	var left departure
	for range min(j.s.parallel, len(files)) {
		wg.Go(func() {
			came := false
			defer func() {
				if !came {
					left.by(ctx, recover(), j.s.log)
					cancel(errOther)
				}
			}()
			for ctx.Err() == nil {
				k := int(next.Add(1)) - 1
				if k >= len(files) {
					break
				}
				f := &files[k]
				if _, err := j.file(ctx, commit, f.Path, f); err != nil {
					first.Do(func() { failed = err })
					cancel(errOther)
				}
			}
			came = true
		})
	}
	wg.Wait()
	left.follow()
	if failed != nil {
		return failed
	}
	return context.Cause(ctx)
}

// errOther ends the downloads beside one that has failed.
var errOther error = stoppedError{}

// stoppedError is [context.Canceled] in other words.
type stoppedError struct{}

func (stoppedError) Error() string { return "another file of the snapshot has failed" }
func (stoppedError) Unwrap() error { return context.Canceled }
