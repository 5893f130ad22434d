package model_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
)

const (
	scored = `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["b",-1],["ab",-9],["a",0]]}`
	merged = `{"type":"BPE","unk_token":"a","ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2,"abb":3},"merges":["a b"]}`
)

func TestAnotherModelOfTheSameVocabulary(t *testing.T) {
	for _, c := range []struct {
		name, raw, small, text string
		want                   []int
	}{
		{"its own", merged, "", "abb", []int{3}},
		{"without its options", merged, `{"type":"BPE"}`, "abbc", []int{2, 1}},
		{"with others", merged, `{"type":"BPE","unk_token":"b"}`, "abc", []int{2, 1}},
		{"words of pairs", merged, `{"type":"WordPiece","unk_token":"b"}`, "abb", []int{3}},
		{"pairs of pieces, of which the last of a name counts", scored, `{"type":"BPE"}`, "ab", []int{4, 2}},
		{"pieces with another unknown one", scored, `{"type":"Unigram","unk_id":2}`, "x", []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var small []byte
			if c.small != "" {
				small = []byte(c.small)
			}
			m, _, err := model.Find([]byte(c.raw)).Read(small, false)
			if err != nil {
				t.Fatal(err)
			}
			var may budget.Budget
			may.Begin(nil, len(c.text))
			if got := m.Encoder(&may).AppendPiece(nil, c.text); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAnotherModelNeedsAVocabulary(t *testing.T) {
	for _, c := range []struct{ raw, small string }{
		{`{"type":"BPE","merges":[]}`, `{"type":"BPE"}`},
		{`null`, `{"type":"BPE"}`},
		{`[`, `{"type":"BPE"}`},
		{merged, `{"type":"Unigram"}`},
		{scored, `{"type":"Unigram","unk_id":9}`},
	} {
		if _, _, err := model.Find([]byte(c.raw)).Read([]byte(c.small), false); err == nil {
			t.Errorf("%s gives a model %s", c.raw, c.small)
		}
	}
}

func TestWhatASectionSaysBeforeItIsRead(t *testing.T) {
	for raw, want := range map[string]string{scored: "Unigram", merged: "BPE", `{"vocab":[]}`: "Unigram", `null`: "", `{`: ""} {
		if got := model.Find([]byte(raw)).Type(); got != want {
			t.Errorf("%s is of type %q, want %q", raw, got, want)
		}
	}
	s := model.Find([]byte(scored))
	for _, c := range []struct {
		token string
		from  int
		zero  bool
		want  int // -1 for none
	}{{"?", 0, true, 0}, {"?", 1, false, -1}, {"a", 0, false, 1}, {"a", 0, true, 4}, {"b", 0, true, -1}, {"c", 0, false, -1}} {
		if i, ok := s.Place(c.token, c.from, c.zero); ok != (c.want >= 0) || ok && i != c.want {
			t.Errorf("%q from %d is at %d, %v, want %d", c.token, c.from, i, ok, c.want)
		}
	}
	if _, ok := model.Find([]byte(merged)).Place("a", 0, false); ok {
		t.Error("a vocabulary without scores has places")
	}
}
