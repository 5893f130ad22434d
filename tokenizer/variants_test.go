package tokenizer_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// variant is a tokenizer made of that in testdata/storyteller with other
// sections, and what the reference implementation answers for it.
type variant struct {
	Name     string
	Sections map[string]json.RawMessage
	Model    json.RawMessage
	Cases    []struct {
		T   string
		IDs []int
		SP  []int
		Dec json.RawMessage
		D   []int
		A   string
		B   string
	}
}

func TestEachComponentAnswersAsTheReference(t *testing.T) {
	data, err := os.ReadFile("testdata/storyteller/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var base map[string]json.RawMessage
	if err := json.Unmarshal(data, &base); err != nil {
		t.Fatal(err)
	}
	count := 0
	testutil.EachLine(t, "testdata/variants.jsonl.gz", func(line []byte) {
		var v variant
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		t.Run(v.Name, func(t *testing.T) {
			sections := maps.Clone(base)
			maps.Copy(sections, v.Sections)
			if string(v.Model) != "null" {
				sections["model"] = v.Model
			}
			checkVariant(t, loadSections(t, sections), &v)
			count += len(v.Cases)
		})
	})
	if count < 500 {
		t.Errorf("only %d cases", count)
	}
}

func loadSections(t *testing.T, sections map[string]json.RawMessage) *tokenizer.Tokenizer {
	t.Helper()
	data, err := json.Marshal(sections)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: data}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func checkVariant(t *testing.T, tok *tokenizer.Tokenizer, v *variant) {
	t.Helper()
	var checks tally
	for _, c := range v.Cases {
		if c.D != nil {
			got := tok.Decode(c.D, true)
			checks.check(t, got == c.A, "decode %v skipping: got %q, want %q", c.D, got, c.A)
			got = tok.Decode(c.D, false)
			checks.check(t, got == c.B, "decode %v: got %q, want %q", c.D, got, c.B)
			continue
		}
		got, err := tok.Encode(c.T, false)
		checks.check(t, err == nil && slices.Equal(got, c.IDs), "encode %q: got %v (%v), want %v", c.T, got, err, c.IDs)
		want := c.SP
		if want == nil {
			want = c.IDs
		}
		got, err = tok.Encode(c.T, true)
		checks.check(t, err == nil && slices.Equal(got, want), "encode %q with special tokens: got %v (%v), want %v", c.T, got, err, want)
		text := c.T
		if string(c.Dec) != "true" {
			text = unquote(t, c.Dec)
		}
		out := tok.Decode(c.IDs, true)
		checks.check(t, out == text, "decode %v: got %q, want %q", c.IDs, out, text)
	}
	if checks.pass != checks.total {
		t.Errorf("%d of %d are right", checks.pass, checks.total)
	}
}
