package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// listCmd is the verb list. It promises what lies in the local cache, and that nothing is
// changed by looking: repositories and their revisions with sizes, each blob counted once,
// and when they were last used.
type listCmd struct {
	Name string `arg:"" optional:"" help:"Show this repository only, org/name."`
	JSON bool   `help:"Print one JSON object."`
}

// Help is printed by kong above the flags.
func (*listCmd) Help() string {
	return `Shows what lies in the local cache, which Python's huggingface_hub shares (HF_HUB_CACHE, HF_HOME).

Examples:

    coreml list
    coreml list org/name
    coreml list --json`
}

// Run is called by kong.
func (c *listCmd) Run(ctx context.Context, s *streams) error {
	info, err := scanCache(ctx)
	if err != nil {
		return err
	}
	if c.Name != "" {
		if err := c.only(info); err != nil {
			return err
		}
	}
	if c.JSON {
		return printIndented(s.out, listing(info))
	}
	if _, err := io.WriteString(s.out, fitted(s.out, c.text(info))); err != nil {
		return err
	}
	var notes []string
	for _, w := range info.Warnings {
		notes = append(notes, explain(w)+remedy(w))
	}
	note(s.err, notes)
	return nil
}

// only leaves what is about the repository that was named.
func (c *listCmd) only(info *hub.CacheInfo) error {
	repo, err := wholeRepo("list", c.Name)
	if err != nil {
		return err
	}
	info.Repos = slices.DeleteFunc(info.Repos, func(r hub.CachedRepo) bool { return !isThe(&r, repo) })
	info.Warnings = slices.DeleteFunc(info.Warnings, func(w *hub.CacheWarning) bool { return !isAbout(w, repo) })
	if len(info.Repos) == 0 && len(info.Warnings) == 0 {
		return fmt.Errorf("the local cache %s has nothing of %s", info.Dir, quoted(c.Name))
	}
	return nil
}

// scanCache looks through the local cache. One that was never made is empty.
func scanCache(ctx context.Context) (*hub.CacheInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client := newClient(true)
	info, err := client.Scan(ctx)
	if !errors.Is(err, hub.ErrNotCached) {
		return info, err
	}
	dir, err := client.CacheFolder()
	return &hub.CacheInfo{Dir: dir}, err
}

// isThe reports whether an entry of the cache is that of a repository.
func isThe(r *hub.CachedRepo, repo hub.Repo) bool {
	own, ok := r.Repo()
	return ok && own.Type == repo.Type && own.ID == repo.ID
}

// isAbout reports whether a warning is about a repository.
func isAbout(w *hub.CacheWarning, repo hub.Repo) bool {
	return w.Kind == repo.Type.String() && w.ID == repo.ID
}

// remedy says how to be rid of what a warning is about, where a verb is.
func remedy(w *hub.CacheWarning) string {
	r := hub.CachedRepo{Kind: w.Kind, ID: w.ID}
	repo, ok := r.Repo()
	if !ok || repo.Check() != nil {
		return ""
	}
	return "; coreml rm " + repo.String() + " deletes what is there"
}

// repoName is the name of a repository in the cache as the verbs take it.
func repoName(r *hub.CachedRepo) string {
	if repo, ok := r.Repo(); ok {
		return repo.String()
	}
	return r.Kind + "s/" + r.ID
}

// text is the table for people.
func (c *listCmd) text(info *hub.CacheInfo) string {
	if len(info.Repos) == 0 {
		return fmt.Sprintf("%s: nothing is there\n", plain(info.Dir))
	}
	list := table{right: map[int]bool{2: true, 3: true}}
	list.row("repository", "revision", "size", "files", "last used")
	for i := range info.Repos {
		r := &info.Repos[i]
		for n := range r.Revisions {
			v := &r.Revisions[n]
			name := ""
			if n == 0 {
				name = repoName(r)
			}
			list.row(name, revisionText(v), bytesText(v.Size), strconv.Itoa(len(v.Files)), ago(lastUsed(v), time.Now()))
		}
		if len(r.Revisions) == 0 {
			list.row(repoName(r), "-", bytesText(r.Size), "0", ago(r.Accessed, time.Now()))
		}
	}
	text := list.String() + fmt.Sprintf("\n%s in %s\n", bytesText(info.Size), plain(info.Dir))
	if n := len(info.Unfinished); n > 0 {
		text += fmt.Sprintf("%s of downloads that are going on or were cut off\n", counted(n, "file"))
	}
	return text
}

// revisionText is what a revision is called, with the beginning of its commit.
func revisionText(v *hub.CachedRevision) string {
	const short = 8
	return strings.TrimSpace(strings.Join(v.Refs, ", ") + " " + v.Commit[:min(short, len(v.Commit))])
}

// lastUsed is when a file of a revision was last read, as far as the file system notes
// it.
func lastUsed(v *hub.CachedRevision) time.Time {
	last := v.Modified
	for i := range v.Files {
		if t := v.Files[i].Accessed; t.After(last) {
			last = t
		}
	}
	return last
}

// ago says how long ago a time was.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "-"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return counted(int(d/time.Minute), "minute") + " ago"
	case d < 24*time.Hour:
		return counted(int(d/time.Hour), "hour") + " ago"
	case d < 30*24*time.Hour:
		return counted(int(d/(24*time.Hour)), "day") + " ago"
	}
	return t.Format(time.DateOnly)
}

// cacheJSON is the object of --json.
type cacheJSON struct {
	Path         string       `json:"path"`
	Bytes        int64        `json:"bytes"`
	Repositories []cachedJSON `json:"repositories"`
	Unfinished   []fileJSON   `json:"unfinished"`
	Warnings     []string     `json:"warnings"`
}

// cachedJSON is a repository in it.
type cachedJSON struct {
	Type       string         `json:"type"`
	Repository string         `json:"repository"`
	Path       string         `json:"path"`
	Bytes      int64          `json:"bytes"`
	LastUsed   *time.Time     `json:"last_used,omitempty"`
	Modified   *time.Time     `json:"modified,omitempty"`
	Revisions  []revisionJSON `json:"revisions"`
}

// revisionJSON is a revision of a repository.
type revisionJSON struct {
	Commit   string     `json:"commit"`
	Refs     []string   `json:"refs"`
	Path     string     `json:"path"`
	Bytes    int64      `json:"bytes"`
	LastUsed *time.Time `json:"last_used,omitempty"`
	Modified *time.Time `json:"modified,omitempty"`
	Files    []fileJSON `json:"files"`
}

// fileJSON is a file of a revision.
type fileJSON struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// listing is what --json prints.
func listing(info *hub.CacheInfo) *cacheJSON {
	list := &cacheJSON{Path: info.Dir, Bytes: info.Size, Repositories: []cachedJSON{}, Unfinished: filesJSON(info.Unfinished), Warnings: []string{}}
	for i := range info.Repos {
		r := &info.Repos[i]
		repo := cachedJSON{
			Type: r.Kind, Repository: r.ID, Path: r.Dir, Bytes: r.Size, LastUsed: some(r.Accessed), Modified: some(r.Modified), Revisions: []revisionJSON{},
		}
		for n := range r.Revisions {
			v := &r.Revisions[n]
			repo.Revisions = append(repo.Revisions, revisionJSON{
				Commit: v.Commit, Refs: orEmpty(v.Refs), Path: v.Dir, Bytes: v.Size, LastUsed: some(lastUsed(v)), Modified: some(v.Modified), Files: filesJSON(v.Files),
			})
		}
		list.Repositories = append(list.Repositories, repo)
	}
	for _, w := range info.Warnings {
		list.Warnings = append(list.Warnings, explain(w))
	}
	return list
}

func filesJSON(files []hub.CachedFile) []fileJSON {
	list := make([]fileJSON, len(files))
	for i, f := range files {
		list[i] = fileJSON{cmp.Or(f.Name, f.Path), f.Size}
	}
	return list
}

// some is a time where there is one.
func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
