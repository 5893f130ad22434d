package main

import (
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

func TestMeasuresAreSaidWhereTheClockGaveThem(t *testing.T) {
	r := &generate.Result{Finish: generate.FinishLength}
	r.Stats.PromptTokens, r.Stats.Tokens = 5, 17
	shown := func() string {
		before, _, _ := strings.Cut(statsTable(r).String(), "  memory")
		return before
	}
	if got, want := shown(), "  load    0.0 ms\n  prompt  5 tokens\n  answer  17 tokens, ended by token limit\n"; got != want {
		t.Errorf("with no time measured: got\n%s\nwant\n%s", got, want)
	}
	r.Stats.Load, r.Stats.Prefill, r.Stats.FirstToken, r.Stats.Decode = 36*time.Millisecond, 10*time.Millisecond, 12*time.Millisecond, 2*time.Second
	if got, want := shown(), "  load    36 ms\n  prompt  5 tokens, 500.0/s, 12 ms to the first token\n  answer  17 tokens, 8.0/s, ended by token limit\n"; got != want {
		t.Errorf("with all measured: got\n%s\nwant\n%s", got, want)
	}
}
