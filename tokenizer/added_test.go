package tokenizer_test

import (
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

func TestAddedTokensAreToldFromTheVocabulary(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	// The file lists ids 0 and 1 as added; the rest is the trained vocabulary.
	for id, want := range map[int]bool{-1: false, 0: true, 1: true, 2: false, 990: false, 991: false} {
		if got := tok.IsAdded(id); got != want {
			t.Errorf("id %d: got %v", id, got)
		}
	}
	var none *tokenizer.Tokenizer
	if none.IsAdded(0) {
		t.Error("a nil tokenizer has an added token")
	}
}
