package hub_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// pkg is the path of the only package of the repository model.
const pkg = "coreml/Toy.mlpackage"

// model is a repository as those are on a hub: the weights of another framework, a
// package in a folder, and the tokenizer in the root.
func model() hubtest.Repo {
	return hubtest.Repo{ID: "org/model", Files: hubtest.FS{
		"README.md":                                       hubtest.Text("# Toy\n"),
		"model.safetensors":                               hubtest.Pattern{Size: 5_000_000},
		"tokenizer.json":                                  hubtest.Text("{}"),
		"tokenizer_config.json":                           hubtest.Text("{}"),
		"generation_config.json":                          hubtest.Text("{}"),
		pkg + "/Manifest.json":                            hubtest.Text("{}"),
		pkg + "/Data/com.apple.CoreML/model.mlmodel":      hubtest.Pattern{Size: 1000},
		pkg + "/Data/com.apple.CoreML/weights/weight.bin": hubtest.Pattern{Size: 100_000},
	}}
}

// wanted is what is fetched of it.
var wanted = []string{
	"coreml/Toy.mlpackage/Data/com.apple.CoreML/model.mlmodel", "coreml/Toy.mlpackage/Data/com.apple.CoreML/weights/weight.bin",
	"coreml/Toy.mlpackage/Manifest.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
}

// resolve must succeed.
func (r *rig) resolve(c *hub.Client, name string, o *hub.ResolveOptions) *hub.Package {
	r.t.Helper()
	p, err := c.Resolve(r.t.Context(), name, o)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// asked are the operations and files of the requests since the last call.
func (r *rig) asked() []string {
	var list []string
	for _, q := range r.hub.Requests() {
		list = append(list, strings.TrimSpace(q.Method+" "+string(q.Op)+" "+q.Repo+" "+q.File))
	}
	r.hub.ClearLog()
	return list
}

func TestANameLeadsToThePackageAndWhatBelongsToIt(t *testing.T) {
	r := newRig(t, model())
	p := r.resolve(r.client, "org/model", nil)
	if got := filesIn(t, p.Dir); !slices.Equal(got, wanted) {
		t.Errorf("fetched %q, want %q", got, wanted)
	}
	want := hub.Package{
		Path: filepath.Join(p.Dir, filepath.FromSlash(pkg)), Tokenizer: p.Dir, Dir: p.Dir, Repo: hub.Repo{ID: "org/model"},
		Commit: r.hub.Commit("", "org/model", "main"), Name: pkg,
	}
	if *p != want {
		t.Errorf("got %+v, want %+v", *p, want)
	}
	for name, n := range r.hub.Bodies() {
		if n != 1 {
			t.Errorf("the body of %s was asked for %d times", name, n)
		}
	}
	r.noLeftovers()
	r.asked()
	// Everything is there: one request says whether there is something newer.
	again, _ := r.newClient()
	if got := r.resolve(again, "org/model", nil); *got != want {
		t.Errorf("a second time: %+v", *got)
	}
	if got := r.asked(); len(got) != 1 || !strings.Contains(got[0], "info") {
		t.Errorf("a second time the hub was asked %q", got)
	}
	for name, c := range map[string]struct {
		client *hub.Client
		name   string
		o      hub.ResolveOptions
	}{
		"offline":         {r.offline(), "org/model", hub.ResolveOptions{}},
		"locally":         {again, "org/model", hub.ResolveOptions{LocalOnly: true}},
		"from the cache":  {again, "org/model", hub.ResolveOptions{PreferCache: true}},
		"by its commit":   {again, "org/model@" + want.Commit, hub.ResolveOptions{}},
		"by its path":     {r.offline(), "org/model:" + pkg, hub.ResolveOptions{}},
		"by its folder":   {r.offline(), "hf://org/model@main:./coreml/", hub.ResolveOptions{}},
		"by all of these": {r.offline(), "org/model@main:coreml//Toy.mlpackage/", hub.ResolveOptions{}},
	} {
		if got := r.resolve(c.client, c.name, &c.o); got.Path != want.Path || got.Tokenizer != want.Tokenizer {
			t.Errorf("%s: %+v", name, *got)
		}
		if got := r.asked(); len(got) != 0 {
			t.Errorf("%s the hub was asked %q", name, got)
		}
	}
}

func TestANewCommitIsFetchedAndNothingTwice(t *testing.T) {
	first, second := model(), hubtest.FS{}
	files, _ := first.Files.(hubtest.FS)
	for name, content := range files {
		second[name] = content
	}
	second["tokenizer.json"] = hubtest.Text(`{"new":true}`)
	r := newRig(t, first)
	old := r.resolve(r.client, "org/model", nil)
	err := r.hub.Put(hubtest.Repo{ID: "org/model", Commits: []hubtest.Commit{{Files: first.Files, Refs: []string{"refs/tags/v1"}}, {Files: second, Refs: []string{"main"}}}})
	if err != nil {
		t.Fatal(err)
	}
	r.asked()
	fresh := r.resolve(r.client, "org/model", nil)
	if fresh.Commit == old.Commit {
		t.Fatal("it is the old commit")
	}
	var bodies []string
	for _, q := range r.asked() {
		if strings.HasPrefix(q, "GET body") {
			bodies = append(bodies, q)
		}
	}
	if len(bodies) != 1 || !strings.HasSuffix(bodies[0], "tokenizer.json") {
		t.Errorf("fetched %q", bodies)
	}
	if text, err := os.ReadFile(filepath.Join(fresh.Tokenizer, "tokenizer.json")); err != nil || string(text) != `{"new":true}` {
		t.Errorf("the tokenizer is %q, %v", text, err)
	}
	// Offline, the name means what it meant last; a tag that nobody asked for is not known.
	if got := r.resolve(r.offline(), "org/model", nil); got.Commit != fresh.Commit {
		t.Errorf("offline it is %s", got.Commit)
	}
	if _, err := r.offline().Resolve(t.Context(), "org/model@v1", nil); !errors.Is(err, hub.ErrNotCached) || !errors.Is(err, hub.ErrOffline) {
		t.Errorf("a tag that is not known: %v", err)
	}
	// Known by one request, which notes it, since its files are all there.
	if got := r.resolve(r.client, "org/model@v1", nil); got.Commit != r.hub.Commit("", "org/model", "v1") {
		t.Errorf("the tag is %s", got.Commit)
	}
	if got := r.resolve(r.offline(), "org/model@v1", nil); got.Commit != r.hub.Commit("", "org/model", "v1") {
		t.Errorf("offline the tag is %s", got.Commit)
	}
}

func TestTheCacheAnswersWhenTheHubCannot(t *testing.T) {
	for name, do := range map[string]hubtest.Do{
		"failing": {Status: 503}, "gone": {Drop: true}, "closed to us": {Status: 403}, "not a hub": {Status: 200, Body: "<html>log in</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, model())
			want := r.resolve(r.client, "org/model", nil)
			r.asked()
			defer r.hub.Add(hubtest.Fault{Do: do})()
			c, waits := r.newClient()
			if got := r.resolve(c, "org/model", nil); *got != *want {
				t.Errorf("got %+v", *got)
			}
			// A network that is down holds nobody up.
			if got := waits.All(); len(got) != 0 {
				t.Errorf("waited for %v", got)
			}
			_, err := c.Resolve(t.Context(), "org/toy", nil)
			if want := map[bool]error{true: hub.ErrUnauthorized, false: hub.ErrNotCached}[do.Status == 403]; !errors.Is(err, want) {
				t.Errorf("what is not in the cache: %v, want %v", err, want)
			}
		})
	}
}

func TestWhatTheHubHasSaidForCertainStands(t *testing.T) {
	r := newRig(t, model())
	r.resolve(r.client, "org/model", nil)
	for name, want := range map[string]error{
		"org/model@absent": hub.ErrRevisionNotFound, "org/model:absent": hub.ErrEntryNotFound, "org/absent": hub.ErrRepositoryNotFound, "org/toy:sub": hub.ErrEntryNotFound,
	} {
		if p, err := r.client.Resolve(t.Context(), name, nil); !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v, want %v", name, p, err, want)
		}
	}
}

func TestOneOfSeveralPackagesHasToBeNamed(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/two", Files: hubtest.FS{
		"a/Int4.mlpackage/Manifest.json": hubtest.Text("{}"), "a/Int4.mlpackage/w.bin": hubtest.Pattern{Size: 2048 - 2},
		"b/FP16.mlpackage/Manifest.json": hubtest.Text("{}"), "b/FP16.mlmodelc/x": hubtest.Text("x"),
	}})
	_, err := r.client.Resolve(t.Context(), "org/two", nil)
	list, ok := errors.AsType[*hub.PackagesError](err)
	want := []hub.PackageEntry{{Path: "a/Int4.mlpackage", Size: 2048}, {Path: "b/FP16.mlmodelc", Size: 1}, {Path: "b/FP16.mlpackage", Size: 2}}
	if !ok || !errors.Is(err, hub.ErrAmbiguous) || !slices.Equal(list.Packages, want) {
		t.Fatalf("%v", err)
	}
	for _, part := range []string{`as in org/two:a/Int4.mlpackage`, `"a/Int4.mlpackage" (2.0 KiB)`, `"b/FP16.mlpackage" (2 B)`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %s", err, part)
		}
	}
	if got := len(filesIn(t, r.dir)); got != 0 {
		t.Errorf("%d files are in the cache", got)
	}
	p := r.resolve(r.client, "org/two:b", nil)
	if p.Name != "b/FP16.mlpackage" || p.Tokenizer != "" || len(filesIn(t, p.Dir)) != 1 {
		t.Errorf("got %+v with %q", *p, filesIn(t, p.Dir))
	}
	// The listing in the cache says what else there is.
	if _, err := r.offline().Resolve(t.Context(), "org/two", nil); !errors.Is(err, hub.ErrAmbiguous) {
		t.Errorf("offline: %v", err)
	}
	if _, err := r.offline().Resolve(t.Context(), "org/two:a", nil); !errors.Is(err, hub.ErrIncompleteSnapshot) || !errors.Is(err, hub.ErrOffline) {
		t.Errorf("offline, the other one: %v", err)
	}
}

func TestTheTokenizerOfAnotherRepositoryIsFetched(t *testing.T) {
	r := newRig(t, model(), hubtest.Repo{ID: "org/lonely", Files: hubtest.FS{"L.mlpackage/Manifest.json": hubtest.Text("{}")}})
	asked := ""
	o := &hub.ResolveOptions{Tokenizer: func(path string) (string, error) {
		asked = path
		return "org/model", nil
	}}
	p := r.resolve(r.client, "org/lonely", o)
	if asked != p.Path || filepath.Base(filepath.Dir(p.Tokenizer)) != "snapshots" || p.Tokenizer == p.Dir {
		t.Errorf("asked for that of %s, and got %+v", asked, *p)
	}
	if got, want := filesIn(t, p.Tokenizer), []string{"generation_config.json", "tokenizer.json", "tokenizer_config.json"}; !slices.Equal(got, want) {
		t.Errorf("fetched %q, want %q", got, want)
	}
	// A second time only the package's repository is asked about.
	r.asked()
	if again := r.resolve(r.client, "org/lonely", o); *again != *p {
		t.Errorf("a second time: %+v", *again)
	}
	if got := r.asked(); len(got) != 1 {
		t.Errorf("a second time the hub was asked %q", got)
	}
	if got := r.resolve(r.offline(), "org/lonely", o); *got != *p {
		t.Errorf("offline: %+v", *got)
	}
	torn := errors.New("torn")
	o.Tokenizer = func(string) (string, error) { return "", torn }
	if _, err := r.client.Resolve(t.Context(), "org/lonely", o); !errors.Is(err, torn) {
		t.Errorf("got %v", err)
	}
	o.Tokenizer = func(string) (string, error) { return "", nil }
	if p := r.resolve(r.client, "org/lonely", o); p.Tokenizer != "" {
		t.Errorf("a tokenizer from nowhere: %+v", *p)
	}
}

func TestATokenizerAloneIsFetched(t *testing.T) {
	r := newRig(t, model())
	dir, err := r.client.ResolveTokenizer(t.Context(), "org/model", nil)
	if got, want := filesIn(t, dir), []string{"generation_config.json", "tokenizer.json", "tokenizer_config.json"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("fetched %q, %v, want %q", got, err, want)
	}
	r.asked()
	// From the cache alone a part of it will do: other programs leave such copies.
	if err := os.Remove(filepath.Join(dir, "tokenizer_config.json")); err != nil {
		t.Fatal(err)
	}
	for _, refs := range []bool{true, false} {
		if got, err := r.client.ResolveTokenizer(t.Context(), "org/model", &hub.ResolveOptions{PreferCache: true}); err != nil || got != dir {
			t.Errorf("from the cache: %s, %v", got, err)
		}
		if refs {
			if err := os.RemoveAll(filepath.Join(filepath.Dir(filepath.Dir(dir)), "refs")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := r.asked(); len(got) != 0 {
		t.Errorf("the hub was asked %q", got)
	}
	if _, err := r.client.ResolveTokenizer(t.Context(), "org/toy", nil); !errors.Is(err, hub.ErrEntryNotFound) || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("a repository without one: %v", err)
	}
}

// TestNamesOfPackagesThatLeadAstray is for hubs that list what no repository holds.
func TestNamesOfPackagesThatLeadAstray(t *testing.T) {
	for _, evil := range []string{"../../../x.mlpackage/Manifest.json", "/etc/x.mlpackage/a", "a/../../b.mlpackage/c", "x.mlpackage/../../../y", "C:/x.mlpackage/a", "x.mlpackage/\x00"} {
		r := newRig(t)
		body := `{"id":"org/toy","sha":"` + strings.Repeat("a", 40) + `","siblings":[{"rfilename":` + quoteJSON(evil) + `}]}`
		r.hub.Add(hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Status: 200, Body: body, Header: map[string]string{"Content-Type": "application/json"}}})
		p, err := r.client.Resolve(t.Context(), "org/toy", nil)
		if err == nil {
			t.Errorf("%q: %+v", evil, *p)
		}
		for _, name := range filesIn(t, filepath.Dir(r.dir)) {
			if !strings.HasPrefix(name, "hub/models--org--toy/") {
				t.Errorf("%q left %s", evil, name)
			}
		}
	}
}

// quoteJSON is a text as JSON has it.
func quoteJSON(s string) string {
	return `"` + strings.NewReplacer("\x00", `\u0000`, `\`, `\\`).Replace(s) + `"`
}

func TestNamesAreRead(t *testing.T) {
	for name, want := range map[string]struct {
		repo  hub.Repo
		where string
	}{
		"org/name":                         {hub.Repo{ID: "org/name"}, ""},
		"org/name@v1":                      {hub.Repo{ID: "org/name", Revision: "v1"}, ""},
		"org/name@refs/pr/1:a/b.mlpackage": {hub.Repo{ID: "org/name", Revision: "refs/pr/1"}, "a/b.mlpackage"},
		"hf://org/name:./a//b/":            {hub.Repo{ID: "org/name"}, "a/b"},
		"datasets/org/name:dir:y":          {hub.Repo{Type: hub.Dataset, ID: "org/name"}, "dir:y"},
		"org/name:":                        {hub.Repo{ID: "org/name"}, ""},
		"gpt2":                             {hub.Repo{ID: "gpt2"}, ""},
	} {
		repo, where, err := hub.ParseName(name)
		if err != nil || repo != want.repo || where != want.where {
			t.Errorf("%q: %+v, %q, %v", name, repo, where, err)
		}
	}
	for _, name := range []string{"", "a/b/c", "../b", "a/b@", "a/b:../c", "a/b:/etc", "a/b@x y", "a b", "a/b:\x00", "https://x/y", `a\b`, "/a", "a/b:c/../../d"} {
		if repo, where, err := hub.ParseName(name); !errors.Is(err, hub.ErrUnsafeName) {
			t.Errorf("%q: %+v, %q, %v", name, repo, where, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"org/name@v1:a/b.mlpackage", "hf://spaces/a/b", "a:b@c/d", "x@y@z:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		repo, where, err := hub.ParseName(s)
		if err != nil {
			if !errors.Is(err, hub.ErrUnsafeName) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		again, err := hub.ParseRepo(repo.String())
		if err != nil || again != repo {
			t.Errorf("%q: %+v is read as %+v, %v", s, repo, again, err)
		}
		if where != "" && !filepath.IsLocal(filepath.FromSlash(where)) {
			t.Errorf("%q leads to %q", s, where)
		}
	})
}
