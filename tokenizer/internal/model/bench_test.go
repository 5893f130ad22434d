package model_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
)

// syllables returns a model over words of two-letter syllables, of which the
// vocabulary has all pairs, and words that are too many for the cache.
func syllables(b *testing.B, kind string) (spec string, words []string) {
	b.Helper()
	ids := map[string]int{"?": 0}
	scored := [][]any{{"?", 0.0}}
	var merges [][2]string
	add := func(token string) {
		scored = append(scored, []any{token, -float64(len(ids)%17) - 1})
		ids[token] = len(ids)
	}
	var two []string
	for c := 'a'; c <= 'z'; c++ {
		add(string(c))
		add("##" + string(c))
	}
	add("▁")
	for _, c := range "bdfgklmnprstv" {
		for _, v := range "aeiou" {
			two = append(two, string(c)+string(v))
			merges = append(merges, [2]string{string(c), string(v)})
			add(string(c) + string(v))
			add("##" + string(c) + string(v))
		}
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		word := "▁"
		if kind == "WordPiece" {
			word = ""
		}
		for range 2 + rnd.IntN(4) {
			word += two[rnd.IntN(len(two))]
		}
		words = append(words, word)
	}
	m := map[string]any{"type": kind, "vocab": ids}
	switch kind {
	case "BPE":
		m["merges"], m["unk_token"] = merges, "?"
	case "Unigram":
		m["vocab"], m["unk_id"] = scored, 0
	case "WordPiece":
		m["unk_token"], m["continuing_subword_prefix"], m["max_input_chars_per_word"] = "?", "##", 100
	}
	text, err := json.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	return string(text), words
}

func BenchmarkEncoder(b *testing.B) {
	for _, kind := range []string{"BPE", "Unigram", "WordPiece"} {
		spec, words := syllables(b, kind)
		m, _, err := model.Read([]byte(spec), false)
		if err != nil {
			b.Fatal(err)
		}
		size := 0
		for _, word := range words {
			size += len(word)
		}
		may := &budget.Budget{}
		e := m.Encoder(may)
		var ids []int
		var tokens []model.Token
		for name, encode := range map[string]func(word string){
			"ids":    func(word string) { ids = e.AppendPiece(ids[:0], word) },
			"places": func(word string) { tokens = e.AppendTokens(tokens[:0], word) },
		} {
			b.Run(fmt.Sprintf("model=%s/%s", kind, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					may.Begin(nil, size)
					may.Most = 1 << 30
					for _, word := range words {
						encode(word)
					}
				}
			})
		}
	}
}
