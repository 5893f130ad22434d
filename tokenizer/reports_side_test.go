package tokenizer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// report returns a folder of the reports of wrong answers, which lie beside the
// fixtures, and reads a file of it.
func report(t *testing.T, name string) (dir string, read func(file string, v any)) {
	t.Helper()
	dir = filepath.Join(reference(t), "..", "reports", "tokenizer", name)
	return dir, func(file string, v any) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Skipf("SKIPPED: %s: %v", t.Name(), err)
		}
		if text, ok := v.(*string); ok && filepath.Ext(file) == ".jinja" {
			*text = string(data)
		} else if err := json.Unmarshal(data, v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportedTokensOfTheConfigurationHaveIDs(t *testing.T) {
	dir, read := report(t, "config-only-tokens")
	var text string
	var want struct {
		Pieces []string
		IDs    map[string]int
		End    int `json:"eos_token_id"`
	}
	read("input.json", &text)
	read("expected.json", &want)
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.EncodeWithOffsets(text, false)
	if err != nil || !slices.Equal(e.Tokens, want.Pieces) {
		t.Errorf("got %q (%v), want %q", e.Tokens, err, want.Pieces)
	}
	for token, id := range want.IDs {
		if got, ok := tok.TokenToID(token); !ok || got != id {
			t.Errorf("%s: got %d, want %d", token, got, id)
		}
	}
	if end, ok := tok.TokenToID(tok.Config().EOSToken); !ok || end != want.End {
		t.Errorf("texts end with %d, want %d", end, want.End)
	}
}

func TestReportedSpecialsOfTheConfigurationAreVariablesAndSkipped(t *testing.T) {
	dir, read := report(t, "special-by-config")
	var in struct {
		Messages []tokenizer.Message
		Decode   []int
	}
	var want struct {
		Text    string
		Skipped string `json:"decode skip_special"`
	}
	var template string
	read("input.json", &in)
	read("expected.json", &want)
	read("template.jinja", &template)
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tok.ApplyChatTemplate(t.Context(), in.Messages, &tokenizer.ChatOptions{Template: template}); err != nil || got != want.Text {
		t.Errorf("got %q (%v), want %q", got, err, want.Text)
	}
	if got := tok.Decode(in.Decode, true); got != want.Skipped {
		t.Errorf("decoded %q, want %q", got, want.Skipped)
	}
}

func TestReportedNormalizedTokenIsDecodedAsItIsFound(t *testing.T) {
	_, read := report(t, "decode-normalized-added-token")
	var in struct {
		Vocab      json.RawMessage
		Added      map[string]any `json:"added_token"`
		Normalizer string
		Text       string
	}
	var want struct {
		IDs    []int
		Decode string
	}
	read("input.json", &in)
	read("expected.json", &want)
	in.Added["id"] = len(want.IDs)
	list, err := json.Marshal([]any{in.Added})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := loadText(t, fmt.Sprintf(`{"added_tokens":%s,"normalizer":{"type":%q},"model":{"type":"WordLevel","unk_token":"a","vocab":%s}}`, list, in.Normalizer, in.Vocab))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tok.Encode(in.Text, false)
	if got := tok.Decode(ids, false); err != nil || !slices.Equal(ids, want.IDs) || got != want.Decode {
		t.Errorf("got %v, %q (%v), want %v, %q", ids, got, err, want.IDs, want.Decode)
	}
}

func TestNamesOfTheConfigurationAreVariablesOfTemplates(t *testing.T) {
	tok := loadTiny(t, "tokenizer_config.json", `{"extra_special_tokens":{"image_token":"<image>"},"boi_token":"<boi>","chat_template":"{{ boi_token }}{{ image_token }}{{ messages[0].content }}"}`)
	got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{{Role: "user", Content: "Hi"}}, nil)
	if want := "<boi><image>Hi"; err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}
