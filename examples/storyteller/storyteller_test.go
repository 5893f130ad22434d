package storyteller_test

import (
	"encoding/json"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/examples/storyteller"
)

func TestTheModelIsComplete(t *testing.T) {
	err := fstest.TestFS(storyteller.FS(),
		storyteller.Package+"/Manifest.json",
		storyteller.Package+"/Data/com.apple.CoreML/model.mlmodel",
		storyteller.Package+"/Data/com.apple.CoreML/weights/weight.bin",
		"tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json")
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheModelStaysSmallEnoughToEmbed(t *testing.T) {
	// Every program that embeds the model carries these bytes.
	const most = 1_300_000
	var total int64
	err := fs.WalkDir(storyteller.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > most {
		t.Errorf("the model has %d bytes, more than %d", total, most)
	}
}

func TestTheTokenizerAndTheConfigurationsAgree(t *testing.T) {
	var tokenizer struct {
		AddedTokens []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Model struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	read(t, "tokenizer.json", &tokenizer)
	var config struct {
		Vocab int `json:"vocab"`
	}
	read(t, "config.json", &config)
	var generation struct {
		BOS int `json:"bos_token_id"`
		EOS int `json:"eos_token_id"`
	}
	read(t, "generation_config.json", &generation)
	var special struct {
		BOS string `json:"bos_token"`
		EOS string `json:"eos_token"`
	}
	read(t, "tokenizer_config.json", &special)

	if got := len(tokenizer.Model.Vocab); got != config.Vocab {
		t.Errorf("the tokenizer has %d tokens, the model %d", got, config.Vocab)
	}
	ids := map[string]int{}
	for _, token := range tokenizer.AddedTokens {
		ids[token.Content] = token.ID
	}
	if id, ok := ids[special.BOS]; !ok || id != generation.BOS {
		t.Errorf("the first token %q has id %d in the tokenizer, %d in the generation configuration", special.BOS, id, generation.BOS)
	}
	if id, ok := ids[special.EOS]; !ok || id != generation.EOS {
		t.Errorf("the end token %q has id %d in the tokenizer, %d in the generation configuration", special.EOS, id, generation.EOS)
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := fs.ReadFile(storyteller.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
