package grammar_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// small is the tokenizer of the storyteller, which lies in the repository.
var small = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
	return tokenizer.Load(filepath.Join("..", "..", "tokenizer", "testdata", "storyteller"))
})

// smallVocabulary returns the storyteller's tokenizer and its vocabulary.
func smallVocabulary(t testing.TB) (*tokenizer.Tokenizer, *grammar.Vocabulary) {
	t.Helper()
	tok, err := small()
	if err != nil {
		t.Fatal(err)
	}
	return tok, vocabulary(t, tok)
}

// vocabulary returns the vocabulary of a tokenizer.
func vocabulary(t testing.TB, tok *tokenizer.Tokenizer) *grammar.Vocabulary {
	t.Helper()
	v, err := grammar.NewVocabulary(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// large returns one of the tokenizers beside the fixtures.
func large(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("SKIPPED: COREML_FIXTURES is not set")
	}
	dir := filepath.Join(fixtures, "..", "tokenizers", "models", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: %s: %v", t.Name(), err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// must returns a grammar.
func must(t testing.TB) func(g *grammar.Grammar, err error) *grammar.Grammar {
	return func(g *grammar.Grammar, err error) *grammar.Grammar {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}
