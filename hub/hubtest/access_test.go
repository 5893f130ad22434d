package hubtest_test

import (
	"net/http"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// refusal is what an answer says of why there is none.
type refusal struct {
	status  int
	code    string
	message string
}

func TestWhoMayReadWhat(t *testing.T) {
	readers := []string{"hf_reader"}
	s := hubtest.New(t,
		hubtest.Repo{ID: "org/open", Files: files()},
		hubtest.Repo{ID: "org/gated", Files: files(), Gated: true, Readers: readers},
		hubtest.Repo{ID: "org/closed", Files: files(), Gated: true, GatedAPI: true, Readers: readers},
		hubtest.Repo{ID: "org/private", Files: files(), Private: true, Readers: readers},
		hubtest.Repo{ID: "org/disabled", Files: files(), Disabled: true},
	)
	anonymous := "Invalid username or password."
	for _, test := range []struct {
		name, path, token string
		want              refusal
	}{
		{"anybody reads an open one", "/org/open/resolve/main/config.json", "", refusal{status: 200}},
		{"a wrong token is worse than none", "/org/open/resolve/main/config.json", "nonsense", refusal{401, "", "Invalid credentials in Authorization header"}},
		{"a missing one, without a token", "/api/models/org/none/revision/main", "", refusal{401, "RepoNotFound", anonymous}},
		{"a missing one, with a token", "/api/models/org/none/revision/main", "hf_me", refusal{404, "RepoNotFound", "Repository not found"}},
		{"a private one, without a token", "/org/private/resolve/main/config.json", "", refusal{401, "RepoNotFound", anonymous}},
		{"a private one, with another's token", "/api/models/org/private", "hf_me", refusal{404, "RepoNotFound", "Repository not found"}},
		{"a private one, by a reader", "/api/models/org/private", "hf_reader", refusal{status: 200}},
		{"a gated one's information", "/api/models/org/gated/revision/main", "", refusal{status: 200}},
		{"a gated one's listing", "/api/models/org/gated/tree/main", "", refusal{status: 200}},
		{"a gated one's file, without a token", "/org/gated/resolve/main/config.json", "", refusal{401, "GatedRepo", "Access to model org/gated is restricted. You must have access to it and be authenticated to access it. Please log in."}},
		{"a gated one's file, before acceptance", "/org/gated/resolve/main/config.json", "hf_me", refusal{403, "GatedRepo", "Access to model org/gated is restricted and you are not in the authorized list. Visit " + s.URL() + "/org/gated to ask for access."}},
		{"a gated one's file, by a reader", "/org/gated/resolve/main/config.json", "hf_reader", refusal{status: 200}},
		{"asking before the download", "/api/models/org/gated/auth-check", "hf_reader", refusal{status: 200}},
		{"a closed one's information", "/api/models/org/closed/revision/main", "", refusal{401, "GatedRepo", "Access to model org/closed is restricted. You must have access to it and be authenticated to access it. Please log in."}},
		{"a disabled one", "/org/disabled/resolve/main/config.json", "", refusal{403, "", "Access to this resource is disabled."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var headers []string
			if test.token != "" {
				headers = []string{"Authorization", "Bearer " + test.token}
			}
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := get(t, test.want.status, method, s.URL()+test.path, headers...)
				header(t, r, "X-Error-Code", test.want.code)
				header(t, r, "X-Error-Message", test.want.message)
			}
		})
	}
}

func TestAMissingFileIsNamedWithItsCommit(t *testing.T) {
	s := serve(t)
	r := get(t, http.StatusNotFound, http.MethodHead, s.URL()+"/"+repoID+"/resolve/main/no.json")
	header(t, r, "X-Error-Code", "EntryNotFound")
	header(t, r, "X-Repo-Commit", s.Commit("", repoID, "main"))
}

func TestARenamedRepositoryRedirects(t *testing.T) {
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: files()}, hubtest.Repo{ID: "old/name", MovedTo: repoID})
	for _, path := range []string{"/old/name/resolve/main/config.json", "/api/models/old/name/tree/main?recursive=true"} {
		r := get(t, http.StatusTemporaryRedirect, http.MethodGet, s.URL()+path)
		get(t, http.StatusOK, http.MethodGet, s.URL()+r.Header.Get("Location"))
	}
}

func TestATokenHasAHolder(t *testing.T) {
	s := serve(t)
	who := decode[map[string]any](t, get(t, http.StatusOK, http.MethodGet, s.URL()+"/api/whoami-v2", "Authorization", "Bearer hf_alice"))
	if who["name"] != "alice" {
		t.Errorf("%v", who)
	}
	get(t, http.StatusUnauthorized, http.MethodGet, s.URL()+"/api/whoami-v2")
}

func TestRepositoriesChangeWhileTheyAreServed(t *testing.T) {
	s := serve(t)
	before := s.Commit("", repoID, "main")
	if err := s.Put(hubtest.Repo{ID: repoID, Files: hubtest.FS{"new": hubtest.Text("new")}}); err != nil {
		t.Fatal(err)
	}
	if after := s.Commit("", repoID, "main"); after == before {
		t.Error("the same commit for other files")
	}
	get(t, http.StatusOK, http.MethodGet, s.URL()+"/"+repoID+"/resolve/main/new")
	s.Remove("", repoID)
	get(t, http.StatusUnauthorized, http.MethodGet, s.URL()+"/"+repoID+"/resolve/main/new")
	if got := s.Commit("", repoID, "main"); got != "" {
		t.Errorf("commit %s of nothing", got)
	}
}
