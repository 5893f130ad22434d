package generate_test

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// character is what a story has.
type character struct {
	Name    string    `json:"name" jsonschema:"minLength=1,maxLength=12"`
	Age     uint8     `json:"age"`
	Kind    string    `json:"kind" jsonschema:"enum=girl,enum=boy,enum=dog"`
	Friends []string  `json:"friends" jsonschema:"maxItems=2,enum=Tom,enum=Ann"`
	Born    time.Time `json:"born"`
	Home    *struct {
		Rooms int8 `json:"rooms"`
	} `json:"home,omitempty"`
}

func TestIntoFillsAStruct(t *testing.T) {
	g := openStory(t, nil)
	born := map[string]bool{}
	for seed := range 10 {
		c, err := generate.Into[character](t.Context(), g, "Once upon a time there was", &generate.Options{Sampling: hot(seed), MaxTokens: 200})
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == "" || !slices.Contains([]string{"girl", "boy", "dog"}, c.Kind) || len(c.Friends) > 2 {
			t.Errorf("seed %d: %+v", seed, c)
		}
		born[c.Born.String()] = true
	}
	if len(born) < 2 {
		t.Errorf("all were born at once: %v", born)
	}
}

func TestIntoSaysWhyItFillsNothing(t *testing.T) {
	g := openStory(t, nil)
	if _, err := generate.Into[chan int](t.Context(), g, "Once", nil); !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "chan int") {
		t.Errorf("a type without JSON: %v", err)
	}
	if _, err := generate.Into[character](t.Context(), g, "Once", &generate.Options{MaxTokens: 5}); !errors.Is(err, generate.ErrIncomplete) {
		t.Errorf("too few tokens: %v", err)
	}
	if _, err := generate.Into[int](t.Context(), nil, "Once", nil); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("no generator: %v", err)
	}
}

func TestFillIntoTakesAnyAnswer(t *testing.T) {
	answer := func(parts ...generate.Token) func(*generate.Options) iter.Seq2[generate.Token, error] {
		return func(opts *generate.Options) iter.Seq2[generate.Token, error] {
			if opts.Grammar == nil || opts.MaxTokens != 7 {
				t.Errorf("options %+v", opts)
			}
			return func(yield func(generate.Token, error) bool) {
				for _, p := range parts {
					if !yield(p, nil) {
						return
					}
				}
			}
		}
	}
	opts := &generate.Options{MaxTokens: 7}
	n, err := generate.FillInto[[]int](opts, answer(
		generate.Token{Text: "<think>[0] or ", Reasoning: "[0] or "}, generate.Token{Text: "[1]?</think>\n\n", Reasoning: "[1]?"}, generate.Token{Text: "[1, 2]"}))
	if err != nil || !slices.Equal(n, []int{1, 2}) {
		t.Errorf("%v, %v", n, err)
	}
	if _, err := generate.FillInto[[]int](opts, answer(generate.Token{Text: "[1, 2"})); err == nil {
		t.Error("half a list was read")
	}
	if opts.Grammar != nil {
		t.Error("the caller's options were changed")
	}
}

func TestIntoAnswersAMessage(t *testing.T) {
	g := openStory(t, &generate.Config{Chat: &tokenizer.ChatOptions{Template: "{% for m in messages %}Q {{ m.content }} A {% endfor %}"}})
	if n, err := generate.Into[int8](t.Context(), g, "how many", &generate.Options{Sampling: hot(1), MaxTokens: 20}); err != nil {
		t.Errorf("%d, %v", n, err)
	}
	session, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	b, err := generate.FillInto[bool](&generate.Options{Sampling: hot(2)}, func(opts *generate.Options) iter.Seq2[generate.Token, error] {
		return session.Send(t.Context(), "is it so", opts)
	})
	if err != nil {
		t.Error(err)
	}
	if last := session.Messages(); len(last) != 2 || last[1].Content != map[bool]string{true: "true", false: "false"}[b] {
		t.Errorf("%v, and the conversation is %v", b, last)
	}
}
