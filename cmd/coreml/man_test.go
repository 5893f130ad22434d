package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pages are the pages of the manual by their names.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"coreml": call(t, "man").out}
	for _, verb := range verbsOf() {
		all[manName(verb)] = call(t, "man", verb.Name).out
	}
	return all
}

func TestAPageHasWhatTheHelpHas(t *testing.T) {
	all := pages(t)
	for _, verb := range verbsOf() {
		page := all[manName(verb)]
		for _, f := range verbFlags(verb) {
			if !strings.Contains(page, `\-`+roffText(f.Name)+`\fR`) && !strings.Contains(page, `\fB`+roffText(f.Name)+`\fR`) {
				t.Errorf("the page of %s lacks --%s", verb.Name, f.Name)
			}
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} {
			if !strings.Contains(page, "\n.SH "+section+"\n") {
				t.Errorf("the page of %s has no section %s", verb.Name, section)
			}
		}
		if !strings.Contains(all["coreml"], `\fB`+roffText(verb.Name)) {
			t.Errorf("the page of coreml lacks %s", verb.Name)
		}
	}
}

// TestPagesAreRightForMandoc has the pages checked by the program that shows them.
func TestPagesAreRightForMandoc(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc, which checks pages of the manual, is not installed")
	}
	for name, page := range pages(t) {
		cmd := exec.CommandContext(t.Context(), mandoc, "-Tlint", "-Wwarning")
		cmd.Stdin = strings.NewReader(page)
		var found bytes.Buffer
		cmd.Stdout, cmd.Stderr = &found, &found
		_ = cmd.Run() // its status is that of the worst warning
		for line := range strings.Lines(found.String()) {
			// A program that was not built of a commit has no date.
			if !strings.Contains(line, "missing date") {
				t.Errorf("%s.1: %s", name, line)
			}
		}
	}
}

func TestATextCannotCommandRoff(t *testing.T) {
	for text, want := range map[string]string{
		".so /etc/passwd": `\&.so /etc/passwd`, "'br": `\(aqbr`, `a\fBb`: `a\efBb`, "a-b": `a\-b`, "": "",
	} {
		if got := roffLines(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	long := strings.Repeat("word .dot 'quote ", 20)
	for line := range strings.Lines(roffLines(long)) {
		if len(line) > 80 || strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			t.Errorf("a line is %q", line)
		}
	}
}

func TestPagesAreReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "man1")
	call(t, "man", "--dir", dir).want(t, exitOK, "", "pages in")
	page := filepath.Join(dir, "coreml.1")
	if err := os.WriteFile(page, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, "man", "--dir", dir).want(t, exitOK, "", "pages in")
	text, err := os.ReadFile(page)
	if err != nil || string(text) != call(t, "man").out {
		t.Errorf("%v, %.40q", err, text)
	}
}

func TestHelpIsSplitIntoBlocks(t *testing.T) {
	got := helpBlocks("One\nline.\n\n    as it\n      stands\n\nExamples:\n\n    coreml x\n\nMore.")
	want := []helpBlock{{text: "One line."}, {text: "as it\n  stands", code: true}, {text: "coreml x", code: true, example: true}, {text: "More."}}
	if len(got) != len(want) {
		t.Fatalf("%d blocks: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("block %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestLinesAreSplitAsAShellDoes(t *testing.T) {
	for line, want := range map[string][]string{
		"":                     {""},
		"coreml ":              {"coreml", ""},
		"coreml  x":            {"coreml", "x"},
		`a "b c" 'd "e'`:       {"a", "b c", `d "e`},
		`a\ b "c\"d" 'e\f'`:    {"a b", `c"d`, `e\f`},
		`a "open quote`:        {"a", "open quote"},
		`a 'open`:              {"a", "open"},
		`--model=x"y z"`:       {"--model=xy z"},
		`ends in \`:            {"ends", "in", ""},
		`"" x`:                 {"", "x"},
		`"a\b\$c"`:             {`a\b$c`},
		"org/name@main:a/b.ml": {"org/name@main:a/b.ml"},
	} {
		if got := shellWords(line); !equalTexts(got, want) {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
}

func equalTexts(a, b []string) bool {
	return strings.Join(a, "\x00") == strings.Join(b, "\x00") && len(a) == len(b)
}
