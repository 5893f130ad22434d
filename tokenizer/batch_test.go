package tokenizer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// The package's name stands once, in front, and the number of the text behind it.
func TestTheErrorOfABatchNamesTheText(t *testing.T) {
	bare, err := loadText(t, `{"model":{"type":"WordLevel","unk_token":"?","vocab":{"a":0}}}`)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cut := &tokenizer.BatchOptions{Truncation: &tokenizer.Truncation{MaxLength: -1}}
	for _, c := range []struct {
		name string
		ctx  context.Context
		text string
		opts *tokenizer.BatchOptions
		want string
		is   error // nil where the type is all that there is
	}{
		{"a context that has ended", ended, "a", nil, "tokenizer: text 0: context canceled", context.Canceled},
		{"a text without a token", t.Context(), "b", nil, `tokenizer: text 1: the unknown token "?" is not in the vocabulary`, nil},
		{"a negative length", t.Context(), "a", cut, "tokenizer: text 0: limit is too small: it is -1, want 0 or more", tokenizer.ErrLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := bare.EncodeBatchContext(c.ctx, []tokenizer.Input{{Text: "a"}, {Text: c.text}}, c.opts)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAStrategyThatIsNotKnownIsNamed(t *testing.T) {
	_, err := loadTiny(t).EncodeBatch([]tokenizer.Input{{Text: "ab ab"}}, &tokenizer.BatchOptions{
		Truncation: &tokenizer.Truncation{MaxLength: 1, Strategy: "Middle"},
	})
	var unsupported *tokenizer.UnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Name != "truncation.strategy=Middle" {
		t.Errorf("got %v, want an UnsupportedError with the strategy", err)
	}
	if err != nil && strings.Count(err.Error(), "tokenizer:") != 1 {
		t.Errorf("the error is %q", err)
	}
}
