//go:build linux

package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// work is the life of a process of ours: it takes commands as driver.py does.
func work(stdin io.Reader, stdout io.Writer) error {
	out := json.NewEncoder(stdout)
	if err := out.Encode(answer{Path: "ours"}); err != nil {
		return err
	}
	for lines := bufio.NewReader(stdin); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		var c command
		if err := errors.Join(err, json.Unmarshal(line, &c)); err != nil {
			return err
		}
		a, err := obey(context.Background(), c)
		if err != nil {
			a = answer{Error: kindOf(err), Text: fmt.Sprintf("%.600s", err)}
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

// obey does what a command says.
func obey(ctx context.Context, c command) (a answer, err error) {
	client := &hub.Client{CacheDir: c.Cache, Retries: c.Retries}
	repo := hub.Repo{ID: c.ID, Revision: c.Revision, Type: map[string]hub.RepoType{"dataset": hub.Dataset, "space": hub.Space}[c.Type]}
	switch c.Op {
	case "snapshot":
		var s *hub.Snapshot
		s, err = client.Snapshot(ctx, repo, &hub.SnapshotOptions{Allow: c.Allow, Ignore: c.Ignore, LocalDir: c.LocalDir, Force: c.Force})
		if err == nil {
			a.Path = s.Dir
		}
	case "download":
		a.Path, err = client.Download(ctx, repo, c.File, &hub.DownloadOptions{LocalDir: c.LocalDir, Force: c.Force})
	case "scan":
		a.Scan, err = scanned(ctx, client)
	case "delete":
		a.Freed, err = remove(ctx, client, c.Commits)
	case "choose":
		var s *hub.Snapshot
		if s, err = client.Snapshot(ctx, repo, &hub.SnapshotOptions{Allow: c.Allow, Ignore: c.Ignore, DryRun: true}); err != nil {
			break
		}
		for _, f := range s.Files {
			a.Names = append(a.Names, f.Path)
		}
	default:
		err = fmt.Errorf("no such command: %q", c.Op)
	}
	return a, err
}

// kinds are the names of errors, a narrower one before a wider one.
var kinds = []struct {
	name string
	err  error
}{
	{"gated", hub.ErrGated},
	{"repository", hub.ErrRepositoryNotFound},
	{"revision", hub.ErrRevisionNotFound},
	{"disabled", hub.ErrDisabled},
	{"checksum", hub.ErrChecksum},
	{"size", hub.ErrSize},
	{"disk full", hub.ErrDiskFull},
	{"read-only", hub.ErrReadOnly},
	{"unsafe name", hub.ErrUnsafeName},
	{"too large", hub.ErrTooLarge},
	{"incomplete", hub.ErrIncompleteSnapshot},
	{"entry", hub.ErrEntryNotFound},
	{"not a hub", hub.ErrNotHub},
	{"not cached", hub.ErrNotCached},
}

func kindOf(err error) string {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return "other"
}

// scanned gives the figures of a scan in Python's terms.
func scanned(ctx context.Context, client *hub.Client) (*scan, error) {
	info, err := client.Scan(ctx)
	if err != nil {
		return nil, err
	}
	s := &scan{Size: info.Size, Warnings: len(info.Warnings)}
	for _, r := range info.Repos {
		repo := scannedRepo{Kind: r.Kind, ID: r.ID, Size: r.Size, Blobs: r.Blobs, Modified: seconds(r.Modified), Accessed: seconds(r.Accessed), Revisions: []scannedRevision{}}
		for _, v := range r.Revisions {
			revision := scannedRevision{Commit: v.Commit, Size: v.Size, Refs: append([]string{}, v.Refs...), Modified: seconds(v.Modified), Files: [][2]any{}}
			for _, f := range v.Files {
				revision.Files = append(revision.Files, [2]any{filepath.ToSlash(f.Name), f.Size})
			}
			slices.Sort(revision.Refs)
			repo.Revisions = append(repo.Revisions, revision)
		}
		s.Repos = append(s.Repos, repo)
	}
	slices.SortFunc(s.Repos, func(a, b scannedRepo) int { return strings.Compare(a.Kind+" "+a.ID, b.Kind+" "+b.ID) })
	return s, nil
}

func seconds(t time.Time) float64 { return math.Round(float64(t.UnixNano())/1e6) / 1e3 }

// remove deletes revisions, of whatever repositories have them.
func remove(ctx context.Context, client *hub.Client, commits []string) (int64, error) {
	info, err := client.Scan(ctx)
	if err != nil {
		return 0, err
	}
	var doomed []hub.Repo
	for _, r := range info.Repos {
		repo, ok := r.Repo()
		for _, v := range r.Revisions {
			if ok && slices.Contains(commits, v.Commit) {
				repo.Revision = v.Commit
				doomed = append(doomed, repo)
			}
		}
	}
	plan, err := info.Plan(doomed...)
	if err != nil {
		return 0, err
	}
	done, err := plan.Run(ctx)
	if err != nil {
		return 0, err
	}
	if len(done.Skipped) > 0 || done.Freed != plan.Freed {
		return 0, fmt.Errorf("%d of %d bytes freed, skipped %v", done.Freed, plan.Freed, done.Skipped)
	}
	return plan.Freed, nil
}
