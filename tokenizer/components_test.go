package tokenizer_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// component is a tokenizer made of that in testdata/storyteller with other
// sections, and what the reference answers for it.
type component struct {
	Name     string
	Sections map[string]json.RawMessage
	Model    json.RawMessage
	Cases    []struct {
		T      string
		IDs    []int
		Tokens []string
		Off    []int
		SP     []int
		SPOff  []int
		Dec    string
		DecSP  string `json:"dec_sp"`
		Err    string
	}
	Pairs []struct {
		A       string
		B       *string
		S       bool
		Special bool
		Err     string
		E       struct {
			IDs, Types, Words, Special, Mask []int
			Tokens                           []string
			Over                             int
		}
	}
	Random []struct {
		D      []int
		A, B   string
		St     []*string
		StSkip []*string `json:"st_skip"`
	}
}

func TestComponentsEncodePairsAndCutAsTheReference(t *testing.T) {
	path := "testdata/components.jsonl.gz"
	if other := os.Getenv("COREML_TOKENIZER_COMPONENTS"); other != "" {
		path = other
	}
	data, err := os.ReadFile("testdata/storyteller/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var base map[string]json.RawMessage
	if err := json.Unmarshal(data, &base); err != nil {
		t.Fatal(err)
	}
	count := 0
	testutil.EachLine(t, path, func(line []byte) {
		var c component
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name, func(t *testing.T) {
			sections := maps.Clone(base)
			maps.Copy(sections, c.Sections)
			if string(c.Model) != "null" {
				sections["model"] = c.Model
			}
			tok := loadSections(t, sections)
			var checks tally
			c.checkTexts(t, tok, &checks)
			c.checkPairs(t, tok, &checks)
			for _, r := range c.Random {
				got := tok.Decode(r.D, true)
				checks.check(t, got == r.A, "decode %v skipping: got %q, want %q", r.D, got, r.A)
				got = tok.Decode(r.D, false)
				checks.check(t, got == r.B, "decode %v: got %q, want %q", r.D, got, r.B)
				checkChunks(t, tok.NewDecoder(false), r.D, r.St, &checks)
				checkChunks(t, tok.NewDecoder(true), r.D, r.StSkip, &checks)
			}
			if checks.pass != checks.total {
				t.Errorf("%d of %d are right", checks.pass, checks.total)
			}
			count += checks.total
		})
	})
	if count < 500 {
		t.Errorf("only %d checks", count)
	}
}

// checkChunks checks the chunks of a stream; null is one that is held back.
func checkChunks(t *testing.T, d *tokenizer.Decoder, ids []int, want []*string, checks *tally) {
	t.Helper()
	for i, chunk := range want {
		text := ""
		if chunk != nil {
			text = *chunk
		}
		got := d.Next(ids[i])
		checks.check(t, got == text, "chunk %d of %v: got %q, want %q", i, ids, got, text)
	}
}

func flat(list []tokenizer.Offsets) []int {
	out := make([]int, 0, 2*len(list))
	for _, o := range list {
		out = append(out, o.Start, o.End)
	}
	return out
}

func (c *component) checkTexts(t *testing.T, tok *tokenizer.Tokenizer, checks *tally) {
	t.Helper()
	for _, r := range c.Cases {
		if r.Err != "" {
			_, _ = tok.EncodeWithOffsets(r.T, true) // must not panic
			continue
		}
		ids, err := tok.Encode(r.T, false)
		checks.check(t, err == nil && slices.Equal(ids, r.IDs), "encode %q: got %v (%v), want %v %q", r.T, ids, err, r.IDs, r.Tokens)
		ids, err = tok.Encode(r.T, true)
		checks.check(t, err == nil && slices.Equal(ids, r.SP), "encode %q with special tokens: got %v (%v), want %v", r.T, ids, err, r.SP)
		e, err := tok.EncodeWithOffsets(r.T, false)
		if err != nil {
			t.Fatal(err)
		}
		checks.check(t, slices.Equal(e.IDs, r.IDs), "trace %q: got %v, want %v", r.T, e.IDs, r.IDs)
		checks.check(t, slices.Equal(e.Tokens, r.Tokens), "tokens of %q: got %q, want %q", r.T, e.Tokens, r.Tokens)
		checks.check(t, slices.Equal(flat(e.Offsets), r.Off), "offsets of %q: got %v, want %v %q", r.T, flat(e.Offsets), r.Off, r.Tokens)
		if e, err = tok.EncodeWithOffsets(r.T, true); err != nil {
			t.Fatal(err)
		}
		checks.check(t, slices.Equal(flat(e.Offsets), r.SPOff), "offsets of %q with special tokens: got %v, want %v", r.T, flat(e.Offsets), r.SPOff)
		got := tok.Decode(r.IDs, true)
		checks.check(t, got == r.Dec, "decode %v: got %q, want %q", r.IDs, got, r.Dec)
		got = tok.Decode(r.SP, false)
		checks.check(t, got == r.DecSP, "decode %v: got %q, want %q", r.SP, got, r.DecSP)
	}
}

func (c *component) checkPairs(t *testing.T, tok *tokenizer.Tokenizer, checks *tally) {
	t.Helper()
	for _, p := range c.Pairs {
		list, err := tok.EncodeBatch([]tokenizer.Input{{Text: p.A, Pair: p.B}}, &tokenizer.BatchOptions{
			AddSpecial: p.S, Truncation: tok.Truncation(), Padding: tok.Padding(),
		})
		if p.Err != "" {
			continue
		}
		if err != nil {
			checks.check(t, false, "%q: %v, want %v", p.A, err, p.E.IDs)
			continue
		}
		e := list[0]
		for _, q := range []struct {
			name      string
			got, want []int
		}{
			{"ids", e.IDs, p.E.IDs},
			{"types", e.TypeIDs, p.E.Types},
			{"words", e.Words, p.E.Words},
			{"special", e.SpecialMask, p.E.Special},
			{"mask", e.AttentionMask, p.E.Mask},
			{"overflow", []int{len(e.Overflowing)}, []int{p.E.Over}},
		} {
			checks.check(t, slices.Equal(q.got, q.want), "%s of %q and %v (special %v): got %v, want %v", q.name, p.A, p.B, p.S, q.got, q.want)
		}
		checks.check(t, slices.Equal(e.Tokens, p.E.Tokens), "tokens of %q: got %q, want %q", p.A, e.Tokens, p.E.Tokens)
	}
}
