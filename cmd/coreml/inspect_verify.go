package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/hub"
)

// verifiedJSON is what inspect --verify --json prints.
type verifiedJSON struct {
	Type       string             `json:"type"`
	Repository string             `json:"repository"`
	Revision   string             `json:"revision,omitempty"`
	Files      []verifiedFileJSON `json:"files"`
	OK         int                `json:"ok"`
	Corrupt    int                `json:"corrupt"`
	Missing    int                `json:"missing"`
	Unknown    int                `json:"unknown"`
	Bytes      int64              `json:"bytes"`

	repo hub.Repo
}

// verifiedFileJSON is a file of it.
type verifiedFileJSON struct {
	Commit string `json:"commit,omitempty"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

// verify hashes what the cache has of a repository again. It fails where a file is
// corrupt; that files are missing is usual, since what runs a package fetches no others.
//
// A line for each file as it is done: gigabytes take a while.
func (c *inspectCmd) verify(ctx context.Context, s *streams) error {
	if onDisk(c.Model) || !isName(c.Model) {
		return usagef("--verify is for what a hub knows the hashes of: give the name of a repository, org/name, in place of %s", quoted(c.Model))
	}
	repo, where, err := hub.ParseName(c.Model)
	if err != nil {
		return usagef("%s", explain(err))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	sum := verifiedJSON{repo: repo, Type: repo.Type.String(), Repository: repo.ID, Revision: repo.Revision, Files: []verifiedFileJSON{}}
	client := newClient(true)
	for f, err := range client.Verify(ctx, repo) {
		if err != nil {
			return notInCache(client, c.Model, err)
		}
		if where != "" && f.Name != where && !strings.HasPrefix(f.Name, where+"/") {
			continue
		}
		heading := sum.heading(f.Commit)
		file := sum.add(f)
		if !c.JSON {
			if _, err := fmt.Fprintln(s.out, heading+file.line()); err != nil {
				return err
			}
		}
	}
	if len(sum.Files) == 0 {
		return fmt.Errorf("the local cache has no such file of %s", quoted(c.Model))
	}
	if c.JSON {
		err = printIndented(s.out, &sum)
	} else {
		_, err = fmt.Fprintln(s.out, sum.text())
	}
	if err == nil && sum.Corrupt > 0 {
		err = errFailed
	}
	return err
}

// notInCache says of a repository that the cache has nothing to check.
func notInCache(client *hub.Client, name string, err error) error {
	dir, failed := client.CacheFolder()
	if failed != nil || !errors.Is(err, hub.ErrNotCached) {
		return err
	}
	return fmt.Errorf("the local cache %s has nothing of %s: coreml list shows what is there%w", dir, quoted(name), silent{err})
}

// heading is a line before the first file of a revision, where all of them are checked.
func (v *verifiedJSON) heading(commit string) string {
	n := len(v.Files)
	switch {
	case v.Revision != "" || n > 0 && v.Files[n-1].Commit == commit:
		return ""
	case commit == "":
		return "of no revision\n"
	}
	return "revision " + commit + "\n"
}

// add counts a file.
func (v *verifiedJSON) add(f hub.VerifiedFile) *verifiedFileJSON {
	file := verifiedFileJSON{Commit: f.Commit, Path: f.Name, Bytes: f.Size, Status: string(f.Status)}
	if f.Err != nil {
		file.Error = explain(f.Err)
	}
	switch f.Status {
	case hub.FileOK:
		v.OK++
		v.Bytes += f.Size
	case hub.FileCorrupt:
		v.Corrupt++
	case hub.FileMissing:
		v.Missing++
	case hub.FileUnknown:
		v.Unknown++
	}
	v.Files = append(v.Files, file)
	return &v.Files[len(v.Files)-1]
}

// line is a file for people.
func (f *verifiedFileJSON) line() string {
	text := fmt.Sprintf("%-8s %s", f.Status, shownName(f.Path))
	if f.Error != "" {
		return text + ": " + f.Error
	}
	return text + " (" + bytesText(f.Bytes) + ")"
}

// text is the summary for people.
func (v *verifiedJSON) text() string {
	text := fmt.Sprintf("%s ok, %s", counted(v.OK, "file"), bytesText(v.Bytes))
	for _, part := range []struct {
		n    int
		what string
	}{{v.Corrupt, "corrupt"}, {v.Missing, "missing"}, {v.Unknown, "without a hash"}} {
		if part.n > 0 {
			text += fmt.Sprintf("; %d %s", part.n, part.what)
		}
	}
	if v.Corrupt > 0 {
		text += "; coreml pull " + v.repo.String() + " --force fetches them again"
	}
	return text
}
