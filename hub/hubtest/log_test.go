package hubtest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/hubtest"
)

func TestTheLogSaysWhatWasAskedAndAnswered(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Status: 503}})
	url := bodyURL(t, s)
	get(t, 206, http.MethodGet, url, "Range", "bytes=299000-")
	get(t, 200, http.MethodGet, url)
	get(t, 200, http.MethodGet, configURL(s), "Authorization", "Bearer hf_me")
	get(t, 503, http.MethodGet, treeURL(s))
	get(t, 404, http.MethodGet, s.URL()+"/favicon.ico")
	type line struct {
		Origin  hubtest.Origin
		Op      hubtest.Op
		Method  string
		File    string
		Status  int
		Sent    int64
		Faulted bool
		Auth    bool
	}
	want := []line{
		{hubtest.Hub, hubtest.Head, "HEAD", weight, 302, 0, false, false},
		{hubtest.CDN, hubtest.Body, "GET", weight, 206, 1000, false, false},
		{hubtest.CDN, hubtest.Body, "GET", weight, 200, 300000, false, false},
		{hubtest.Hub, hubtest.Body, "GET", "config.json", 200, int64(len(config)), false, true},
		{hubtest.Hub, hubtest.Tree, "GET", "", 503, 0, true, false},
		{hubtest.Hub, hubtest.Other, "GET", "", 404, 62, false, false},
	}
	var got []line
	for _, r := range s.Requests() {
		got = append(got, line{r.Origin, r.Op, r.Method, r.File, r.Status, r.BytesSent, r.Faulted, r.Authorized()})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	bodies := map[string]int{repoID + "/" + weight: 2, repoID + "/config.json": 1}
	if diff := cmp.Diff(bodies, s.Bodies()); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	s.ClearLog()
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests in an empty log", n)
	}
}

func TestLeaksAreFoundWhereverTheyAre(t *testing.T) {
	s := serve(t)
	url := bodyURL(t, s)
	get(t, 200, http.MethodGet, configURL(s), "Authorization", "Bearer hf_secret")
	get(t, 200, http.MethodGet, url)
	if got := s.Leaks("hf_secret"); len(got) != 0 {
		t.Errorf("leaks where there are none: %+v", got)
	}
	get(t, 200, http.MethodGet, url, "X-Token", "hf_secret")
	get(t, 200, http.MethodGet, url+"&token=hf_secret")
	get(t, 200, http.MethodGet, url, "Cookie", "a=b")
	get(t, 400, http.MethodGet, url, "Authorization", "Bearer hf_secret")
	if got := len(s.Leaks("hf_secret")); got != 4 {
		t.Errorf("%d leaks, want 4", got)
	}
}
