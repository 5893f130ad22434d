package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// Each case is how Hugging Face tokenizers cuts the piece. Ids alone and tokens
// with their places must be the same ones, and the second time too, when words are
// in the cache.
func TestModels(t *testing.T) {
	const merging = `{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4,"bc":5},"merges":["b c","a b","ab c"]}`
	const pieces = `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":5,"vocab":{"?":0,"a":1,"ab":2,"##a":3,"##ab":4,"##b":5}}`
	const scores = `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["b",-1.5],["ab",-2],["ba",-9]]}`
	for _, c := range []struct{ name, spec, piece, want string }{
		{"BPE makes the merge that comes first in the file", merging, "abc", "a bc"},
		{"BPE makes the leftmost of equal merges", `{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a"]}`, "aaa", "aa a"},
		{"BPE merges what it has merged", `{"type":"BPE","vocab":{"a":0,"aa":1,"aaaa":2},"merges":["a a","aa aa"]}`, "aaaaa", "aaaa a"},
		{"BPE can look for the whole word first", `{"type":"BPE","ignore_merges":true,"vocab":{"a":0,"b":1,"c":2,"abc":3},"merges":[]}`, "abc", "abc"},
		{"BPE takes characters that it does not know one by one", `{"type":"BPE","unk_token":"?","vocab":{"?":0,"a":1},"merges":[]}`, "xya", "? ? a"},
		{"BPE can take them together", `{"type":"BPE","unk_token":"?","fuse_unk":true,"vocab":{"?":0,"a":1},"merges":[]}`, "xya", "? a"},
		{"BPE leaves them out without an unknown token", `{"type":"BPE","vocab":{"a":0},"merges":[]}`, "xa", "a"},
		{"BPE falls back to bytes", `{"type":"BPE","byte_fallback":true,"vocab":{"a":0,"<0xC3>":1,"<0xA9>":2},"merges":[]}`, "aé", "a <0xC3> <0xA9>"},
		{"BPE marks the end of a word", `{"type":"BPE","end_of_word_suffix":"</w>","vocab":{"a":0,"b</w>":1,"ab</w>":2},"merges":["a b</w>"]}`, "ab", "ab</w>"},
		{"BPE marks what continues a word", `{"type":"BPE","continuing_subword_prefix":"##","vocab":{"a":0,"##b":1,"ab":2},"merges":["a ##b"]}`, "ab", "ab"},
		{"BPE reads merges written as lists", `{"type":"BPE","vocab":{"a":0," ":1,"a ":2},"merges":[["a"," "]]}`, "a ", "a "},
		{"WordPiece takes the longest from the left", pieces, "abab", "ab ##ab"},
		{"WordPiece takes no beginning of a word inside it", pieces, "aba", "ab ##a"},
		{"WordPiece gives up a word that it cannot end", pieces, "abx", "?"},
		{"WordPiece gives up a long word", pieces, "ababab", "?"},
		{"WordLevel knows whole words", `{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"ab":1}}`, "ab", "ab"},
		{"WordLevel knows nothing else", `{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"ab":1}}`, "a", "?"},
		{"Unigram takes the best sum", scores, "aab", "a ab"},
		{"Unigram takes an unknown character as a last resort", scores, "axb", "a x b"},
		{"Unigram takes unknown neighbours as one", scores, "xyb", "xy b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, err := Read([]byte(c.spec), false)
			if err != nil {
				t.Fatal(err)
			}
			var may budget.Budget
			may.Begin(nil, len(c.piece))
			may.Most = 100
			e := m.Encoder(&may)
			ids := e.AppendPiece(nil, c.piece)
			var texts []string
			var told []int
			for _, token := range e.AppendTokens(nil, c.piece) {
				texts, told = append(texts, token.Text), append(told, int(token.ID))
			}
			if got := strings.Join(texts, " "); got != c.want {
				t.Errorf("%q was cut into %q, want %q", c.piece, got, c.want)
			}
			if !slices.Equal(ids, told) {
				t.Errorf("the ids are %v, those of the tokens %v", ids, told)
			}
			if again := e.AppendPiece(nil, c.piece); !slices.Equal(again, ids) {
				t.Errorf("the second time the ids are %v, want %v", again, ids)
			}
			if may.Err != nil {
				t.Error(may.Err)
			}
		})
	}
}

func TestModelsThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"a merge of a token that is none": {`{"type":"BPE","vocab":{"a":0},"merges":["a b"]}`, "not in the vocabulary"},
		"a merge of three":                {`{"type":"BPE","vocab":{"a":0},"merges":["a a a"]}`, "is not two tokens"},
		"dropout":                         {`{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}`, "BPE.dropout"},
		"an option that nobody knows":     {`{"type":"BPE","speed":1,"vocab":{"a":0},"merges":[]}`, "BPE.speed"},
		"a model that nobody knows":       {`{"type":"Oracle","vocab":{}}`, "Oracle"},
		"a vocabulary that is missing":    {`{"type":"WordLevel"}`, "no vocabulary"},
		"an unknown id outside":           {`{"type":"Unigram","unk_id":7,"vocab":[["a",0]]}`, "unknown token id 7"},
		"a token with two scores":         {`{"type":"Unigram","vocab":[["a",0,1]]}`, "not a pair"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Read([]byte(c.spec), false)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
