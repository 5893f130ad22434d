package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// pullCmd is the verb pull. It promises that what it names on standard output, a
// folder, holds every file that was asked for, each with the bytes that the hub's hash
// stands for, and that anything else is a failure. Without patterns that is the whole
// revision, package or not, as Python's snapshot_download has it; it goes into the
// cache that Python shares.
type pullCmd struct {
	Name string `arg:"" help:"The repository: org/name, org/name@revision, org/name:path for one package or file, or datasets/org/name."`

	Revision string   `help:"Branch, tag, commit or refs/pr/N; as behind @ in the name." placeholder:"REV"`
	Type     string   `help:"What it is: model, dataset or space." enum:"model,dataset,space" default:"model" placeholder:"TYPE"`
	Include  []string `sep:"none" help:"Only files whose paths match; may be repeated. * and ? match slashes too, and a folder is DIR/." placeholder:"PATTERN"`
	Exclude  []string `sep:"none" help:"No files whose paths match; may be repeated." placeholder:"PATTERN"`
	LocalDir string   `help:"Put files into this folder, in place of links in the cache." type:"path" placeholder:"DIR"`
	Token    string   `help:"The token of a private or gated repository. Other users of the machine can see it here; HF_TOKEN is better." placeholder:"TOKEN"`
	Force    bool     `help:"Fetch files again that are there."`
	hubFlags

	JSON  bool `help:"Print JSON lines: one for each event, and a last one with the result."`
	Quiet bool `short:"q" help:"Print the folder alone: no progress, no summary."`
}

// Help is printed by kong above the flags.
func (*pullCmd) Help() string {
	return `Fetches a revision into the local cache, which Python's huggingface_hub shares, and prints its folder. A download that was cut off goes on where it ended.

Examples:

    coreml pull org/name
    coreml pull org/name@v1.0 --include "*.json" --include "Model.mlpackage/"
    coreml pull org/name:Model.mlpackage --local-dir models
    coreml pull org/name --type dataset --json

Where several packages lie in a repository, a verb that runs one takes org/name:path. coreml list shows the cache, coreml rm makes room.`
}

// Run is called by kong.
func (c *pullCmd) Run(ctx context.Context, s *streams) error {
	repo, opts, err := c.target()
	if err != nil {
		return err
	}
	client := c.client()
	client.Token = c.Token
	tally := &tally{begin: time.Now()}
	show := newDisplay(s, c.Quiet || c.JSON)
	opts.Progress = func(e hub.Event) {
		tally.event(e)
		switch {
		case c.JSON:
			tally.print(s.out, e)
		case show != nil:
			show.event(e)
		}
	}
	snap, err := client.Snapshot(ctx, repo, opts)
	show.close()
	err = cmp.Or(err, tally.failed)
	if err == nil && len(snap.Files) == 0 {
		err = c.nothing(repo)
	}
	switch {
	case err != nil && c.JSON && ctx.Err() == nil:
		// That it cannot be told to a reader who has gone makes it no success.
		_ = printJSON(s.out, map[string]any{"event": "error", "error": explain(err)})
		return err
	case err != nil:
		return err
	case c.JSON:
		return printJSON(s.out, tally.result(repo, snap))
	case !c.Quiet:
		if _, err := fmt.Fprintln(s.err, tally.text(repo, snap)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.out, snap.Dir)
	return err
}

// target is what the arguments mean to the library.
func (c *pullCmd) target() (hub.Repo, *hub.SnapshotOptions, error) {
	repo, where, err := hub.ParseName(c.Name)
	if err != nil {
		return repo, nil, usagef("%s", explain(err))
	}
	types := map[string]hub.RepoType{"model": hub.Model, "dataset": hub.Dataset, "space": hub.Space}
	if t := types[c.Type]; t != hub.Model {
		if repo.Type != hub.Model && repo.Type != t {
			return repo, nil, usagef("%s is a %s, and --type says %s", quoted(c.Name), repo.Type, c.Type)
		}
		repo.Type = t
	}
	if c.Revision != "" {
		if repo.Revision != "" {
			return repo, nil, usagef("the revision is given twice: in %s and as --revision %s", quoted(c.Name), quoted(c.Revision))
		}
		repo.Revision = c.Revision
		if err := repo.Check(); err != nil {
			return repo, nil, usagef("--revision: %s", explain(err))
		}
	}
	o := &hub.SnapshotOptions{Allow: c.Include, Ignore: c.Exclude, LocalDir: c.LocalDir, Force: c.Force}
	if where != "" {
		name := hub.Literal(where)
		o.Allow = append(o.Allow, name, name+"/*")
	}
	return repo, o, nil
}

// nothing says that a revision has no file that was asked for.
func (c *pullCmd) nothing(repo hub.Repo) error {
	if len(c.Include) == 0 && len(c.Exclude) == 0 && !strings.Contains(c.Name, ":") {
		return fmt.Errorf("%s has no files", repo)
	}
	return fmt.Errorf("no file of %s matches: look at --include, --exclude and the path in the name", repo)
}

// tally sums what a download did.
type tally struct {
	begin   time.Time
	fetched int   // files
	bytes   int64 // that came over the network
	resumed map[string]int64
	failed  error // of standard output
}

// event takes in what a download tells.
func (t *tally) event(e hub.Event) {
	switch e.Kind {
	case hub.FileResumed:
		if t.resumed == nil {
			t.resumed = map[string]int64{}
		}
		t.resumed[e.File] = e.Done
	case hub.FileDone:
		t.fetched++
		t.bytes += e.Size - t.resumed[e.File]
	}
}

// pullEvent is a line of --json about an event.
type pullEvent struct {
	Event      string `json:"event"`
	File       string `json:"file,omitempty"`
	Done       *int64 `json:"done,omitempty"`
	Size       *int64 `json:"size,omitempty"`
	FilesDone  int    `json:"files_done"`
	Files      int    `json:"files"`
	BytesDone  int64  `json:"bytes_done"`
	Bytes      int64  `json:"bytes"`
	Attempt    int    `json:"attempt,omitempty"`
	WaitMillis int64  `json:"wait_ms,omitempty"`
	Error      string `json:"error,omitempty"`
}

// print writes an event as a line of JSON.
func (t *tally) print(out io.Writer, e hub.Event) {
	if e.Kind == hub.Done {
		return // the result follows
	}
	line := pullEvent{
		Event: e.Kind.String(), File: e.File, FilesDone: e.FilesDone, Files: e.Files, BytesDone: e.BytesDone, Bytes: e.Bytes,
		Attempt: e.Attempt, WaitMillis: e.Wait.Milliseconds(),
	}
	if e.File != "" {
		line.Done = &e.Done
		if e.Size >= 0 {
			line.Size = &e.Size
		}
	}
	if e.Err != nil {
		line.Error = explain(e.Err)
	}
	if err := printJSON(out, line); err != nil && t.failed == nil {
		t.failed = err
	}
}

// pullResult is the last line of --json.
type pullResult struct {
	Event           string     `json:"event"`
	Path            string     `json:"path"`
	Type            string     `json:"type"`
	Repository      string     `json:"repository"`
	Revision        string     `json:"revision"`
	Commit          string     `json:"commit"`
	Files           []pullFile `json:"files"`
	Bytes           int64      `json:"bytes"`
	DownloadedFiles int        `json:"downloaded_files"`
	DownloadedBytes int64      `json:"downloaded_bytes"`
	Seconds         float64    `json:"seconds"`
}

// pullFile is a file of the result.
type pullFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
	SHA1   string `json:"git_sha1,omitempty"`
}

// result is the object of the last line.
func (t *tally) result(repo hub.Repo, snap *hub.Snapshot) *pullResult {
	r := &pullResult{
		Event: "result", Path: snap.Dir, Type: repo.Type.String(), Repository: repo.ID, Revision: cmp.Or(repo.Revision, hub.DefaultRevision),
		Commit: snap.Commit, Files: []pullFile{}, Bytes: sizeOf(snap.Files), DownloadedFiles: t.fetched, DownloadedBytes: t.bytes, Seconds: round(time.Since(t.begin).Seconds()),
	}
	for _, f := range snap.Files {
		file := pullFile{Path: f.Path, Bytes: f.Size}
		if f.LFS != nil {
			file.SHA256 = f.LFS.SHA256
		} else {
			file.SHA1 = f.BlobID
		}
		r.Files = append(r.Files, file)
	}
	return r
}

// sizeOf is the size of all files together.
func sizeOf(files []hub.File) (bytes int64) {
	for _, f := range files {
		bytes += f.Size
	}
	return bytes
}

// text is the summary for people.
func (t *tally) text(repo hub.Repo, snap *hub.Snapshot) string {
	text := fmt.Sprintf("%s: %s, %s", repo, counted(len(snap.Files), "file"), bytesText(sizeOf(snap.Files)))
	if t.fetched == 0 {
		return text + ", all there already"
	}
	text += fmt.Sprintf("; %s downloaded", bytesText(t.bytes))
	if span := time.Since(t.begin); span >= time.Second {
		text += fmt.Sprintf(" in %s, %s/s", timeText(span), bytesText(int64(float64(t.bytes)/span.Seconds())))
	}
	return text
}

// counted is a number with the word for what it counts.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
