package tokenizer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// bytesTexts are texts of characters of all lengths, with spaces in all places but before
// punctuation, where some tokenizers take them out.
var bytesTexts = []string{
	"Hello world", " two  spaces\n\n\tand lines", "naïve café 水 🙂 \u0007", `{"a": [1, 2.5e-3], "b c": null}`, "日本語のテキスト", "",
}

// checkBytes joins the bytes of tokens and compares them with what the tokenizer decodes.
func checkBytes(t *testing.T, tok *tokenizer.Tokenizer) {
	t.Helper()
	b := tok.TokenBytes()
	for _, text := range bytesTexts {
		ids, err := tok.Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		var joined []byte
		known := true
		for k, id := range ids {
			var ok bool
			if joined, ok = b.Append(joined, id, k == 0); !ok {
				t.Errorf("%q: token %d has no bytes", text, id)
				known = false
			}
		}
		want := tok.Decode(ids, false)
		// What a tokenizer cleans up behind its decoder is not undone by its tokens.
		clean := strings.NewReplacer(" .", ".", " ?", "?", " !", "!", " ,", ",", " n't", "n't", " 'm", "'m", " 's", "'s", " 've", "'ve", " 're", "'re")
		if got := string(joined); known && got != want && clean.Replace(got) != want {
			t.Errorf("%q: the bytes of %v are %q, decoded they are %q", text, ids, got, want)
		}
	}
}

func TestBytesOfTokensAreTheText(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, tok)
	for id := range 5 {
		if _, ok := tok.TokenBytes().Append(nil, tok.VocabSize()+id, false); ok {
			t.Errorf("token %d has bytes", tok.VocabSize()+id)
		}
	}
}

func TestBytesOfTokensOfAllKindsAreTheText(t *testing.T) {
	dir := reference(t, "models")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "clip" || strings.HasPrefix(e.Name(), "whisper") {
			continue // these write no answers from logits over text alone
		}
		t.Run(e.Name(), func(t *testing.T) {
			tooLarge(t, filepath.Join(dir, e.Name(), "tokenizer.json"))
			tok, err := tokenizer.Load(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, tok)
		})
	}
}
