package tokenizer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// Each case is what Hugging Face tokenizers puts around texts: the tokens, and the
// types of a pair.
func TestPostProcessors(t *testing.T) {
	const template = `{"type":"TemplateProcessing",
		"single":[{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
		"pair":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
		"special_tokens":{"x":{"id":"x","ids":[4],"tokens":["x"]}}}`
	const bert = `{"type":"BertProcessing","sep":["x",4],"cls":["▁",3]}`
	const roberta = `{"type":"RobertaProcessing","sep":["x",4],"cls":["▁",3],"trim_offsets":false,"add_prefix_space":false}`
	for _, c := range []struct {
		name, spec, first, second string
		want                      string
		types                     []int
	}{
		{"a template puts tokens around a text", template, "ab", "", "x a b", []int{0, 0, 0}},
		{"a template puts tokens between two texts", template, "a", "b", "a x b", []int{0, 0, 1}},
		{"BertProcessing begins with one token and ends with the other", bert, "ab", "", "▁ a b x", []int{0, 0, 0, 0}},
		{"BertProcessing tells two texts apart by their types", bert, "a", "b", "▁ a x b x", []int{0, 0, 0, 1, 1}},
		{"RobertaProcessing puts two tokens between texts of one type", roberta, "a", "b", "▁ a x x b x", []int{0, 0, 0, 0, 0, 0}},
		{"ByteLevel adds nothing", `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, "ab", "", "a b", []int{0, 0}},
		{"Sequence goes from left to right", `{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},` + template + `]}`, "a", "", "x a", []int{0, 0}},
		{"no post-processor gives the second text a type of its own", "null", "a", "b", "a b", []int{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, hostile{"post_processor": json.RawMessage(c.spec)}.text(t))
			if err != nil {
				t.Fatal(err)
			}
			var e *tokenizer.Encoding
			if c.second == "" {
				e, err = tok.EncodeWithOffsets(c.first, true)
			} else {
				e, err = tok.EncodePair(c.first, c.second, true)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(e.Tokens, " "); got != c.want || !slices.Equal(e.TypeIDs, c.types) {
				t.Errorf("got %s of the types %v, want %s of %v", got, e.TypeIDs, c.want, c.types)
			}
		})
	}
}

func TestByteLevelOffsetsLeaveOutTheSpaces(t *testing.T) {
	for trim, want := range map[string]tokenizer.Offsets{"true": {Start: 2, End: 3}, "false": {Start: 1, End: 3}} {
		tok, err := loadText(t, hostile{
			"model":          map[string]any{"type": "BPE", "vocab": map[string]int{"a": 0, "Ġ": 1, "Ġa": 2}, "merges": []string{"Ġ a"}},
			"pre_tokenizer":  json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`),
			"post_processor": json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":` + trim + `}`),
		}.text(t))
		if err != nil {
			t.Fatal(err)
		}
		e, err := tok.EncodeWithOffsets("a a", false)
		if err != nil || len(e.Offsets) != 2 {
			t.Fatalf("got %+v, %v", e, err)
		}
		if got := e.Offsets[1]; got != want {
			t.Errorf("trimming %s: got %v, want %v", trim, got, want)
		}
	}
}
