package cache

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Target names a revision to delete, or a whole repository.
type Target struct {
	Kind   Kind
	ID     string
	Commit string // "" for every one, and what else the repository's folder holds
}

// Deletion is what goes when revisions do, by the rules of Python's
// delete_revisions: their files, the references to them, and those blobs that no
// other revision of the repository needs. With the last revision of a repository
// goes its folder. The store that repositories share is left alone.
type Deletion struct {
	Freed   int64 // bytes
	Targets []Target

	// Absolute paths, sorted.
	Repos, Snapshots, Refs, Blobs []string
}

// Skip is something that was not deleted, and why.
type Skip struct {
	Path string // absolute
	Err  error  // ErrLocked where another process is downloading it
}

// Deleted says what a deletion has done.
type Deleted struct {
	Freed   int64
	Skipped []Skip
}

// repoPlan is the part of a deletion that is one repository's. Names are below the
// root of the cache.
type repoPlan struct {
	repo      *RepoInfo
	dir       string
	all       bool
	snapshots []string
	refs      []string
	blobs     map[string]int64 // of the repository, by name
	freed     int64
	inside    int64 // of freed, what lies in the snapshots themselves
}

// Plan says what goes with revisions. A target that is not there is an error that
// is [fs.ErrNotExist].
func (i *Info) Plan(targets ...Target) (*Deletion, error) {
	d := &Deletion{Targets: slices.Clone(targets)}
	f := &folder{dir: i.Dir}
	for _, group := range group(targets) {
		if w := i.disordered(group); w != nil {
			d.Repos = append(d.Repos, f.path(folderName(w.Kind, w.ID)))
			continue
		}
		p, err := i.planRepo(group)
		if err != nil {
			return nil, err
		}
		d.Freed += p.freed
		if p.all {
			d.Repos = append(d.Repos, p.repo.Dir)
			continue
		}
		for _, s := range p.snapshots {
			d.Snapshots = append(d.Snapshots, f.path(s))
		}
		for _, r := range p.refs {
			d.Refs = append(d.Refs, f.path(r))
		}
		for b := range p.blobs {
			d.Blobs = append(d.Blobs, f.path(b))
		}
	}
	for _, paths := range [][]string{d.Repos, d.Snapshots, d.Refs, d.Blobs} {
		slices.Sort(paths)
	}
	return d, nil
}

// disordered returns the warning about a repository that is to go as a whole and
// whose folder is not in order.
func (i *Info) disordered(targets []Target) *Warning {
	t := targets[0]
	whole := slices.ContainsFunc(targets, func(t Target) bool { return t.Commit == "" })
	at := slices.IndexFunc(i.Warnings, func(w *Warning) bool { return w.Kind == t.Kind && w.ID == t.ID })
	if !whole || at < 0 || t.Kind == "" {
		return nil
	}
	return i.Warnings[at]
}

// group puts together the targets of each repository.
func group(targets []Target) [][]Target {
	var groups [][]Target
	index := map[string]int{}
	for _, t := range targets {
		name := folderName(t.Kind, t.ID)
		i, ok := index[name]
		if !ok {
			i = len(groups)
			index[name] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// planRepo plans the deletion of revisions of one repository.
func (i *Info) planRepo(targets []Target) (*repoPlan, error) {
	kind, id := targets[0].Kind, targets[0].ID
	at := slices.IndexFunc(i.Repos, func(r *RepoInfo) bool { return r.Kind == kind && r.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("%s %s in the cache: %w", kind, (&NameError{What: "repository", Name: id, Why: "is not there"}).Error(), fs.ErrNotExist)
	}
	repo := i.Repos[at]
	gone := map[string]bool{}
	for _, t := range targets {
		found := false
		for _, r := range repo.Revisions {
			if t.Commit == "" || t.Commit == r.Commit {
				gone[r.Commit], found = true, true
			}
		}
		if !found && t.Commit != "" {
			return nil, fmt.Errorf("%w: %w", &NameError{What: "commit", Name: t.Commit, Why: "is not in the cache"}, fs.ErrNotExist)
		}
	}
	return plan(repo, gone), nil
}

// plan is Python's strategy for one repository.
func plan(repo *RepoInfo, gone map[string]bool) *repoPlan {
	p := &repoPlan{repo: repo, dir: folderName(repo.Kind, repo.ID), all: true, blobs: map[string]int64{}}
	needed := map[string]bool{}
	for _, r := range repo.Revisions {
		if gone[r.Commit] {
			continue
		}
		p.all = false
		for _, file := range r.Files {
			needed[file.blob] = true
		}
	}
	counted := map[string]bool{}
	for _, r := range repo.Revisions {
		if !gone[r.Commit] {
			continue
		}
		p.snapshots = append(p.snapshots, path.Join(p.dir, "snapshots", r.Commit))
		for _, ref := range r.Refs {
			p.refs = append(p.refs, path.Join(p.dir, "refs", ref))
		}
		for _, file := range r.Files {
			own := path.Dir(file.blob) == path.Join(p.dir, "blobs")
			inside := strings.HasPrefix(file.blob, path.Join(p.dir, "snapshots", r.Commit)+"/")
			// What a link leads to elsewhere is not this repository's to delete.
			if needed[file.blob] || counted[file.blob] || !own && !inside {
				continue
			}
			counted[file.blob] = true
			if own {
				p.blobs[file.blob] = file.Size
			} else {
				p.inside += file.Size
			}
			if !file.shared {
				p.freed += file.Size
			}
		}
	}
	return p
}
