package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/results"
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
func measured(t *testing.T, rounds int) (*results.Record, []string) {
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
	t.Setenv("PEERS_TEST_OUTPUT", `noise`+"\n"+`{"cpu":"C","arithmetic":"fast","load_ms":2,"first_token_ms":3,"prefill":{"1":4},"decode":{"0":5},"peak_rss_mib":6}`)
	o := options{
		coreml: self, dir: "made", prefill: "1,32", decode: "0", arithmetic: "fast", tokens: 7, chunk: 8, rounds: rounds,
		peer: "other", run: self + " other -m {model} -t {threads} -p {prefill} -d {decode} -n {tokens}",
	}
	peers, err := o.others()
	if err != nil {
		t.Fatal(err)
	}
	r := &results.Record{Model: "small", Threads: "2"}
	if err := takeRounds(t.Context(), &o, append([]program{own(&o)}, peers...), r); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return r, strings.Split(strings.TrimSpace(string(calls)), "\n")
}

func TestAllRunInEveryRoundAndTakeTurnsAtBeginning(t *testing.T) {
	r, calls := measured(t, 3)
	own := "bench --json --rounds=1 --threads=2 --prefill=1,32 --decode=0 --tokens=7 --arithmetic=fast --prefill-chunk=8 " +
		filepath.Join("made", "models", "small.package")
	const peer = "other -m small -t 2 -p 1,32 -d 0 -n 7"
	want := []string{own, peer, peer, own, own, peer}
	if strings.Join(calls, "\n") != strings.Join(want, "\n") {
		t.Errorf("called\n%s\nwant\n%s", strings.Join(calls, "\n"), strings.Join(want, "\n"))
	}
	if len(r.Programs) != 2 || r.Programs[0].Name != "coreml" || r.Programs[1].Name != "other" {
		t.Fatalf("measured %+v", r.Programs)
	}
	for _, p := range r.Programs {
		if len(p.Rounds) != 3 || p.Rounds[0].First != 3 || p.Rounds[2].Decode["0"] != 5 {
			t.Errorf("measured %+v", p)
		}
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
		p := program{name: "other", words: []string{self}}
		if name == "a program that is absent" {
			p.words[0] = "no-such-program"
		}
		_, err := p.run(t.Context(), new(options), "small", "1")
		if err == nil || !strings.Contains(err.Error(), step.want) || !strings.Contains(err.Error(), "other") {
			t.Errorf("%s: %v, want %q", name, err, step.want)
		}
	}
}

func TestPeersAreThoseThatAreThereOrNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := choose("", dir); err == nil {
		t.Error("an empty folder has peers")
	}
	if err := os.WriteFile(filepath.Join(dir, "ik_bench"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		"":                   "ik_llama.cpp; ik_llama.cpp, repacked",
		"openvino,llama.cpp": "OpenVINO GenAI; llama.cpp",
	} {
		chosen, err := choose(list, dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range chosen {
			names = append(names, p.name)
		}
		if got := strings.Join(names, "; "); got != want {
			t.Errorf("%q chose %s, want %s", list, got, want)
		}
	}
	if _, err := choose("ik,none", dir); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("a peer that nobody knows: %v", err)
	}
}

func TestACommandIsFilledWithWhatIsMeasured(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "calls")
	t.Setenv("PEERS_TEST_LOG", log)
	t.Setenv("PEERS_TEST_OUTPUT", "{}")
	o := options{dir: "made", prefill: "1", decode: "0,512", tokens: 16}
	p := program{words: []string{self, "-data", "{dir}/{model}.hf", "-p", "{prefill}", "-d", "{decode}", "-n={tokens}", "{threads}"}}
	if _, err := p.run(t.Context(), &o, "smallmodel", "2"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if want := "-data made/smallmodel.hf -p 1 -d 0,512 -n=16 2\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if p.words[2] != "{dir}/{model}.hf" {
		t.Error("the next round finds the words of this one")
	}
}
