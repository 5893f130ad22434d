package generate_test

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

func TestAnEndThatOnlyTheConfigurationNamesEndsAnAnswer(t *testing.T) {
	text, err := fs.ReadFile(storyteller.FS(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	// " the" is a word of the vocabulary and no added token of tokenizer.json, so that
	// no file but the configuration makes it special.
	tok, err := tokenizer.LoadFS(fstest.MapFS{
		"tokenizer.json":        {Data: text},
		"tokenizer_config.json": {Data: []byte(`{"eos_token":"Ġthe","tokenizer_class":"PreTrainedTokenizerFast"}`)},
	}, ".")
	if err != nil {
		t.Fatal(err)
	}
	end, ok := tok.TokenToID("Ġthe")
	if !ok || !tok.IsSpecial(end) {
		t.Fatalf("the end is %d, special: %v", end, tok.IsSpecial(end))
	}
	prompt := encode(t, "Once upon a time")
	m := &fakeModel{next: script(len(prompt), append(encode(t, "fox fox"), end, 20, 21))}
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	if !slices.Contains(g.EndTokens(), end) {
		t.Errorf("answers end with %v, want %d among them", g.EndTokens(), end)
	}
	got, finish := "", generate.FinishNone
	for token, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 20}) {
		if err != nil {
			t.Fatal(err)
		}
		got, finish = got+token.Text, token.Finish
	}
	if got != "fox fox" || finish != generate.FinishEnd {
		t.Errorf("got %q and finish %v", got, finish)
	}
}
