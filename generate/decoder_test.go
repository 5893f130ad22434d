package generate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// backtracking returns a tokenizer whose decoder searches each token by a pattern
// that takes all the time that it gets, as a stranger's file could have it.
func backtracking(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	vocab := map[string]int{}
	for id := range fakeVocab {
		vocab[fmt.Sprintf("%s%d", strings.Repeat("a", 60), id)] = id
	}
	text, err := json.Marshal(map[string]any{
		"model": map[string]any{"type": "WordLevel", "unk_token": "x", "vocab": vocab},
		"decoder": map[string]any{"type": "Sequence", "decoders": []any{
			map[string]any{"type": "Replace", "pattern": map[string]any{"Regex": "(a|aa)+b"}, "content": "c"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: text}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// answerWith begins an answer of many tokens that tok decodes.
func answerWith(ctx context.Context, t *testing.T, tok *tokenizer.Tokenizer) error {
	t.Helper()
	m := &fakeModel{next: counting}
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, err = generate.Collect(g.StreamTokens(ctx, []int{1, 2}, &generate.Options{MaxTokens: 50, IgnoreEnd: true}))
	return err
}

func TestADecoderThatTakesTooLongEndsTheAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the pattern works until its limit of a second")
	}
	if err := answerWith(t.Context(), t, backtracking(t)); !errors.Is(err, tokenizer.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrTooLarge)
	}
}

func TestAContextThatEndsInTheDecoderEndsTheAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := answerWith(ctx, t, backtracking(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of the context", err)
	}
}
