package hub

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/hub/internal/fnmatch"
)

// listing finds the commit of the revision and its files. The files of a commit
// never change: what the cache has of them is not asked for again.
func (j *job) listing(ctx context.Context, o *SnapshotOptions) (commit string, tree cache.Tree, err error) {
	if j.localOnly {
		return "", nil, ErrOffline
	}
	if commit = j.repo.revision(); !isCommit(commit) {
		if commit, err = j.resolve(ctx, o); err != nil {
			return "", nil, err
		}
	}
	tree, err = j.tree(commit)
	if err == nil {
		return commit, tree, nil
	}
	if !absent(err) {
		j.s.log.WarnContext(ctx, "the listing in the cache cannot be read", "repo", j.repo.String(), "error", err)
	}
	tree = cache.Tree{}
	for f, err := range j.s.files(ctx, j.repo.at(commit), j.patient("")) {
		if err != nil {
			return "", nil, err
		}
		e := cache.TreeEntry{Size: f.Size, BlobID: f.BlobID, XetHash: f.XetHash}
		if f.LFS != nil {
			e.LFSSHA256, e.LFSSize = f.LFS.SHA256, f.LFS.Size
		}
		tree[f.Path] = e
	}
	if o.DryRun {
		return commit, tree, nil
	}
	if err := j.setTree(commit, tree); err != nil {
		j.s.log.WarnContext(ctx, "could not keep the listing", "repo", j.repo.String(), "error", err)
	}
	return commit, tree, nil
}

// resolve asks the hub which commit the revision is at. Where the disk has an
// answer, the hub is asked only once: a network that is down holds nobody up.
func (j *job) resolve(ctx context.Context, o *SnapshotOptions) (string, error) {
	info, err := j.s.info(ctx, j.repo, 0)
	if err != nil && mayPass(err) && ctx.Err() == nil {
		if _, missing := j.onDisk(ctx, o); missing != nil || j.force {
			info, err = j.s.patientInfo(ctx, j.repo, j.patient(""))
		}
	}
	if err != nil {
		return "", err
	}
	return info.Commit, nil
}

// tree is the listing that is kept beside the files.
func (j *job) tree(commit string) (cache.Tree, error) {
	if j.local != nil {
		return j.local.Tree(commit)
	}
	return j.in.Tree(commit)
}

// setTree keeps a listing there.
func (j *job) setTree(commit string, t cache.Tree) error {
	if j.local != nil {
		return j.local.SetTree(commit, t)
	}
	return j.in.SetTree(commit, t)
}

// fromDisk answers with the snapshot on the disk when the hub could not be asked,
// for the reason err. What the hub has said for certain stands.
func (j *job) fromDisk(ctx context.Context, o *SnapshotOptions, err error) (*Snapshot, error) {
	if ctx.Err() != nil || final(err) || j.force || o.DryRun {
		return nil, err
	}
	snap, missing := j.onDisk(ctx, o)
	if e, ok := errors.AsType[*IncompleteError](missing); ok {
		return nil, because(e, err)
	}
	if missing != nil {
		return nil, notCached(err)
	}
	if !j.localOnly {
		j.s.log.WarnContext(ctx, "the hub cannot be asked: the snapshot on the disk is used", "repo", j.repo.String(), "error", err)
		j.report.instead("", err)
	}
	j.report.listed(len(snap.Files), bytesOf(snap.Files))
	for _, f := range snap.Files {
		j.cached(f.Path, f.Size)
	}
	j.report.done()
	return snap, nil
}

// onDisk is the snapshot that is on the disk: [ErrNotCached] or an
// [*IncompleteError] where it is not, or not all of it.
func (j *job) onDisk(ctx context.Context, o *SnapshotOptions) (*Snapshot, error) {
	commit := j.commit()
	if !j.hasDir(commit) {
		return nil, ErrNotCached
	}
	snap := &Snapshot{Dir: j.dir(commit), Commit: commit}
	tree, err := j.tree(commit)
	if err != nil {
		// Nothing tells what should be there, as in a cache of an older version.
		snap.Files, err = found(snap.Dir, o)
		return snap, err
	}
	snap.Files = selected(tree, o)
	missing := &IncompleteError{Dir: snap.Dir}
	for _, f := range snap.Files {
		if _, ok := j.present(commit, f.Path); !ok {
			missing.Missing = append(missing.Missing, f.Path)
		}
	}
	if len(missing.Missing) > 0 {
		return nil, missing
	}
	return snap, ctx.Err()
}

// hasDir reports whether the folder of a snapshot is there: of a local folder, a
// file in it.
func (j *job) hasDir(commit string) bool {
	if j.local == nil {
		return commit != "" && j.in.HasSnapshot(commit)
	}
	entries, err := cache.ReadDir(j.local.Dir())
	return err == nil && len(entries) > 0
}

// present reports whether a file of a snapshot is there, whatever it holds.
func (j *job) present(commit, path string) (size int64, ok bool) {
	if j.local != nil {
		return j.local.Stat(path)
	}
	at, ok, err := j.in.Pointer(commit, path)
	if err != nil || !ok {
		return 0, false
	}
	return fileSize(at), true
}

// missing are the files of a snapshot that would have to be fetched.
func (j *job) missing(ctx context.Context, snap *Snapshot) []File {
	var files []File
	for _, f := range snap.Files {
		if _, _, ok := j.have(ctx, snap.Commit, f.Path); !ok || j.force {
			files = append(files, f)
		}
	}
	return files
}

// found lists the files that are in a folder, with nothing but what the folder
// says of them.
func found(dir string, o *SnapshotOptions) ([]File, error) {
	wanted := fnmatch.NewFilter(o.Allow, o.Ignore)
	var files []File
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		path := filepath.ToSlash(rel)
		if d.IsDir() {
			if path == ".cache/huggingface" {
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(name)
		if err == nil && info.Mode().IsRegular() && wanted.Takes(path) {
			files = append(files, File{Path: path, Size: info.Size()})
		}
		return nil
	})
	return files, err
}
