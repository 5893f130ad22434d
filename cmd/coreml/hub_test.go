package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/hub/hubtest"
	"github.com/gocoreml/coreml/tensor"
)

// nobody is an address that refuses connections. The port that a hub has left would not do:
// any other program may be given it, and none is given one as low as this.
const nobody = "http://127.0.0.1:1"

// newUser is somebody who has just installed the command: an empty home, and a hub with
// the storyteller's package, whose tokenizer lies beside it, under org/story. It returns
// the hub and the folder of the cache, which is not there yet.
func newUser(t *testing.T, repos ...hubtest.Repo) (*hubtest.Server, string) {
	t.Helper()
	server := hubtest.New(t, append([]hubtest.Repo{{ID: "org/story", Files: storyteller.FS()}}, repos...)...)
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "HF_ENDPOINT": server.URL(), "HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
		"HF_HOME": "", "HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "XDG_CACHE_HOME": "", "HF_TOKEN": "", "HUGGING_FACE_HUB_TOKEN": "", "HF_TOKEN_PATH": "",
		"HF_HUB_DISABLE_PROGRESS_BARS": "",
		// Longer than a busy machine lets anybody wait: a request that is made again is told of.
		"HF_HUB_ETAG_TIMEOUT": "60", "HF_HUB_DOWNLOAD_TIMEOUT": "60",
	} {
		t.Setenv(name, value)
	}
	return server, filepath.Join(home, ".cache", "huggingface", "hub")
}

// operations are those of the requests since the last call.
func operations(server *hubtest.Server) []string {
	var list []string
	for _, r := range server.Requests() {
		list = append(list, r.Method+" "+string(r.Op))
	}
	server.ClearLog()
	return list
}

// lonelyFS is a repository with a package that has no tokenizer beside it and says that
// it was made from local/storyteller.
func lonelyFS(t *testing.T) fs.FS {
	t.Helper()
	return os.DirFS(filepath.Dir(lonely(t)))
}

func TestANewUserRunsAModelByItsName(t *testing.T) {
	server, cache := newUser(t)
	tell := []string{"generate", "-m", "org/story", "Once upon a time", "--temperature=0", "-n", "5"}
	want := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "5").out
	r := call(t, tell...)
	r.want(t, exitOK, want, "weight.bin: done")
	if r.out != want {
		t.Errorf("standard output has %q, want %q", r.out, want)
	}
	for name, n := range server.Bodies() {
		if n != 1 {
			t.Errorf("the body of %s was asked for %d times", name, n)
		}
	}
	if _, err := os.Stat(filepath.Join(cache, "models--org--story", "refs", "main")); err != nil {
		t.Error(err)
	}
	operations(server)

	r = call(t, tell...)
	r.want(t, exitOK, want, "")
	if got := operations(server); len(got) != 1 || got[0] != "GET info" {
		t.Errorf("a second time the hub was asked %q", got)
	}
	if strings.Contains(r.err, "done") {
		t.Errorf("a second time standard error has %q", r.err)
	}
	call(t, append(tell, "--offline")...).want(t, exitOK, want, "")
	t.Setenv("HF_HUB_OFFLINE", "1")
	call(t, tell...).want(t, exitOK, want, "")
	if got := operations(server); len(got) != 0 {
		t.Errorf("offline the hub was asked %q", got)
	}
	if r := call(t, append(tell, "-q")...); r.err != "" || r.out != want {
		t.Errorf("with --quiet: %q, %q", r.out, r.err)
	}
}

// TestEveryVerbTakesTheNameOfARepository runs each that takes a model with a name, a name
// with a revision, and a name with a path.
func TestEveryVerbTakesTheNameOfARepository(t *testing.T) {
	sum := os.DirFS(filepath.Dir(adder(t)))
	newUser(t, hubtest.Repo{ID: "org/sum", Files: sum})
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte("Once upon a time there was a story."), 0o600); err != nil {
		t.Fatal(err)
	}
	x := "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"generate", "Once upon a time", "org/story", "-q", "--temperature=0", "-n", "3"}, ", in an\n"},
		{[]string{"generate", "Once upon a time", "-m", "org/story@main", "-q", "--temperature=0", "-n", "3"}, ", in an\n"},
		{[]string{"generate", "Once upon a time", "-m", "org/story:" + storyteller.Package, "-q", "--temperature=0", "-n", "3"}, ", in an\n"},
		{[]string{"inspect", "org/story"}, "function main"},
		{[]string{"inspect", "org/story@main:" + storyteller.Package, "--plan"}, "steps"},
		{[]string{"verify", "org/story", "--engine", "portable", "-n", "1"}, "ok    token by token"},
		{[]string{"verify", "org/story", "Once upon a time", "--engine", "portable", "-n", "1"}, "ok    token by token"},
		{[]string{"predict", "org/sum", "-i", x}, "y"},
		{[]string{"bench", "org/story", "--prefill", "4", "--decode", "none", "--rounds", "1"}, "prompt of 4"},
		{[]string{"bench", "org/story", "--prefill", "none", "--decode", "none", "--rounds", "1", "--perplexity", text}, "perplexity"},
		{[]string{"tokenize", "-t", "org/story", "--json", "Once"}, `"ids":[`},
		{[]string{"tokenize", "-t", "org/story@main", "--json", "Once"}, `"ids":[`},
	} {
		call(t, c.args...).want(t, exitOK, c.want, "")
	}
	replies := talkTo(t, []string{"predict", "--stdio"}, object{"op": "load", "path": "org/sum@main"}, object{"op": "load", "path": "org/absent"})
	if replies[0]["ok"] != true {
		t.Errorf("a server: %v", replies[0])
	}
	failure, _ := replies[1]["error"].(object)
	if message, _ := failure["message"].(string); failure["code"] != codeBadModel || !strings.Contains(message, "it is no file or folder here") {
		t.Errorf("a server: %v", replies[1])
	}
}

// talkTo serves requests by a call and returns the replies.
func talkTo(t *testing.T, args []string, requests ...object) []object {
	t.Helper()
	var in bytes.Buffer
	for _, q := range requests {
		in.Write(append(mustJSON(q), '\n'))
	}
	var replies []object
	for line := range strings.Lines(callWith(t, in.String(), args...).out) {
		var r object
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		replies = append(replies, r)
	}
	if len(replies) != len(requests) {
		t.Fatalf("%d replies to %d requests", len(replies), len(requests))
	}
	return replies
}

func TestAPathIsTakenBeforeAName(t *testing.T) {
	server, _ := newUser(t)
	t.Chdir(t.TempDir())
	if err := os.CopyFS(filepath.FromSlash("org/story"), storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"inspect", "org/story"}, {"tokenize", "-t", "org/story", "Once"}, {"generate", "Once", "-m", "org/story", "-n", "1", "-q"}} {
		call(t, args...).want(t, exitOK, "", "")
	}
	// What ends as packages do is meant as a path.
	r := call(t, "inspect", "models/absent.mlpackage")
	r.want(t, exitFailure, "", `there is no model package "models/absent.mlpackage"`)
	if got := operations(server); len(got) != 0 || strings.Contains(r.err, "hub") {
		t.Errorf("the hub was asked %q; %q", got, r.err)
	}
}

func TestWhatIsNeitherAPathNorANameSaysWhatWasTried(t *testing.T) {
	_, cache := newUser(t, hubtest.Repo{ID: "org/two", Files: hubtest.FS{"a.mlpackage/x": hubtest.Text("x"), "b.mlpackage/x": hubtest.Text("xx")}},
		hubtest.Repo{ID: "org/none", Files: hubtest.FS{"README.md": hubtest.Text("x")}}, hubtest.Repo{ID: "org/gated", Files: storyteller.FS(), Gated: true, GatedAPI: true})
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"inspect", "org/absent"}, []string{`there is no model package "org/absent": it is no file or folder here, and on the hub: `, "no such repository, or a private one that needs a token"}},
		{[]string{"generate", "x", "-m", "org/story@absent"}, []string{"no such revision"}},
		{[]string{"bench", "org/story:absent.mlpackage"}, []string{"no Core ML package lies there", `"` + storyteller.Package + `" (`}},
		{[]string{"inspect", "org/two"}, []string{"several Core ML packages", "org/two:a.mlpackage", `"a.mlpackage" (1 B), "b.mlpackage" (2 B)`}},
		{[]string{"inspect", "org/none"}, []string{"no Core ML package", ".mlpackage, .mlmodel, .mlmodelc"}},
		{[]string{"predict", "org/gated"}, []string{"gated", "ask for access"}},
		{[]string{"tokenize", "-t", "org/none", "x"}, []string{"no tokenizer", "tokenizer.json"}},
		{[]string{"tokenize", "-t", "org/absent", "x"}, []string{`there is no tokenizer "org/absent": it is no file or folder here, and on the hub: `}},
		{[]string{"inspect", "org/absent", "--offline"}, []string{`there is no model package "org/absent": it is no file or folder here, and the local cache ` + cache, "without --offline and HF_HUB_OFFLINE it would be downloaded"}},
		{[]string{"verify", "a/b/c", "--engine", "portable"}, []string{`there is no model package "a/b/c"`}},
	} {
		r := call(t, c.args...)
		for _, want := range c.want {
			r.want(t, exitFailure, "", want)
		}
		if strings.Count(r.err, "\n") != 1 || strings.Contains(r.err, "hub: ") && !strings.Contains(r.err, "on the hub: ") {
			t.Errorf("%q: standard error has %q", c.args, r.err)
		}
	}
	t.Setenv("HF_ENDPOINT", nobody)
	call(t, "inspect", "org/story").want(t, exitFailure, "", `there is no model package "org/story": it is no file or folder here, and on the hub: `)
}

func TestTheTokenizerOfTheRepositoryThatAPackageNamesIsDownloaded(t *testing.T) {
	server, cache := newUser(t, hubtest.Repo{ID: "org/lonely", Files: lonelyFS(t)}, hubtest.Repo{ID: "local/storyteller", Files: storyteller.FS()})
	tell := []string{"generate", "Once upon a time", "--temperature=0", "-n", "5", "-q", "-m"}
	want := call(t, tell[:len(tell)-1]...).out
	call(t, append(tell, "org/lonely")...).want(t, exitOK, want, "")
	if got, err := filepath.Glob(filepath.Join(cache, "models--local--storyteller", "snapshots", "*", "*")); err != nil || slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, ".mlpackage") }) || len(got) == 0 {
		t.Errorf("of the tokenizer's repository there is %q, %v", got, err)
	}
	operations(server)
	call(t, append(tell, "org/lonely")...).want(t, exitOK, want, "")
	if got := operations(server); len(got) != 1 {
		t.Errorf("a second time the hub was asked %q", got)
	}
	// A package on the disk makes no request by what it says of itself.
	if err := os.RemoveAll(cache); err != nil {
		t.Fatal(err)
	}
	call(t, append(tell, lonely(t))...).want(t, exitFailure, "", "--tokenizer local/storyteller downloads it")
	if got := operations(server); len(got) != 0 {
		t.Errorf("the hub was asked %q", got)
	}
	call(t, append(tell, lonely(t), "--tokenizer", "local/storyteller")...).want(t, exitOK, want, "")
	// What is in the cache is taken without asking.
	operations(server)
	for _, more := range [][]string{{"--tokenizer", "local/storyteller"}, nil, {"--offline"}} {
		call(t, append(append(tell, lonely(t)), more...)...).want(t, exitOK, want, "")
	}
	if got := operations(server); len(got) != 0 {
		t.Errorf("the hub was asked %q", got)
	}
}

func TestPullFetchesTheWholeRevision(t *testing.T) {
	files := hubtest.FS{"config.json": hubtest.Text("{}"), "data/a.bin": hubtest.Pattern{Size: 300_000}, "data/b.txt": hubtest.Text("b"), "empty": hubtest.Text("")}
	server, cache := newUser(t, hubtest.Repo{ID: "org/any", Files: files}, hubtest.Repo{ID: "org/any", Type: hubtest.Dataset, Files: hubtest.FS{"d": hubtest.Text("d")}},
		hubtest.Repo{ID: "org/secret", Files: files, Private: true, Readers: []string{"hf_x"}})
	commit := server.Commit("", "org/any", "main")
	dir := filepath.Join(cache, "models--org--any", "snapshots", commit)
	r := call(t, "pull", "org/any")
	r.want(t, exitOK, dir+"\n", "org/any: 4 files, 293.0 KiB; 293.0 KiB downloaded")
	if r.out != dir+"\n" {
		t.Errorf("standard output has %q", r.out)
	}
	for _, q := range server.Requests() {
		if q.Status == 404 {
			t.Errorf("asked for what is not there: %s %s", q.Method, q.Path)
		}
	}
	call(t, "pull", "org/any", "--quiet").want(t, exitOK, dir, "")
	call(t, "pull", "org/any").want(t, exitOK, dir, "4 files, 293.0 KiB, all there already")
	call(t, "pull", "org/any", "--offline").want(t, exitOK, dir, "")
	call(t, "pull", "org/any", "--force", "-q").want(t, exitOK, dir, "")
	call(t, "pull", "org/any", "--revision", commit, "-q").want(t, exitOK, dir, "")
	call(t, "pull", "org/any", "--type", "dataset").want(t, exitOK, "datasets--org--any", "datasets/org/any: 1 file, 1 B")
	call(t, "pull", "datasets/org/any").want(t, exitOK, "datasets--org--any", "all there already")
	call(t, "pull", "org/secret", "--token", "hf_x", "-q").want(t, exitOK, "models--org--secret", "")
	for _, q := range server.Leaks("hf_x") {
		t.Errorf("the token went to %s", q.Path)
	}
}

func TestPullTakesPatternsAndAFolder(t *testing.T) {
	files := hubtest.FS{"config.json": hubtest.Text("{}"), "data/a.bin": hubtest.Pattern{Size: 3000}, "data/b.txt": hubtest.Text("b"), "m.mlpackage/Manifest.json": hubtest.Text("{}")}
	newUser(t, hubtest.Repo{ID: "org/any", Files: files})
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--include", "*.json"}, []string{"config.json", "m.mlpackage/Manifest.json"}},
		{[]string{"--include", "data/", "--exclude", "*.bin"}, []string{"data/b.txt"}},
		{[]string{"--exclude", "data/*", "--exclude", "m*"}, []string{"config.json"}},
	} {
		to := t.TempDir()
		r := call(t, append([]string{"pull", "org/any", "--local-dir", to}, c.args...)...)
		r.want(t, exitOK, to+"\n", "")
		if got := realFiles(t, to); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
	to := t.TempDir()
	call(t, "pull", "org/any:m.mlpackage", "--local-dir", to).want(t, exitOK, to, "")
	if got := realFiles(t, to); !slices.Equal(got, []string{"m.mlpackage/Manifest.json"}) {
		t.Errorf("a path: %q", got)
	}
}

// realFiles lists the files below a folder that are no links, without the record of the
// download.
func realFiles(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if name == ".cache" {
			return fs.SkipDir
		}
		if err == nil && d.Type().IsRegular() {
			list = append(list, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPullFailsWhereAnythingFails(t *testing.T) {
	server, _ := newUser(t, hubtest.Repo{ID: "org/any", Files: hubtest.FS{"a": hubtest.Text("aaaa"), "b.bin": hubtest.Pattern{Size: 3000}}})
	flip := server.Add(hubtest.Fault{Op: hubtest.Body, File: "b.bin", Do: hubtest.Do{Flip: []int64{5}}})
	r := call(t, "pull", "org/any")
	r.want(t, exitFailure, "", "checksum mismatch")
	if r.out != "" {
		t.Errorf("standard output has %q", r.out)
	}
	r = call(t, "pull", "org/any", "--json")
	lines := jsonLines(t, r.out)
	if last := lines[len(lines)-1]; r.status != exitFailure || last["event"] != "error" || !strings.Contains(last["error"].(string), "checksum") {
		t.Errorf("status %d, %v", r.status, last)
	}
	flip()
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"org/absent"}, exitFailure, "no such repository"},
		{[]string{"org/any@v9"}, exitFailure, "no such revision"},
		{[]string{"org/any", "--include", "*.txt"}, exitFailure, "no file of org/any matches"},
		{[]string{"org/any:c"}, exitFailure, "no file of org/any matches"},
		{[]string{"a b"}, exitUsage, "unsafe name"},
		{[]string{"org/any@x", "--revision", "y"}, exitUsage, "the revision is given twice"},
		{[]string{"org/any", "--revision", "../y"}, exitUsage, "--revision: "},
		{[]string{"datasets/org/any", "--type", "space"}, exitUsage, "is a dataset"},
		{[]string{"org/any", "--type", "thing"}, exitUsage, "--type"},
		{nil, exitUsage, "pull needs a NAME"},
	} {
		r := call(t, append([]string{"pull"}, c.args...)...)
		r.want(t, c.status, "", c.want)
		if r.out != "" || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q: standard output %q, standard error %q", c.args, r.out, r.err)
		}
	}
}

// jsonLines reads lines of JSON.
func jsonLines(t *testing.T, text string) []object {
	t.Helper()
	var list []object
	for line := range strings.Lines(text) {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		t.Fatal("there are no lines")
	}
	return list
}

func TestPullTellsItsEventsAsJSON(t *testing.T) {
	server, _ := newUser(t, hubtest.Repo{ID: "org/any", Files: hubtest.FS{"a": hubtest.Text("aaaa"), "b.bin": hubtest.Pattern{Size: 3000}}})
	r := call(t, "pull", "org/any", "--json")
	lines := jsonLines(t, r.out)
	if r.status != exitOK || r.err != "" || lines[0]["event"] != "listed" || lines[0]["files"] != 2.0 || lines[0]["bytes"] != 3004.0 {
		t.Errorf("status %d, %q, %v", r.status, r.err, lines[0])
	}
	seen := map[string]bool{}
	for _, line := range lines {
		file, _ := line["file"].(string)
		seen[line["event"].(string)+" "+file] = true
	}
	for _, want := range []string{"started a", "done a", "started b.bin", "done b.bin"} {
		if !seen[want] {
			t.Errorf("no event %q in %v", want, seen)
		}
	}
	last := lines[len(lines)-1]
	files, _ := last["files"].([]any)
	if last["event"] != "result" || last["repository"] != "org/any" || last["revision"] != "main" || last["commit"] != server.Commit("", "org/any", "main") ||
		last["downloaded_files"] != 2.0 || last["downloaded_bytes"] != 3004.0 || len(files) != 2 || files[1].(object)["sha256"] == nil || files[0].(object)["git_sha1"] == nil {
		t.Errorf("the result is %v", last)
	}
}

func TestAnInterruptedPullGoesOn(t *testing.T) {
	server, _ := newUser(t, hubtest.Repo{ID: "org/any", Files: hubtest.FS{"b.bin": hubtest.Pattern{Size: 8 << 20}}})
	slow := server.Add(hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Rate: 8 << 20}})
	ctx, cancel := context.WithCancel(t.Context())
	var errs strings.Builder
	out := &watcher{stop: `"event":"progress"`, cancel: cancel}
	status := run(ctx, []string{"pull", "org/any", "--json"}, strings.NewReader(""), out, &errs)
	if status != exitInterrupted || errs.String() != "" {
		t.Errorf("status %d, standard error %q", status, errs.String())
	}
	slow()
	r := call(t, "pull", "org/any", "--json")
	lines := jsonLines(t, r.out)
	resumed := slices.ContainsFunc(lines, func(o object) bool { return o["event"] == "resumed" && o["done"].(float64) > 0 })
	if last := lines[len(lines)-1]; r.status != exitOK || !resumed || last["downloaded_bytes"].(float64) >= 8<<20 {
		t.Errorf("status %d, resumed %v, %v", r.status, resumed, last)
	}
}

// watcher cancels when it is sent a text.
type watcher struct {
	bytes.Buffer
	stop   string
	cancel context.CancelFunc
}

func (w *watcher) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.stop)) {
		w.cancel()
	}
	return w.Buffer.Write(p)
}

func TestListAndRmShowAndDeleteWhatIsThere(t *testing.T) {
	server, cache := newUser(t, hubtest.Repo{ID: "org/any", Commits: []hubtest.Commit{
		{Files: hubtest.FS{"a": hubtest.Text("aaaa"), "b.bin": hubtest.Pattern{Size: 2048}}, Refs: []string{"refs/tags/v1"}},
		{Files: hubtest.FS{"a": hubtest.Text("aaaaaa"), "b.bin": hubtest.Pattern{Size: 2048}}, Refs: []string{"main"}},
	}})
	call(t, "list").want(t, exitOK, cache+": nothing is there", "")
	for _, name := range []string{"org/any", "org/any@v1"} {
		call(t, "pull", name, "-q").want(t, exitOK, "", "")
	}
	call(t, "pull", "org/story", "-q").want(t, exitOK, "", "")
	operations(server)
	r := call(t, "ls")
	for _, want := range []string{"repository", "org/any", "main " + server.Commit("", "org/any", "main")[:8], "v1 " + server.Commit("", "org/any", "v1")[:8], "2.0 KiB", "org/story", "just now", "in " + cache} {
		r.want(t, exitOK, want, "")
	}
	if r := call(t, "list", "org/any"); strings.Contains(r.out, "org/story") || r.status != exitOK {
		t.Errorf("one repository: %q", r.out)
	}
	call(t, "list", "org/absent").want(t, exitFailure, "", `has nothing of "org/absent"`)
	var list cacheJSON
	if err := json.Unmarshal([]byte(call(t, "list", "--json").out), &list); err != nil || len(list.Repositories) != 2 || len(list.Repositories[0].Revisions) != 2 || list.Bytes < 2048 {
		t.Errorf("%v, %+v", err, list)
	}

	call(t, "rm", "org/any").want(t, exitUsage, "", "give --yes, or --dry-run")
	call(t, "rm", "org/absent", "--yes").want(t, exitFailure, "", "coreml list shows what is there")
	call(t, "rm", "org/any@v1", "--dry-run").want(t, exitOK, "frees 4 B", "")
	answered := func(answer string, args ...string) result {
		var out, errs strings.Builder
		in := &keyboard{*strings.NewReader(answer)}
		return result{run(t.Context(), append([]string{"rm"}, args...), in, &out, &errs), out.String(), errs.String()}
	}
	answered("n\n", "org/any@v1").want(t, exitFailure, "frees 4 B", "Delete? [y/N] coreml: nothing was deleted")
	answered("", "org/any@v1").want(t, exitFailure, "", "nothing was deleted")
	if got := len(realOrLinked(t, cache, "models--org--any/snapshots")); got != 4 {
		t.Errorf("%d files are left", got)
	}
	answered("y\n", "org/any@v1").want(t, exitOK, "freed 4 B", "")
	if got := len(realOrLinked(t, cache, "models--org--any/snapshots")); got != 2 {
		t.Errorf("%d files are left", got)
	}
	call(t, "rm", "org/any", "org/story", "-y").want(t, exitOK, "freed ", "")
	call(t, "list").want(t, exitOK, "nothing is there", "")
	if got := operations(server); len(got) != 0 {
		t.Errorf("the hub was asked %q", got)
	}
}

// realOrLinked lists the files and links below a folder.
func realOrLinked(t *testing.T, dir, below string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(below)), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return list
}

func TestWhatWasCutOffAtItsBeginningCanBeDeleted(t *testing.T) {
	server, cache := newUser(t, hubtest.Repo{ID: "org/any", Files: hubtest.FS{"b.bin": hubtest.Pattern{Size: 3000}}})
	server.Add(hubtest.Fault{Op: hubtest.Body, File: "b.bin", Do: hubtest.Do{Flip: []int64{5}}})
	call(t, "pull", "org/any", "-q").want(t, exitFailure, "", "checksum mismatch")
	call(t, "list").want(t, exitOK, "", "; coreml rm org/any deletes what is there")
	call(t, "list", "org/any").want(t, exitOK, "", "; coreml rm org/any deletes what is there")
	call(t, "pull", "org/story", "-q").want(t, exitOK, "", "")
	if r := call(t, "list", "org/story"); r.status != exitOK || r.err != "" {
		t.Errorf("one repository is listed with status %d, %q", r.status, r.err)
	}
	call(t, "rm", "org/any", "--yes").want(t, exitOK, "models--org--any", "")
	if _, err := os.Lstat(filepath.Join(cache, "models--org--any")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	for _, verb := range []string{"list", "rm"} {
		args := []string{verb, "org/story:model.mlpackage"}
		if verb == "rm" {
			args = append(args, "--yes")
		}
		call(t, args...).want(t, exitUsage, "", verb+` takes whole repositories, and "org/story:model.mlpackage" names a part of one`)
	}
}

func TestVerifyTellsRevisionsApart(t *testing.T) {
	server, _ := newUser(t, hubtest.Repo{ID: "org/any", Commits: []hubtest.Commit{
		{Files: hubtest.FS{"a": hubtest.Text("1")}, Refs: []string{"refs/tags/v1"}}, {Files: hubtest.FS{"a": hubtest.Text("2")}, Refs: []string{"main"}},
	}})
	call(t, "pull", "org/any@v1", "-q").want(t, exitOK, "", "")
	call(t, "pull", "org/any", "-q").want(t, exitOK, "", "")
	for _, revision := range []string{"v1", "main"} {
		call(t, "inspect", "org/any", "--verify").want(t, exitOK, "revision "+server.Commit("", "org/any", revision)+"\nok       a (1 B)\n", "")
	}
	if r := call(t, "inspect", "org/any@v1", "--verify"); r.out != "ok       a (1 B)\n1 file ok, 1 B\n" {
		t.Errorf("one revision: %q", r.out)
	}
}

func TestTheUserIsToldOfTheOptionForATokenizer(t *testing.T) {
	newUser(t, hubtest.Repo{ID: "org/lonely", Files: lonelyFS(t)})
	call(t, "generate", "Once", "-q", "-m", "org/lonely").want(t, exitFailure, "", "give --tokenizer, since that of the repository that the package was made from cannot be had: local/storyteller: no such repository")
}

func TestInspectHashesTheCacheAgain(t *testing.T) {
	_, cache := newUser(t)
	call(t, "inspect", "org/story", "--verify").want(t, exitFailure, "", `has nothing of "org/story": coreml list shows what is there`)
	call(t, "inspect", "org/story").want(t, exitOK, "", "")
	call(t, "inspect", "org/story", "--verify").want(t, exitOK, "ok       "+storyteller.Package+"/Data/com.apple.CoreML/weights/weight.bin (", "")
	call(t, "inspect", "org/story:tokenizer.json", "--verify").want(t, exitOK, "1 file ok", "")
	call(t, "inspect", model, "--verify").want(t, exitUsage, "", "give the name of a repository")
	call(t, "inspect", "org/story", "--verify", "--mil").want(t, exitUsage, "", "exclude each other")

	weights, err := filepath.Glob(filepath.Join(cache, "models--org--story", "snapshots", "*", storyteller.Package, "Data", "*", "weights", "weight.bin"))
	if err != nil || len(weights) != 1 {
		t.Fatal(weights, err)
	}
	blob, err := filepath.EvalSymlinks(weights[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	text[100] ^= 1
	if err := os.WriteFile(blob, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := call(t, "inspect", "org/story", "--verify")
	r.want(t, exitFailure, "corrupt  "+storyteller.Package+"/Data/com.apple.CoreML/weights/weight.bin: ", "")
	r.want(t, exitFailure, "; 1 corrupt", "")
	r.want(t, exitFailure, "coreml pull org/story --force fetches them again", "")
	var v verifiedJSON
	r = call(t, "inspect", "org/story", "--verify", "--json")
	if err := json.Unmarshal([]byte(r.out), &v); err != nil || r.status != exitFailure || v.Corrupt != 1 || v.OK == 0 || v.Repository != "org/story" {
		t.Errorf("%v, status %d, %+v", err, r.status, v)
	}
	call(t, "pull", "org/story", "--force", "-q").want(t, exitOK, "", "")
	call(t, "inspect", "org/story", "--verify").want(t, exitOK, "files ok", "")
}

// TestForeignNamesOfAHubCannotCommandATerminal pulls, lists and checks files whose names
// and messages a hub chose.
func TestForeignNamesOfAHubCannotCommandATerminal(t *testing.T) {
	evil := "a\x1b[31m\u202e\x07b.bin"
	server, _ := newUser(t, hubtest.Repo{ID: "org/evil", Files: hubtest.FS{evil: hubtest.Pattern{Size: 1 << 20}, "x\u009b2J.mlpackage/y": hubtest.Text("y"), "z\x1bc.mlpackage/y": hubtest.Text("y")}})
	server.Add(hubtest.Fault{Op: hubtest.Info, Repo: "org/rude", Do: hubtest.Do{Status: 403, Header: map[string]string{"X-Error-Message": "\u009b2J\u202eno"}}})
	t.Setenv("TERM", "dumb")
	for _, args := range [][]string{
		{"pull", "org/evil"},
		{"pull", "org/evil", "--json"},
		{"pull", "org/evil", "--force"},
		{"list"},
		{"list", "--json"},
		{"inspect", "org/evil"},
		{"inspect", "org/evil", "--verify"},
		{"inspect", "org/evil", "--verify", "--json"},
		{"pull", "org/rude"},
		{"rm", "org/evil", "--dry-run"},
		{"rm", "org/evil", "--yes"},
	} {
		callOnTerminal(t, "", args...).harmless(t)
	}
}

// TestGoldenHub holds what the verbs around the hub write, with the addresses and hashes
// of the test put aside.
func TestGoldenHub(t *testing.T) {
	server, cache := newUser(t, hubtest.Repo{ID: "org/two", Files: hubtest.FS{
		"Int4.mlpackage/Manifest.json": hubtest.Text("{}"), "FP16.mlpackage/Manifest.json": hubtest.Pattern{Size: 3 << 20}, "README.md": hubtest.Text("# Two\n"),
	}})
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
	hide := strings.NewReplacer(filepath.ToSlash(cache), "CACHE", server.URL(), "http://hub")
	hash := regexp.MustCompile(`\b[0-9a-f]{40}\b|\b[0-9a-f]{8}\b`)
	request := regexp.MustCompile(`request [^)]*`)
	var text strings.Builder
	for _, args := range [][]string{
		{"list"},
		{"inspect", "org/two"},
		{"inspect", "org/absent"},
		{"pull", "org/two"},
		{"pull", "org/two"},
		{"pull", "org/two:Int4.mlpackage"},
		{"pull", "org/two", "--include", "*.txt"},
		{"list"},
		{"list", "org/story"},
		{"inspect", "org/two", "--verify"},
		{"rm", "org/two"},
		{"rm", "org/two", "--dry-run"},
		{"rm", "org/two", "--yes"},
	} {
		text.WriteString(request.ReplaceAllString(hash.ReplaceAllString(hide.Replace(shown(call(t, args...), args...)), "HASH"), "request ID") + "\n")
	}
	wantGolden(t, "hub.txt", text.String())
}

// What the cache has may be old, or no longer allowed: a person is told that the hub has
// not confirmed it, in one line.
func TestAPersonIsToldThatTheCacheAnswersInPlaceOfTheHub(t *testing.T) {
	server, _ := newUser(t)
	call(t, "pull", "org/story").want(t, exitOK, "", "")
	server.Add(hubtest.Fault{Repo: "org/story", Do: hubtest.Do{Status: 401}})
	for _, args := range [][]string{{"pull", "org/story"}, {"generate", "-m", "org/story", "Once", "--temperature=0", "-n", "1"}} {
		r := call(t, args...)
		r.want(t, exitOK, "", "the cache answers, since the hub does not: ")
		if n := strings.Count(r.err, "the cache answers"); n != 1 {
			t.Errorf("%s: told %d times: %s", args[0], n, r.err)
		}
		if r := call(t, append(args, "-q")...); r.status != exitOK || r.err != "" {
			t.Errorf("%s --quiet: status %d, %q", args[0], r.status, r.err)
		}
		if r := call(t, append(args, "--offline")...); r.status != exitOK || strings.Contains(r.err, "the cache answers") {
			t.Errorf("%s --offline: status %d, %q", args[0], r.status, r.err)
		}
	}
}
