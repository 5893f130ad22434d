package tokenizer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

func TestAFingerprintTellsTokenizersApart(t *testing.T) {
	from := filepath.Join("..", "examples", "storyteller", "model")
	data, err := os.ReadFile(filepath.Join(from, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	load := func(data []byte, config string) string {
		dir := t.TempDir()
		for name, content := range map[string][]byte{"tokenizer.json": data, "tokenizer_config.json": []byte(config)} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		tok, err := tokenizer.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		return tok.Fingerprint()
	}
	first := load(data, `{"chat_template": "a"}`)
	if again := load(data, `{"chat_template": "a"}`); again != first || len(first) != 64 {
		t.Errorf("the same files give %s and %s", first, again)
	}
	if other := load(data, `{"chat_template": "b"}`); other == first {
		t.Error("another template makes no difference")
	}
	if other := load(append(bytes.Clone(data), 10), `{"chat_template": "a"}`); other == first {
		t.Error("another file makes no difference")
	}
	var none *tokenizer.Tokenizer
	if none.Fingerprint() == first {
		t.Error("none is as one that was loaded")
	}
}
