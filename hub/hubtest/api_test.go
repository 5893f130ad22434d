package hubtest_test

import (
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// entry is a file or folder in a listing.
type entry struct {
	Type, Path, Oid, XetHash string
	Size                     int64
	LFS                      *struct {
		Oid         string
		Size        int64
		PointerSize int
	}
	LastCommit *struct{ ID, Title, Date string }
}

func paths(list []entry) []string {
	var all []string
	for _, e := range list {
		all = append(all, e.Path)
	}
	return all
}

func TestInfoNamesTheCommitAndTheFiles(t *testing.T) {
	s := serve(t)
	type info struct {
		ID, Sha  string
		Siblings []struct {
			Rfilename string
			Size      *int64
		}
	}
	commit := s.Commit(hubtest.Model, repoID, "main")
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(commit) {
		t.Fatalf("commit %q", commit)
	}
	for _, path := range []string{"", "/revision/main", "/revision/" + commit, "/revision/" + commit[:8]} {
		got := decode[info](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+path))
		if got.ID != repoID || got.Sha != commit || len(got.Siblings) != 3 || got.Siblings[0].Size != nil {
			t.Errorf("%q: %+v", path, got)
		}
	}
	sized := decode[info](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"?blobs=true"))
	if size := sized.Siblings[0].Size; size == nil || *size != weights.Size {
		t.Errorf("with blobs: %+v", sized)
	}
	only := decode[map[string]any](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"?expand=sha"))
	if only["sha"] != commit || only["siblings"] != nil {
		t.Errorf("expanded sha: %v", only)
	}
}

func TestTheListingIsThatOfGit(t *testing.T) {
	s := serve(t)
	base := s.URL() + "/api/models/" + repoID + "/tree/main"
	flat := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, base))
	if diff := cmp.Diff([]string{"X.mlpackage", "config.json", "sub"}, paths(flat)); diff != "" {
		t.Errorf("not recursive (-want +got):\n%s", diff)
	}
	all := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, base+"?recursive=true&expand=false"))
	want := []string{"X.mlpackage", "X.mlpackage/Data", "X.mlpackage/Data/weights", weight, "config.json", "sub", "sub/vocab.txt"}
	if diff := cmp.Diff(want, paths(all)); diff != "" {
		t.Errorf("recursive (-want +got):\n%s", diff)
	}
	big, small, folder := all[3], all[4], all[5]
	if big.LFS == nil || big.LFS.Oid != sha(pattern(t, weights)) || big.LFS.Size != weights.Size || big.Size != weights.Size || big.LFS.PointerSize != 131 {
		t.Errorf("in large-file storage: %+v", big)
	}
	if small.LFS != nil || small.Oid != gitBlob(config) || small.Size != int64(len(config)) || small.LastCommit != nil {
		t.Errorf("in git: %+v", small)
	}
	// By git hash-object and git mktree: 100644 vocab.txt with "a\nb\n".
	if folder.Type != "directory" || folder.Oid != "8be7838d0a584deb4fa9ce78b56d01ff40b5242b" {
		t.Errorf("folder: %+v", folder)
	}
	below := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, base+"/X.mlpackage/Data?expand=true"))
	if len(below) != 1 || below[0].LastCommit == nil || below[0].LastCommit.ID != s.Commit("", repoID, "main") {
		t.Errorf("below a folder: %+v", below)
	}
	r := get(t, http.StatusNotFound, http.MethodGet, base+"/nowhere")
	header(t, r, "X-Error-Code", "EntryNotFound")
}

func TestAListingComesInPages(t *testing.T) {
	names := hubtest.FS{}
	for _, n := range strings.Fields("a b c d e") {
		names[n] = hubtest.Text(n)
	}
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: names, PageSize: 2})
	next := regexp.MustCompile(`^<([^>]+)>; rel="next"$`)
	var got [][]string
	for url := s.URL() + "/api/models/" + repoID + "/tree/main?recursive=true"; url != ""; {
		r := get(t, http.StatusOK, http.MethodGet, url)
		got = append(got, paths(decode[[]entry](t, r)))
		url = ""
		if m := next.FindStringSubmatch(r.Header.Get("Link")); m != nil {
			url = m[1]
		}
	}
	if diff := cmp.Diff([][]string{{"a", "b"}, {"c", "d"}, {"e"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	one := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"/tree/main?limit=1"))
	if len(one) != 1 {
		t.Errorf("limit=1 gave %d entries", len(one))
	}
}

func TestGivenPathsAreListed(t *testing.T) {
	s := serve(t)
	for name, body := range map[string]string{
		"application/x-www-form-urlencoded": url.Values{"paths": {"config.json", "sub", "no"}, "expand": {"False"}}.Encode(),
		"application/json":                  `{"paths": ["config.json", "sub", "no"], "expand": false}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api/models/"+repoID+"/paths-info/main", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", name)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got := decode[[]entry](t, readAll(t, resp))
		if diff := cmp.Diff([]string{"config.json", "sub"}, paths(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRevisionsAreBranchesTagsRequestsAndCommits(t *testing.T) {
	one, two := fstest.MapFS{"f": {Data: []byte("one")}}, fstest.MapFS{"f": {Data: []byte("two")}}
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Commits: []hubtest.Commit{
		{Files: one, Refs: []string{"refs/tags/v1", "refs/pr/1"}}, {Files: two, Refs: []string{"side/branch"}},
	}})
	first := s.Commit("", repoID, "v1")
	for rev, want := range map[string]string{
		"main": "two", "v1": "one", "refs%2Fpr%2F1": "one", "refs/pr/1": "one", "side%2Fbranch": "two", "refs%2Fheads%2Fmain": "two", first: "one",
	} {
		r := get(t, http.StatusOK, http.MethodGet, s.URL()+"/"+repoID+"/resolve/"+rev+"/f")
		if r.text != want {
			t.Errorf("%s: %q, want %q", rev, r.text, want)
		}
	}
	r := get(t, http.StatusNotFound, http.MethodGet, s.URL()+"/"+repoID+"/resolve/none/f")
	header(t, r, "X-Error-Code", "RevisionNotFound")
	type refs struct {
		Branches, Tags, Converts, PullRequests []struct{ Name, Ref, TargetCommit string }
	}
	got := decode[refs](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"/refs?include_prs=1"))
	if len(got.Branches) != 2 || len(got.Tags) != 1 || len(got.PullRequests) != 1 || got.Tags[0].Name != "v1" || got.Tags[0].TargetCommit != first {
		t.Errorf("refs: %+v", got)
	}
	history := decode[[]struct{ ID string }](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"/commits/main"))
	if len(history) != 2 || history[1].ID != first {
		t.Errorf("history: %+v", history)
	}
}

func TestDatasetsAndSpacesHavePrefixes(t *testing.T) {
	s := hubtest.New(t,
		hubtest.Repo{ID: repoID, Files: hubtest.FS{"f": hubtest.Text("model")}},
		hubtest.Repo{Type: hubtest.Dataset, ID: repoID, Files: hubtest.FS{"f": hubtest.Text("dataset"), "f.bin": hubtest.Text("big")}},
		hubtest.Repo{Type: hubtest.Space, ID: repoID, Files: hubtest.FS{"f": hubtest.Text("space")}},
		hubtest.Repo{ID: "bert", Files: hubtest.FS{"f": hubtest.Text("short")}},
	)
	for path, want := range map[string]string{repoID: "model", "datasets/" + repoID: "dataset", "spaces/" + repoID: "space", "bert": "short"} {
		if r := get(t, http.StatusOK, http.MethodGet, s.URL()+"/"+path+"/resolve/main/f"); r.text != want {
			t.Errorf("%s: %q", path, r.text)
		}
	}
	for _, path := range []string{"models/" + repoID, "datasets/" + repoID, "spaces/" + repoID, "models/bert"} {
		get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/"+path+"/revision/main")
		get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/"+path+"/tree/main")
	}
	r := get(t, http.StatusFound, http.MethodGet, s.URL()+"/datasets/"+repoID+"/resolve/main/f.bin")
	if r := get(t, http.StatusOK, http.MethodGet, r.Header.Get("Location")); r.text != "big" {
		t.Errorf("from the second origin: %q", r.text)
	}
}

func TestXetIsAnnouncedAndNotNeeded(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: files(), Xet: true})
	r := get(t, http.StatusFound, http.MethodHead, s.URL()+"/"+repoID+"/resolve/main/"+weight)
	if len(r.Header.Get("X-Xet-Hash")) != 64 || !strings.Contains(r.Header.Get("Link"), `rel="xet-auth"`) {
		t.Errorf("headers: %v", r.Header)
	}
	get(t, http.StatusOK, http.MethodGet, r.Header.Get("Location"))
	list := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"/tree/main/X.mlpackage/Data/weights"))
	if list[0].XetHash != r.Header.Get("X-Xet-Hash") {
		t.Errorf("listing: %+v", list)
	}
}

func TestTheHubCanKeepFilesAtAnotherAddressOfItsOwn(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: files(), ResolveCache: true}, hubtest.Repo{ID: "bert", Files: files(), ResolveCache: true})
	for _, id := range []string{repoID, "bert"} {
		r := get(t, http.StatusTemporaryRedirect, http.MethodHead, s.URL()+"/"+id+"/resolve/main/sub/vocab.txt")
		header(t, r, "ETag", `"`+gitBlob(vocab)+`"`)
		to := r.Header.Get("Location")
		if !strings.HasPrefix(to, "/api/") {
			t.Fatalf("Location %q", to)
		}
		r = get(t, http.StatusOK, http.MethodGet, s.URL()+to)
		header(t, r, "X-Repo-Commit", s.Commit("", id, "main"))
		if r.text != vocab {
			t.Errorf("%q", r.text)
		}
		get(t, http.StatusFound, http.MethodHead, s.URL()+"/"+id+"/resolve/main/"+weight)
	}
	if diff := cmp.Diff(map[string]int{repoID + "/sub/vocab.txt": 1, "bert/sub/vocab.txt": 1}, s.Bodies()); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestAPartIsOnlyGivenOfTheFileThatIsMeant(t *testing.T) {
	s := serve(t)
	tag := `"` + gitBlob(config) + `"`
	get(t, http.StatusPartialContent, http.MethodGet, configURL(s), "Range", "bytes=1-", "If-Range", tag)
	get(t, http.StatusOK, http.MethodGet, configURL(s), "Range", "bytes=1-", "If-Range", `"other"`)
	get(t, http.StatusNotModified, http.MethodGet, configURL(s), "If-None-Match", tag)
}

func TestFilesAreCompressedForWhoAcceptsIt(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: files(), Gzip: true})
	url := s.URL() + "/" + repoID + "/resolve/main/config.json"
	plain := get(t, http.StatusOK, http.MethodGet, url, "Accept-Encoding", "identity")
	header(t, plain, "ETag", `"`+gitBlob(config)+`"`)
	packed := get(t, http.StatusOK, http.MethodGet, url, "Accept-Encoding", "gzip, deflate", "Range", "bytes=5-")
	header(t, packed, "Content-Encoding", "gzip")
	header(t, packed, "ETag", `W/"`+gitBlob(config)+`"`)
	header(t, packed, "Content-Length", "")
	if got := gunzip(t, packed.text); got != config {
		t.Errorf("unpacked: %q", got)
	}
}

func TestNamesThatNoFileSystemTakesAreServed(t *testing.T) {
	names := []string{"../evil", "/etc/passwd", `C:\x`, `\\host\share\x`, "a//b", "nul\x00x", "twin", "TWIN", strings.Repeat("n", 64<<10), "dot/./x", "é"}
	evil := hubtest.FS{}
	for _, n := range names {
		evil[n] = hubtest.Text("of " + n)
	}
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: evil})
	list := decode[[]entry](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/models/"+repoID+"/tree/main?recursive=true"))
	listed := paths(list)
	for _, n := range names {
		if !slices.Contains(listed, n) {
			t.Errorf("%.50q is not listed", n)
		}
		parts := strings.Split(n, "/")
		for i := range parts {
			parts[i] = url.PathEscape(parts[i])
		}
		r := get(t, http.StatusOK, http.MethodGet, s.URL()+"/"+repoID+"/resolve/main/"+strings.Join(parts, "/"))
		if r.text != "of "+n {
			t.Errorf("%.50q: %.50q", n, r.text)
		}
	}
}

func TestAHostileNameInLargeFileStorageIsServed(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: hubtest.FS{"../../evil.bin": hubtest.Text("x")}})
	r := get(t, http.StatusFound, http.MethodGet, s.URL()+"/"+repoID+"/resolve/main/%2E%2E/../evil.bin")
	get(t, http.StatusOK, http.MethodGet, r.Header.Get("Location"))
}

func TestAnyFileSystemCanBeServed(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: noSeek{fstest.MapFS{"deep/f": {Data: []byte("0123456789")}}}})
	r := get(t, http.StatusPartialContent, http.MethodGet, s.URL()+"/"+repoID+"/resolve/main/deep/f", "Range", "bytes=7-")
	if r.text != "789" {
		t.Errorf("%q", r.text)
	}
}

// noSeek is a file system whose files can only be read from the beginning.
type noSeek struct{ fs.FS }

func (n noSeek) Open(name string) (fs.File, error) {
	f, err := n.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if dir, ok := f.(fs.ReadDirFile); ok {
		return dir, nil
	}
	return struct{ fs.File }{f}, nil
}

func TestARepositoryThatCannotBeServedIsAnError(t *testing.T) {
	for name, repo := range map[string]hubtest.Repo{
		"no name":                  {Files: files()},
		"three parts":              {ID: "a/b/c", Files: files()},
		"no files":                 {ID: repoID},
		"files and commits":        {ID: repoID, Files: files(), Commits: []hubtest.Commit{{Files: files()}}},
		"a file that lies of size": {ID: repoID, Files: hubtest.FS{"f": liar{}}},
	} {
		if s, err := hubtest.Start(repo); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

// liar says that it is longer than it is.
type liar struct{ hubtest.Text }

func (liar) Len() int64 { return 5 }
