//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// folder makes a folder with files.
func folder(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func testCache(t testing.TB, build string) *cache {
	t.Helper()
	c, err := openCache(t.TempDir(), build)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func digestOf(t testing.TB, fsys fs.FS, dir string) string {
	t.Helper()
	list, err := files(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := digest(t.Context(), fsys, dir, list)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDigestTellsPackagesApart(t *testing.T) {
	seen := map[string]string{}
	for name, contents := range map[string]fstest.MapFS{
		"a package":                        {"m/a": {Data: []byte("12")}, "m/b": {Data: []byte("3")}},
		"bytes that moved between files":   {"m/a": {Data: []byte("1")}, "m/b": {Data: []byte("23")}},
		"a file under another name":        {"m/a": {Data: []byte("12")}, "m/c": {Data: []byte("3")}},
		"a file in a folder":               {"m/a": {Data: []byte("12")}, "m/b/b": {Data: []byte("3")}},
		"a file more":                      {"m/a": {Data: []byte("12")}, "m/b": {Data: []byte("3")}, "m/c": {}},
		"a byte that differs":              {"m/a": {Data: []byte("12")}, "m/b": {Data: []byte("4")}},
		"a name that eats into the length": {"m/a12": {Data: []byte("")}, "m/b": {Data: []byte("3")}},
	} {
		d := digestOf(t, contents, "m")
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[d] = name
	}
}

func TestDigestDoesNotDependOnThePlace(t *testing.T) {
	at := fstest.MapFS{"m/a/b": {Data: []byte("x")}, "m/c": {Data: []byte("y")}}
	root := fstest.MapFS{"a/b": {Data: []byte("x")}, "c": {Data: []byte("y")}}
	dir := folder(t, map[string]string{"a/b": "x", "c": "y"})
	want := digestOf(t, at, "m")
	if got := digestOf(t, root, "."); got != want {
		t.Error("the digest of a file system's root differs")
	}
	if got := digestOf(t, os.DirFS(dir), "."); got != want {
		t.Error("the digest of a folder of the operating system differs")
	}
	if got, same := digestOf(t, at, "m/c"), digestOf(t, root, "c"); got != same {
		t.Error("the digest of a file depends on its path")
	}
}

func TestDigestFollowsLinksToFiles(t *testing.T) {
	dir := folder(t, map[string]string{"blobs/1": "weights", "m/a": "x"})
	if err := os.Symlink("../blobs/1", filepath.Join(dir, "m", "w")); err != nil {
		t.Skip("no symbolic links here")
	}
	plain := folder(t, map[string]string{"a": "x", "w": "weights"})
	if digestOf(t, os.DirFS(dir), "m") != digestOf(t, os.DirFS(plain), ".") {
		t.Error("a link counts for something else than the file")
	}
	if err := os.Symlink("../blobs", filepath.Join(dir, "m", "d")); err != nil {
		t.Fatal(err)
	}
	if _, err := files(os.DirFS(dir), "m"); err == nil {
		t.Error("a link to a folder was accepted")
	}
}

func TestDigestEndsWithTheContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	fsys := fstest.MapFS{"a": {Data: []byte("x")}}
	list, err := files(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := digest(ended, fsys, ".", list); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestStampsSaveReading(t *testing.T) {
	dir := folder(t, map[string]string{"a": "one", "b": "two"})
	c := testCache(t, "1")
	old := time.Now().Add(-time.Hour)
	age := func() {
		for _, name := range []string{"a", "b"} {
			if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	fsys := &countingFS{FS: os.DirFS(dir)}
	at := func() string {
		d, err := c.digestAt(t.Context(), fsys, ".", dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// Their times may be rounded, and the machine slow: a time to come is that of a file which
	// was just written however long all this takes.
	just := time.Now().Add(time.Minute)
	for _, name := range []string{"a", "b"} {
		if err := os.Chtimes(filepath.Join(dir, name), just, just); err != nil {
			t.Fatal(err)
		}
	}
	fresh := at()
	if at(); fsys.opened != 4 {
		t.Errorf("files that were just written: %d opened, want 4: their times prove nothing", fsys.opened)
	}
	age()
	fsys.opened = 0
	if at() != fresh || fsys.opened != 2 {
		t.Errorf("files with other times: %d opened, want 2", fsys.opened)
	}
	if at() != fresh || fsys.opened != 2 {
		t.Errorf("settled files: %d opened, want 2 as before", fsys.opened)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("eno"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed := at(); changed == fresh {
		t.Error("a change was not seen")
	}
	age()
	at()
	for _, name := range stamps(t, c) {
		if err := os.WriteFile(name, []byte(`{"Path":"x"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fsys.opened = 0
	if at(); fsys.opened != 2 {
		t.Error("a stamp that says something else was believed")
	}
}

func stamps(t *testing.T, c *cache) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(c.root, stampFolder, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("stamps: %q, %v", names, err)
	}
	return names
}

// countingFS counts the files that are opened for reading.
type countingFS struct {
	fs.FS
	opened int
}

func (c *countingFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err == nil {
		if info, e := f.Stat(); e == nil && info.Mode().IsRegular() {
			c.opened++
		}
	}
	return f, err
}

// Stat keeps fs.Stat from opening the file.
func (c *countingFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

func TestCacheTakesAndGivesEntries(t *testing.T) {
	c := testCache(t, "24A335")
	if _, ok := c.find("d1"); ok {
		t.Error("an entry was found in an empty cache")
	}
	made := folder(t, map[string]string{"model.mil": "program", "weights/w": "1"})
	name, err := c.install(t.Context(), "d1", made)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(name) != "d1.mlmodelc" {
		t.Errorf("the entry lies at %s", name)
	}
	if raw, err := os.ReadFile(filepath.Join(name, "weights", "w")); err != nil || string(raw) != "1" {
		t.Errorf("the entry holds %q, %v", raw, err)
	}
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the compiled package is still in its place: %v", err)
	}
	if got, ok := c.find("d1"); !ok || got != name {
		t.Errorf("find gave %q, %v", got, ok)
	}
	other := &cache{root: c.root, build: "24B83"}
	if _, ok := other.find("d1"); ok {
		t.Error("another build of the system found the entry")
	}
	if err := c.discard("d1"); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.find("d1"); ok {
		t.Error("a discarded entry was found")
	}
	if err := c.discard("d1"); err != nil {
		t.Errorf("an entry that is gone: %v", err)
	}
}

func TestCacheOfSeveralWriters(t *testing.T) {
	c := testCache(t, "1")
	var wg sync.WaitGroup
	for range 8 {
		made := folder(t, map[string]string{"model.mil": "program"})
		wg.Go(func() {
			name, err := c.install(t.Context(), "d", made)
			if err != nil {
				t.Error(err)
				return
			}
			if raw, err := os.ReadFile(filepath.Join(name, "model.mil")); err != nil || string(raw) != "program" {
				t.Errorf("%q, %v", raw, err)
			}
			if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
				t.Error("a package that came too late was left behind")
			}
		})
	}
	wg.Wait()
}

func TestCacheBringsFromAnotherVolume(t *testing.T) {
	c := testCache(t, "1")
	made := folder(t, map[string]string{"a/b": "x"})
	name := c.entry("d")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.bring(t.Context(), made, name); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(name, "a", "b")); err != nil || string(raw) != "x" {
		t.Errorf("%q, %v", raw, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.bring(ended, made, c.entry("e")); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("half an entry was left behind: %v, %v", entries, err)
	}
}

func TestPruneRemovesWhatNobodyUses(t *testing.T) {
	c := testCache(t, "new")
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"new/used.mlmodelc":  keep - time.Hour,
		"new/stale.mlmodelc": keep + time.Hour,
		"new/.tmp-running":   time.Hour,
		"new/.tmp-crashed":   keepPart + time.Hour,
		"new/notes":          10 * keep,
		"old/used.mlmodelc":  keepOther - time.Hour,
		"old/stale.mlmodelc": keepOther + time.Hour,
		"gone/only.mlmodelc": keep,
		"stamps/x.mlmodelc":  10 * keep,
	} {
		dir := filepath.Join(c.root, filepath.FromSlash(name))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	c.prune(now)
	left, err := filepath.Glob(filepath.Join(c.root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range left {
		rel, err := filepath.Rel(c.root, l)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.ToSlash(rel))
	}
	want := "new/.tmp-running new/notes new/used.mlmodelc old/used.mlmodelc stamps/x.mlmodelc"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("left: %s\nwant: %s", got, want)
	}
	if _, err := os.Stat(filepath.Join(c.root, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the empty folder of a build is still there")
	}
}

func TestFolderNames(t *testing.T) {
	for in, want := range map[string]string{
		"24A335": "24A335", "": "unknown", "../../etc": "_.._etc", "a/b c": "a_b_c", "stamps": "unknown",
		strings.Repeat("x", 300): strings.Repeat("x", 100),
	} {
		if got := folderName(in); got != want {
			t.Errorf("%q gave %q, want %q", in, got, want)
		}
	}
}
