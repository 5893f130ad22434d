package main

import (
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
