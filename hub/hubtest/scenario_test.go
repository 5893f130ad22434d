package hubtest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/hubtest"
)

func TestAScenarioServes(t *testing.T) {
	root := fstest.MapFS{"one/f": {Data: []byte("from a folder")}, "two/f": {Data: []byte("from another")}}
	scenario, err := hubtest.ReadScenario(strings.NewReader(`{
		"repos": [
			{"id": "org/name", "files": {"config.json": "{}", "a.txt": "text"}, "patterns": {"w.bin": {"size": 1000, "seed": 1}}, "lfs": ["*.txt"]},
			{"type": "dataset", "id": "org/data", "private": true, "readers": ["hf_me"],
			 "commits": [{"dir": "one", "refs": ["refs/tags/v1"]}, {"dir": "two", "title": "second"}]},
			{"id": "old", "moved_to": "org/name"}
		],
		"faults": [{"op": "body", "to": 1, "do": {"status": 503, "delay": "1ms", "header": {"Retry-After": "1"}}}]
	}`), root)
	if err != nil {
		t.Fatal(err)
	}
	s := hubtest.New(t, scenario.Repos...)
	s.Add(scenario.Faults...)
	get(t, 503, http.MethodGet, s.URL()+"/org/name/resolve/main/config.json")
	get(t, 200, http.MethodGet, s.URL()+"/org/name/resolve/main/config.json")
	get(t, 302, http.MethodHead, s.URL()+"/org/name/resolve/main/a.txt")
	get(t, 200, http.MethodHead, s.URL()+"/org/name/resolve/main/w.bin")
	get(t, 307, http.MethodHead, s.URL()+"/old/resolve/main/w.bin")
	old := get(t, 200, http.MethodHead, s.URL()+"/datasets/org/data/resolve/v1/f", "Authorization", "Bearer hf_me")
	header(t, old, "Content-Length", "13")
}

func TestAFaultIsTheSameThroughJSON(t *testing.T) {
	want := hubtest.Fault{
		Op: hubtest.Body, Method: "GET", Origin: hubtest.CDN, Repo: "r", File: "f", Path: "p", Client: "c", From: 1, To: 2,
		Do: hubtest.Do{
			Delay: time.Second, Status: 1, Body: "b", Redirect: "r", Loop: true, Drop: true, Hang: true, Raw: "r", Endless: true, Bomb: 1,
			Listing: &hubtest.Listing{Entries: 1, PageSize: 2, Endless: true, Names: []string{"n"}}, Header: map[string]string{"a": "b"},
			Weak: true, IgnoreRange: true, CutAfter: -1, CutHalf: true, Short: 1, Flip: []int64{1}, Rate: 1,
		},
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got hubtest.Fault
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWrongScenarioIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":                       "{",
		"an unknown field":               `{"reposs": []}`,
		"an unknown field of a fault":    `{"faults": [{"oops": 1}]}`,
		"an unknown thing to do":         `{"faults": [{"do": {"oops": 1}}]}`,
		"a delay without a unit":         `{"faults": [{"do": {"delay": "12"}}]}`,
		"a folder without a root":        `{"repos": [{"id": "a", "dir": "x"}]}`,
		"a pattern of a negative length": `{"repos": [{"id": "a", "patterns": {"x": {"size": -1}}}]}`,
	} {
		if _, err := hubtest.ReadScenario(strings.NewReader(text), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzReadScenario(f *testing.F) {
	f.Add(`{"repos": [{"id": "a", "files": {"x": "y"}}], "faults": [{"op": "body", "do": {"delay": "1s"}}]}`)
	f.Add(`{"repos": [{"id": "a", "commits": [{"dir": "../x"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		scenario, err := hubtest.ReadScenario(strings.NewReader(text), fstest.MapFS{})
		if err == nil && scenario == nil {
			t.Error("neither a scenario nor an error")
		}
	})
}
