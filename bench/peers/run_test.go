package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test's own program stand in for both programs that are
// measured: it writes down its arguments and prints what the test wants.
func TestMain(m *testing.M) {
	if log := os.Getenv("PEERS_TEST_LOG"); log != "" {
		os.Exit(standIn(log))
	}
	os.Exit(m.Run())
}

func standIn(log string) int {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 3
	}
	defer f.Close()
	_, _ = fmt.Fprintln(f, strings.Join(os.Args[1:], " "))
	_, _ = fmt.Println(os.Getenv("PEERS_TEST_OUTPUT"))
	if os.Getenv("PEERS_TEST_FAILS") != "" {
		return 1
	}
	return 0
}

// measured are rounds of two stand-ins, and the calls that came of them.
func measured(t *testing.T, rounds int) (*comparison, []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(self, " ") {
		t.Skip("the words of -run are cut at spaces, and this program's path has one")
	}
	log := filepath.Join(t.TempDir(), "calls")
	t.Setenv("PEERS_TEST_LOG", log)
	t.Setenv("PEERS_TEST_OUTPUT", `noise`+"\n"+`{"cpu":"C","load_ms":2,"first_token_ms":3,"prefill":{"1":4},"decode":{"0":5},"peak_rss_mib":6}`)
	o := options{
		coreml: self, dir: "made", prefill: "1,32", decode: "0", arithmetic: "fast", tokens: 7, chunk: 8,
		run: self + " other -m {model} -t {threads} -p {prefill} -d {decode} -n {tokens}",
	}
	c := &comparison{model: "small", threads: "2", peerName: "other"}
	for round := range rounds {
		if err := c.round(t.Context(), &o, round); err != nil {
			t.Fatal(err)
		}
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return c, strings.Split(strings.TrimSpace(string(calls)), "\n")
}

func TestBothRunInEveryRoundAndTakeTurnsAtBeginning(t *testing.T) {
	c, calls := measured(t, 3)
	own := "bench --json --rounds=1 --threads=2 --prefill=1,32 --decode=0 --tokens=7 --arithmetic=fast --prefill-chunk=8 " +
		filepath.Join("made", "models", "small.package")
	const peer = "other -m small -t 2 -p 1,32 -d 0 -n 7"
	want := []string{own, peer, peer, own, own, peer}
	if strings.Join(calls, "\n") != strings.Join(want, "\n") {
		t.Errorf("called\n%s\nwant\n%s", strings.Join(calls, "\n"), strings.Join(want, "\n"))
	}
	if len(c.own) != 3 || len(c.peer) != 3 || c.own[0].First != 3 || c.peer[2].Decode["0"] != 5 {
		t.Errorf("measured %+v and %+v", c.own, c.peer)
	}
}

func TestAProgramThatFailsEndsTheMeasurement(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PEERS_TEST_LOG", filepath.Join(t.TempDir(), "calls"))
	for name, step := range map[string]struct{ output, fails, want string }{
		"an exit status":           {`{"load_ms":1}`, "1", "exit status 1"},
		"an output without JSON":   {"done", "", `last line "done"`},
		"a program that is absent": {"", "", "no-such-program"},
	} {
		t.Setenv("PEERS_TEST_OUTPUT", step.output)
		t.Setenv("PEERS_TEST_FAILS", step.fails)
		program := self
		if name == "a program that is absent" {
			program = "no-such-program"
		}
		if _, err := measure(t.Context(), nil, program); err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: %v, want %q", name, err, step.want)
		}
	}
}

func TestRecordsAreAddedToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.jsonl")
	if err := save("", record{}); err != nil {
		t.Errorf("without a file: %v", err)
	}
	c := comparison{
		model: "small", threads: "1",
		own:  []measures{{CPU: "C", Load: 1, Decode: map[string]float64{"0": 10}}, {CPU: "C", Load: 3, Decode: map[string]float64{"0": 30}}, {CPU: "C", Load: 2, Decode: map[string]float64{"0": 20}}},
		peer: []measures{{Load: 5}, {Load: 7}},
	}
	for range 2 {
		if err := save(path, c.record()); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 2 || lines[0] != lines[1] {
		t.Fatalf("the file has %q", lines)
	}
	var got record
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	// Of three the middle one, of two the mean.
	if got.Rounds != 3 || got.CPU != "C" || got.Own.Load != 2 || got.Own.Decode["0"] != 20 || got.Peer.Load != 6 {
		t.Errorf("record %+v", got)
	}
	if err := save(filepath.Join(path, "x"), record{}); err == nil {
		t.Error("a file below a file was written")
	}
}

func TestARatioAboveOneIsInThisProjectsFavour(t *testing.T) {
	for _, c := range []struct {
		what      string
		less      bool
		own, peer float64
		want      float64
	}{
		{"more tokens a second", false, 30, 10, 3},
		{"fewer milliseconds", true, 10, 30, 3},
		{"fewer tokens a second", false, 10, 40, 0.25},
		{"what the other one did not measure", false, 10, 0, 0},
		{"what this one did not measure", true, 0, 10, 0},
	} {
		if got := (row{less: c.less}).ratio(c.own, c.peer); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
