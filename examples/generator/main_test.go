package main

import (
	"os"
	"strings"
	"testing"
)

func TestTellPrintsAWholeStory(t *testing.T) {
	var out strings.Builder
	if err := tell(t.Context(), &out, "Once upon a time"); err != nil {
		t.Fatal(err)
	}
	const begin, end = "Once upon a time, in an old garden, there lived a kind child named Tom.", "The end.\n"
	if got := out.String(); !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) {
		t.Errorf("got %q, want it to begin with %q and to end with %q", got, begin, end)
	}
}

func TestTheReadmeShowsThisProgram(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(source), "// tell prints")
	if at < 0 {
		t.Fatal("main.go has no function tell")
	}
	if !strings.Contains(string(readme), string(source[at:])) {
		t.Error("the program in README.md is not that of main.go: copy the function tell")
	}
}
