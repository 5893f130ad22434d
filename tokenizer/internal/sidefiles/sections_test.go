package sidefiles_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// sectionsCase is what the class of a configuration makes of a vocabulary in
// transformers 5.24, recorded by testdata/gen/tokenizer/sidefiles.py.
type sectionsCase struct {
	Name   string
	Config json.RawMessage
	Type   string // of the model of tokenizer.json
	From   json.RawMessage
	Pieces []string
	Want   *struct { // nil where tokenizer.json stands
		Normalizer   json.RawMessage
		PreTokenizer json.RawMessage `json:"pre_tokenizer"`
		Decoder      json.RawMessage
		Model        map[string]any
	}
}

// source returns what the tokenizer.json of a case says. All its special tokens have a
// score of zero.
func (c *sectionsCase) source() *sidefiles.Source {
	find := func(token string, from int) int {
		for i := from; i < len(c.Pieces); i++ {
			if c.Pieces[i] == token {
				return i
			}
		}
		return -1
	}
	return &sidefiles.Source{
		Model: c.Type, Normalizer: c.From, Has: func(token string) bool { return find(token, 0) >= 0 },
		Place: func(token string, from int, _ bool) (int, bool) { i := find(token, from); return i, i >= 0 },
	}
}

// tree returns JSON as values that can be compared.
func tree(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func TestClassesMakeTheComponentsOfTheReference(t *testing.T) {
	n := 0
	testutil.EachLine(t, "testdata/sections.jsonl.gz", func(line []byte) {
		c := &sectionsCase{}
		if err := json.Unmarshal(line, c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
		n++
	})
	if n < 200 {
		t.Errorf("%d cases", n)
	}
}

func (c *sectionsCase) check(t *testing.T) {
	t.Helper()
	made := sections(t, read(t, sidefiles.Files{Config: c.Config}), c.source())
	if made == nil || c.Want == nil {
		if (made == nil) != (c.Want == nil) {
			t.Errorf("got %v, want %v", made, c.Want)
		}
		return
	}
	for _, section := range []struct {
		name      string
		got, want []byte
	}{
		{"normalizer", made.Normalizer, c.Want.Normalizer},
		{"pre-tokenizer", made.PreTokenizer, c.Want.PreTokenizer},
		{"decoder", made.Decoder, c.Want.Decoder},
	} {
		if diff := cmp.Diff(tree(t, section.want), tree(t, section.got)); diff != "" {
			t.Errorf("%s (-want +got): %s", section.name, diff)
		}
	}
	if diff := cmp.Diff(c.Want.Model, tree(t, made.Model)); diff != "" {
		t.Errorf("model (-want +got): %s", diff)
	}
}
