package cache_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// update rewrites testdata/scan.json with what Python says.
var update = flag.Bool("update", false, "write what Python answers into testdata")

// python returns a Python that has huggingface_hub, or skips.
func python(t *testing.T) string {
	t.Helper()
	p := os.Getenv("COREML_HUB_PYTHON")
	if p == "" {
		t.Skip("COREML_HUB_PYTHON does not name a Python with huggingface_hub")
	}
	return p
}

// found is what scan.py prints.
type found struct {
	Size       int64       `json:"size"`
	Repos      []foundRepo `json:"repos"`
	Unfinished [][2]any    `json:"unfinished"`
	Warnings   []string    `json:"warnings"`
	Deletions  []foundPlan `json:"deletions"`
}

type foundRepo struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	Dir       string          `json:"dir"`
	Size      int64           `json:"size"`
	Blobs     int             `json:"blobs"`
	Accessed  int64           `json:"accessed"`
	Modified  int64           `json:"modified"`
	Revisions []foundRevision `json:"revisions"`
}

type foundRevision struct {
	Commit   string   `json:"commit"`
	Size     int64    `json:"size"`
	Refs     []string `json:"refs"`
	Modified int64    `json:"modified"`
	Files    [][5]any `json:"files"`
}

type foundPlan struct {
	Targets   [][3]string `json:"targets"`
	Freed     int64       `json:"freed"`
	Blobs     []string    `json:"blobs"`
	Refs      []string    `json:"refs"`
	Repos     []string    `json:"repos"`
	Snapshots []string    `json:"snapshots"`
}

// ours is the same of our own scan; the deletions are those of want.
func ours(t *testing.T, dir string, want found) found {
	t.Helper()
	info := scan(t, dir)
	rel := func(p string) string {
		r, err := filepath.Rel(info.Dir, p)
		must(t, err)
		return filepath.ToSlash(r)
	}
	rels := func(paths []string) []string {
		out := []string{}
		for _, p := range paths {
			out = append(out, rel(p))
		}
		return out
	}
	f := found{Size: info.Size, Repos: []foundRepo{}, Unfinished: [][2]any{}, Warnings: []string{}, Deletions: []foundPlan{}}
	for _, r := range info.Repos {
		repo := foundRepo{
			ID: r.ID, Kind: string(r.Kind), Dir: rel(r.Dir), Size: r.Size, Blobs: r.Blobs,
			Accessed: r.Accessed.Unix(), Modified: r.Modified.Unix(),
		}
		for _, v := range r.Revisions {
			revision := foundRevision{Commit: v.Commit, Size: v.Size, Refs: v.Refs, Modified: v.Modified.Unix(), Files: [][5]any{}}
			if revision.Refs == nil {
				revision.Refs = []string{}
			}
			slices.Sort(revision.Refs)
			for _, x := range v.Files {
				revision.Files = append(revision.Files,
					[5]any{x.Name, rel(x.Blob), float64(x.Size), float64(x.Accessed.Unix()), float64(x.Modified.Unix())})
			}
			repo.Revisions = append(repo.Revisions, revision)
		}
		f.Repos = append(f.Repos, repo)
	}
	for _, x := range info.Unfinished {
		f.Unfinished = append(f.Unfinished, [2]any{rel(x.Path), float64(x.Size)})
	}
	for _, w := range info.Warnings {
		f.Warnings = append(f.Warnings, strings.Split(rel(w.Path), "/")[0])
	}
	slices.Sort(f.Warnings)
	for i, d := range want.Deletions {
		var targets []cache.Target
		for _, x := range d.Targets {
			targets = append(targets, cache.Target{Kind: cache.Kind(x[0]), ID: x[1], Commit: x[2]})
			if x[1] == "s/t" {
				// Python clears the shared store of what nobody refers to; we leave it alone.
				want.Deletions[i].Freed -= int64(len("payload of the store"))
			}
		}
		p, err := info.Plan(targets...)
		must(t, err)
		f.Deletions = append(f.Deletions, foundPlan{
			Targets: d.Targets, Freed: p.Freed, Blobs: rels(p.Blobs), Refs: rels(p.Refs),
			Repos: rels(p.Repos), Snapshots: rels(p.Snapshots),
		})
	}
	return f
}

func scan(t *testing.T, dir string) *cache.Info {
	t.Helper()
	c, err := cache.Open(dir, cache.Options{})
	must(t, err)
	defer c.Close()
	info, err := c.Scan(t.Context())
	must(t, err)
	return info
}

// Commits of the caches that are scanned.
var (
	commit1 = strings.Repeat("1", 40)
	commit2 = strings.Repeat("2", 40)
	commit3 = strings.Repeat("3", 40)
	commit4 = strings.Repeat("4", 40)
	commit5 = strings.Repeat("5", 40)
)

// oddCache makes a cache with whatever can be found in one.
func oddCache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	put(t, r, commit1, "config.json", "shared by two")
	put(t, r, commit1, "m.mlpackage/Data/w.bin", "only in the first")
	put(t, r, commit1, "copy/of/w.bin", "only in the first")
	put(t, r, commit2, "config.json", "shared by two")
	put(t, r, commit2, "w.bin", "only in the second!")
	must(t, r.SetRef("main", commit2))
	must(t, r.SetRef("v1", commit1))
	must(t, r.SetRef("refs/pr/1", commit1))
	must(t, r.SetTree(commit1, cache.Tree{}))
	must(t, r.MarkMissing(commit1, "none"))
	write := func(name, text string) {
		t.Helper()
		full := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		must(t, os.WriteFile(full, []byte(text), 0o644))
	}
	link := func(name, to string) {
		t.Helper()
		full := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		must(t, os.Symlink(filepath.FromSlash(to), full))
	}
	// Without links, and with a file that somebody has added.
	write("datasets--d/snapshots/"+commit3+"/data/a.csv", "a,b,c")
	write("datasets--d/snapshots/"+commit3+"/.hidden", "x")
	write("datasets--d/refs/main", commit3)
	write("models--org--name/snapshots/.DS_Store", "")
	write("models--org--name/refs/.DS_Store", "")
	write("models--org--name/blobs/"+sha("x")+".01234567.incomplete", "half")
	write("models--org--name/blobs/"+strings.Repeat("a", 40), "an orphan")
	// The shared store.
	payload := strings.Repeat("ab", 32)
	write("blobs/.huggingface-shared-blobs", "1\n")
	write("blobs/ab/"+payload, "payload of the store")
	write("blobs/ab/"+payload+".refs", "spaces--s--t/blobs/e\n")
	write("blobs/cd/"+strings.Repeat("cd", 32), "nobody's")
	link("spaces--s--t/blobs/e", "../../blobs/ab/"+payload)
	link("spaces--s--t/snapshots/"+commit4+"/app.py", "../../blobs/e")
	must(t, os.MkdirAll(filepath.Join(dir, "models--empty", "snapshots", commit5), 0o755))
	// What is not in order.
	write("a file", "")
	write("version.txt--x", "")
	write("models--nosnapshots/refs/main", commit1)
	write("models--badref/refs/main", commit1)
	must(t, os.MkdirAll(filepath.Join(dir, "models--badref", "snapshots"), 0o755))
	link("models--dangling/snapshots/"+commit1+"/x", "../../blobs/gone")
	write("models--file/snapshots/"+commit1, "")
	must(t, os.MkdirAll(filepath.Join(dir, "others--x", "snapshots"), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "nothing"), 0o755))

	// Times that stay: files first, then folders from within.
	n := int64(1_700_000_000)
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n += 1000
			err = os.Chtimes(p, time.Unix(n+100, 0), time.Unix(n, 0))
		}
		return err
	}))
	for _, p := range []string{"models--empty/snapshots/" + commit5, "models--empty"} {
		must(t, os.Chtimes(filepath.Join(dir, p), time.Unix(1_600_000_100, 0), time.Unix(1_600_000_000, 0)))
	}
	return dir
}

func askPython(t *testing.T, python, dir string) (found, []byte) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), python, "testdata/gen/scan.py", dir).Output()
	if err != nil {
		t.Fatal(err, string(out))
	}
	var f found
	must(t, json.Unmarshal(out, &f))
	return f, out
}

func TestAScanFindsWhatPythonFound(t *testing.T) {
	dir := oddCache(t)
	recorded, err := os.ReadFile("testdata/scan.json")
	must(t, err)
	var want found
	must(t, json.Unmarshal(recorded, &want))
	if len(want.Repos) < 4 || len(want.Deletions) < 10 || len(want.Warnings) < 6 {
		t.Fatal("the recorded answer is not of this cache")
	}
	if diff := cmp.Diff(want, ours(t, dir, want)); diff != "" {
		t.Errorf("(-python +ours)\n%s", diff)
	}
}

func TestAScanFindsWhatPythonFinds(t *testing.T) {
	p := python(t)
	dir := oddCache(t)
	want, text := askPython(t, p, dir)
	if diff := cmp.Diff(want, ours(t, dir, want)); diff != "" {
		t.Errorf("(-python +ours)\n%s", diff)
	}
	if *update {
		must(t, os.WriteFile("testdata/scan.json", text, 0o644))
	}
	recorded, err := os.ReadFile("testdata/scan.json")
	must(t, err)
	if !bytes.Equal(recorded, text) {
		t.Error("testdata/scan.json is not what this Python answers; go test -run Python -update writes it")
	}
}
