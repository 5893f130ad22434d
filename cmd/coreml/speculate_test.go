package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// generateOf runs generate --json and reads the answer.
func generateOf(t *testing.T, args ...string) answerJSON {
	t.Helper()
	r := call(t, append([]string{"generate", "--json"}, args...)...)
	if r.status != exitOK {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	var a answerJSON
	if err := json.Unmarshal([]byte(r.lastLine()), &a); err != nil {
		t.Fatalf("%v in %q", err, r.lastLine())
	}
	return a
}

func TestGenerateWithDraftsWritesTheSame(t *testing.T) {
	const prompt = "Tom had a red ball. Tom had a red ball. Tom had a"
	for name, args := range map[string][]string{
		"greedy":  {"--temperature", "0"},
		"sampled": {"--temperature", "0.9", "--seed", "5"},
	} {
		args = append(args, "-n", "40", prompt)
		want := generateOf(t, args...)
		if want.Stats.Speculation != nil {
			t.Errorf("%s: drafts were made that nobody asked for", name)
		}
		for _, how := range [][]string{{"--speculate"}, {"--model", model, "--draft", model}} {
			got := generateOf(t, append(how, args...)...)
			if diff := cmp.Diff(want.Tokens, got.Tokens); diff != "" {
				t.Errorf("%s, %v (-plain +drafts):\n%s", name, how, diff)
			}
			s := got.Stats.Speculation
			if s == nil || s.Off != "" || s.Blocks+s.Steps+s.Accepted < len(got.Tokens)-1 {
				t.Errorf("%s, %v: %+v", name, how, s)
			}
		}
	}
	call(t, "generate", "--speculate", "-n", "4", prompt).want(t, exitOK, "", "drafts")
	call(t, "generate", "--draft", "absent.mlpackage", prompt).want(t, exitFailure, "", "absent.mlpackage")
}

func TestBenchMeasuresDrafts(t *testing.T) {
	b := benchOf(t, model, "--prefill", "none", "--decode", "none", "--rounds", "1", "--speculate", "--draft", model)
	if len(b.Speculation) != 2 || b.Speculation[0].Text != "copy" || b.Speculation[1].Text != "story" {
		t.Fatalf("%+v", b.Speculation)
	}
	for _, s := range b.Speculation {
		if !s.Same || !(s.Plain > 0) || !(s.Rate > 0) || !(s.Gain > 0) || s.Tokens == 0 {
			t.Errorf("%+v", s)
		}
	}
	call(t, "bench", model, "--prefill", "none", "--decode", "none", "--rounds", "1", "--speculate").want(t, exitOK, "copy", "")
}
