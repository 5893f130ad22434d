package generate_test

import (
	"encoding/json"
	"errors"
	"runtime"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// calling returns options that require the call of a function.
func calling(name string) *generate.Options {
	return &generate.Options{ToolChoice: name, Sampling: hot(1), Tools: []any{map[string]any{"type": "function", "function": map[string]any{
		"name": name, "parameters": json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`),
	}}}}
}

// openCaller opens a model whose template writes calls, with so many states.
func openCaller(t *testing.T, states int) *generate.Generator {
	t.Helper()
	return openStory(t, &generate.Config{Chat: &tokenizer.ChatOptions{Template: callTemplate}, MaxStates: states})
}

// refusing is a processor with an error.
type refusing struct{ err error }

func (r refusing) Process([]int, []float32) error { return r.err }

var hi = []tokenizer.Message{{Role: "user", Content: "hi"}}

// Who waits for a state has a grammar, for whose room who has the state must not wait.
func TestASessionWithAStateWaitsForNoRoom(t *testing.T) {
	g := openCaller(t, 1)
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{MaxTokens: 2})); err != nil {
		t.Fatal(err)
	}
	other := make(chan error)
	go func() {
		_, err := generate.Collect(g.Chat(t.Context(), hi, calling("f")))
		other <- err
	}()
	for g.Stats().Waiting == 0 {
		runtime.Gosched()
	}
	generate.BoundCalls(g, 1) // which the grammar of the one that waits takes
	r, err := generate.Collect(s.Send(t.Context(), "hi", calling("g")))
	if err != nil || len(r.Calls) != 1 || r.Calls[0].Name != "g" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := errors.Join(s.Close(), <-other); err != nil {
		t.Error(err)
	}
}

// A grammar that an answer did not give back would leave no room for any other.
func TestEveryAnswerGivesItsGrammarBack(t *testing.T) {
	g := openCaller(t, 1)
	generate.BoundCalls(g, 1)
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	failing := calling("failing")
	failing.Processors = []generate.Processor{refusing{broken}}
	for what, answer := range map[string]func() error{
		"whole": func() error {
			_, err := generate.Collect(g.Chat(t.Context(), hi, calling("whole")))
			return err
		},
		"broken off": func() error {
			for _, err := range g.Chat(t.Context(), hi, calling("left")) {
				return err
			}
			return nil
		},
		"several": func() error {
			n := 0
			for _, err := range g.Answers(t.Context(), generate.Prompt{Messages: hi}, 3, calling("several")) {
				if err != nil {
					return err
				}
				n++
			}
			if n != 3 {
				t.Errorf("%d answers, want 3", n)
			}
			return nil
		},
		"failed": func() error {
			if _, err := generate.Collect(g.Chat(t.Context(), hi, failing)); !errors.Is(err, broken) {
				return errors.Join(errors.New("no error"), err)
			}
			return nil
		},
		"without a prompt": func() error {
			for range g.Answers(t.Context(), generate.Prompt{Messages: []tokenizer.Message{}}, 2, calling("empty")) {
				break
			}
			return nil
		},
		"a session's": func() error {
			_, err := generate.Collect(s.Send(t.Context(), "hi", calling("turn")))
			return errors.Join(err, s.Close())
		},
	} {
		if err := answer(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := generate.Collect(g.Chat(t.Context(), hi, calling("last"))); err != nil {
		t.Error(err)
	}
}
