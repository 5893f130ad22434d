package main

import (
	"errors"
	"strings"
	"testing"
)

// narrowTerminal is a terminal of 40 columns.
type narrowTerminal struct{ tty }

func (*narrowTerminal) Size() (width, height int) { return 40, 24 }

// TestGoldenNarrowTerminal holds what verbs write for a terminal of 40 columns, where no word may
// be broken.
func TestGoldenNarrowTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "")
	var out narrowTerminal
	s := newStreams(strings.NewReader(""), &out, &out)
	bench := &benchReport{
		tokens: 128, context: 512,
		prefill: []series{{length: 128, rates: []float64{15892, 15000, 16000}}},
		decode:  []series{{length: 0, rates: []float64{1133, 1001, 1200}}},
		left:    []string{"128 tokens after 512"},
	}
	profile := &phaseProfile{Phase: "prompt", Tokens: 10, MS: 5, Kinds: []kindProfile{{Operator: "linear", Weights: "int4 per block of 32", Steps: 43, MS: 4, GBps: 3.2}}}
	verify := &verifyReport{
		Model: "a/very/long/path/to/a/package/of/a/Model.mlpackage", PromptTokens: 7, Tokens: 32, Tolerance: 0.05, Cosine: 0.999,
		Subject:   verifySide{Engine: "portable", Devices: []string{"CPU"}, Arithmetic: "wide", Notes: []string{"of all compute units the portable engine has the CPU alone"}},
		Reference: verifySide{Engine: "portable", Devices: []string{"CPU"}, Arithmetic: "faithful"},
		Ways: []verifyWay{{
			Name: "the prompt in one prediction", Predictions: 32, Compared: 38, Tokens: 32, Equal: 31, WorstError: 0.125, WorstCosine: 0.99, Where: "position 31",
			Problem: "the difference at position 31 is above the tolerance of 0.05",
			Worst:   []verifyRow{{Position: 31, Token: 13, Reference: 14, Error: 0.125, Cosine: 0.99, Lead: 0.5}},
		}},
	}
	if _, err := s.out.Write([]byte(bench.rates(s.out) + "\n" + profile.text(s.out) + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := verify.writeText(s.out); err != nil {
		t.Fatal(err)
	}
	complain(s.err, errors.Join(
		errors.New("convert checkpoint: checkpoint cannot be read: there is no model.safetensors in the folder, nor model.safetensors.index.json"),
		errors.New(`convert "a  name with  spaces and more than forty characters": no such file or directory`)))
	note(s.err, []string{"--top-k does nothing here: at a temperature of 0 the likeliest token is taken"})
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); cells(line) > 40 && !strings.Contains(line, "/") {
			t.Errorf("a line has %d characters: %q", cells(line), line)
		}
	}
	wantGolden(t, "narrow.txt", out.String())
}

func TestTextsAreFittedToTerminalsAlone(t *testing.T) {
	t.Setenv("COLUMNS", "")
	const text = "one two three four five six seven eight nine ten\n"
	var file, screen strings.Builder
	for w, want := range map[*shownWriter]string{
		{w: &file}:                 text,
		{w: &narrowTerminal{}}:     "one two three four five six seven eight\n  nine ten\n",
		{w: &tty{Builder: screen}}: text,
	} {
		if got := fitted(w, text); got != want {
			t.Errorf("%T: %q, want %q", w.w, got, want)
		}
	}
	if got := fitted(&file, text); got != text {
		t.Errorf("what is no stream of a verb: %q", got)
	}
	t.Setenv("COLUMNS", "20")
	if got, want := fitted(&shownWriter{w: &narrowTerminal{}}, text), "one two three four\n  five six seven\n  eight nine ten\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTooLongLinesBreakBetweenWords(t *testing.T) {
	for _, c := range []struct {
		line string
		hang int
		want string
	}{
		{"short", 2, "short"},
		{"", 2, ""},
		{"one two  three", 2, "one two\n  three"},
		{"a  b c d e f g", 3, "a  b c d e\n   f g"},
		{"a-word-of-more-than-ten x", 2, "a-word-of-more-than-ten\n  x"},
		{"x  a-word-of-more-than-ten", 3, "x  a-word-of-more-than-ten"},
		{"word a-word-of-more-than-ten", 2, "word\n  a-word-of-more-than-ten"},
		{"日本 日本 日本", 0, "日本 日本\n日本"},
		{"one two   ", 2, "one two   "},
		{"one two three   ", 2, "one two\n  three"},
	} {
		if got := broken(c.line, c.hang, 10); got != c.want {
			t.Errorf("%q is %q, want %q", c.line, got, c.want)
		}
	}
}
