package model_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
)

// rule is what a model does to a piece of text: the tokens with spaces between them,
// as Hugging Face tokenizers 0.23 gives them.
type rule struct{ name, spec, piece, want string }

// check tests rules. What a model gives alone, in the cache and with places must be
// the same.
//
// With COREML_TOKENIZER_RULES the rules are written to that directory, for
// testdata/gen/tokenizer/rules.py to ask the reference about them.
func check(t *testing.T, rules []rule) {
	t.Helper()
	record(t, rules)
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			e, may := encoder(t, c.spec, false, len(c.piece))
			ids := e.AppendPiece(nil, c.piece)
			tokens := e.AppendTokens(nil, c.piece)
			if got := spelled(tokens); got != c.want {
				t.Errorf("%q was cut into %q, want %q", c.piece, got, c.want)
			}
			if told := idsOf(tokens); !slices.Equal(ids, told) {
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

func record(t *testing.T, rules []rule) {
	t.Helper()
	var out []map[string]any
	for _, c := range rules {
		e, _ := encoder(t, c.spec, false, len(c.piece))
		tokens := e.AppendTokens(nil, c.piece)
		var at [][2]int32
		for _, token := range tokens {
			at = append(at, [2]int32{token.Start, token.End})
		}
		out = append(out, map[string]any{
			"kind": "model", "name": c.name, "spec": json.RawMessage(c.spec), "text": c.piece, "want": c.want,
			"ids": idsOf(tokens), "offsets": at,
		})
	}
	write(t, out)
}

// write writes what rules.py asks about, if it was asked for.
func write(t *testing.T, rules []map[string]any) {
	t.Helper()
	dir := os.Getenv("COREML_TOKENIZER_RULES")
	if dir == "" {
		return
	}
	text, err := json.Marshal(rules)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, t.Name()+".json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// encoder returns an encoder of a model, with a budget for n bytes.
func encoder(t *testing.T, spec string, alphabet bool, n int) (model.Encoder, *budget.Budget) {
	t.Helper()
	m, _, err := model.Read([]byte(spec), alphabet)
	if err != nil {
		t.Fatal(err)
	}
	may := &budget.Budget{}
	may.Begin(nil, n)
	may.Most = budget.Traceable(n)
	return m.Encoder(may), may
}

func spelled(tokens []model.Token) string {
	texts := make([]string, len(tokens))
	for i, token := range tokens {
		texts[i] = token.Text
	}
	return strings.Join(texts, " ")
}

func idsOf(tokens []model.Token) []int {
	var ids []int
	for _, token := range tokens {
		ids = append(ids, int(token.ID))
	}
	return ids
}

// What is wrong with a file is said with what the file says.
func TestModelsThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"no model at all":                     {`null`, "the file has no model"},
		"a model that is a list":              {`[]`, "malformed JSON at byte 0"},
		"a model that nobody knows":           {`{"type":"Oracle","vocab":{}}`, `unsupported model "Oracle"`},
		"an option that nobody knows":         {`{"type":"BPE","speed":1,"vocab":{"a":0},"merges":[]}`, `unsupported option "BPE.speed"`},
		"an option of another model":          {`{"type":"WordLevel","unk_token":"?","fuse_unk":true,"vocab":{"?":0}}`, `unsupported option "WordLevel.fuse_unk"`},
		"an option of another type":           {`{"type":"BPE","fuse_unk":"yes","vocab":{"a":0},"merges":[]}`, "model: fuse_unk"},
		"dropout":                             {`{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}`, `unsupported option "BPE.dropout"`},
		"a vocabulary that is missing":        {`{"type":"WordLevel"}`, "the model has no vocabulary"},
		"a vocabulary of another kind":        {`{"type":"BPE","vocab":[["a",1]],"merges":[]}`, "vocabulary"},
		"a merge of a token that is none":     {`{"type":"BPE","vocab":{"a":0},"merges":["a b"]}`, `merge 0 of "a" and "b": not in the vocabulary`},
		"a merge that makes no token":         {`{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}`, `merge 0 of "a" and "b": not in the vocabulary`},
		"a merge of three in a line":          {`{"type":"BPE","vocab":{"a":0},"merges":["a a a"]}`, `merge "a a a" is not two tokens`},
		"a merge of one in a line":            {`{"type":"BPE","vocab":{"a":0},"merges":["a"]}`, `merge "a" is not two tokens`},
		"a merge of three in a list":          {`{"type":"BPE","vocab":{"a":0},"merges":[["a","a","a"]]}`, "a merge of more than two tokens"},
		"a merge of one in a list":            {`{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}`, "a merge of less than two tokens"},
		"a merge that is a number":            {`{"type":"BPE","vocab":{"a":0},"merges":[1]}`, "merges"},
		"a long prefix":                       {`{"type":"BPE","continuing_subword_prefix":"` + strings.Repeat("#", 257) + `","vocab":{"a":0},"merges":[]}`, "a prefix or suffix of more than 256 bytes"},
		"a long suffix":                       {`{"type":"BPE","end_of_word_suffix":"` + strings.Repeat("#", 257) + `","vocab":{"a":0},"merges":[]}`, "a prefix or suffix of more than 256 bytes"},
		"an unknown id outside":               {`{"type":"Unigram","unk_id":7,"vocab":[["a",0]]}`, "unknown token id 7 in a vocabulary of 1"},
		"a negative unknown id":               {`{"type":"Unigram","unk_id":-1,"vocab":[["a",0]]}`, "unknown token id -1"},
		"a token with two scores":             {`{"type":"Unigram","vocab":[["a",0,1]]}`, "a token of the vocabulary is not a pair"},
		"a token without a score":             {`{"type":"Unigram","vocab":[["a"]]}`, "a token of the vocabulary is not a pair"},
		"a score that is no number":           {`{"type":"Unigram","vocab":[["a","b"]]}`, "vocabulary"},
		"a token of Unigram that is too long": {`{"type":"Unigram","vocab":[["` + strings.Repeat("a", 1<<14+1) + `",0]]}`, "a token of more than 16384 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := model.Read([]byte(c.spec), false)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// Files from before models had a type name it by their fields, as the reference
// does: in the order BPE, WordPiece, WordLevel, Unigram.
func TestAModelWithoutATypeIsKnownByItsFields(t *testing.T) {
	for name, c := range map[string]struct{ spec, piece, want string }{
		"BPE":       {`{"vocab":{"a":0,"aa":1},"merges":["a a"]}`, "aaa", "aa a"},
		"WordPiece": {`{"unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":9,"vocab":{"?":0,"a":1,"##a":2}}`, "aa", "a ##a"},
		"WordLevel": {`{"unk_token":"?","vocab":{"?":0,"aa":1}}`, "aa", "aa"},
		"Unigram":   {`{"unk_id":0,"vocab":[["?",0],["aa",-1]]}`, "aa", "aa"},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := encoder(t, c.spec, false, len(c.piece))
			if got := spelled(e.AppendTokens(nil, c.piece)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// That the unknown token is missing is said where a text needs it, not before.
func TestAnUnknownTokenIsMissedByTheFirstTextThatNeedsIt(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"BPE":       {`{"type":"BPE","unk_token":"?","vocab":{"a":0},"merges":[]}`, `the unknown token "?" is not in the vocabulary`},
		"WordPiece": {`{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":9,"vocab":{"a":0}}`, `the unknown token "?" is not in the vocabulary`},
		"WordLevel": {`{"type":"WordLevel","unk_token":"?","vocab":{"a":0}}`, `the unknown token "?" is not in the vocabulary`},
		"Unigram":   {`{"type":"Unigram","vocab":[["a",-1]]}`, `no token for 'b' and no unknown token`},
	} {
		t.Run(name, func(t *testing.T) {
			e, may := encoder(t, c.spec, false, 1)
			if ids := e.AppendPiece(nil, "a"); !slices.Equal(ids, []int{0}) || may.Err != nil {
				t.Errorf("a known text gives %v, %v", ids, may.Err)
			}
			if e.AppendPiece(nil, "b"); may.Err == nil || !strings.Contains(may.Err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", may.Err, c.want)
			}
		})
	}
}

// An encoder that is reset gives what it gave before: its memory holds nothing that
// counts.
func TestAnEncoderForgetsNothingThatCounts(t *testing.T) {
	for name, spec := range map[string]string{
		"BPE": merging, "WordPiece": pieces, "Unigram": scores,
	} {
		t.Run(name, func(t *testing.T) {
			long := strings.Repeat("ab", 1<<16)
			e, may := encoder(t, spec, false, len(long))
			want := e.AppendPiece(nil, "ab")
			e.AppendPiece(nil, long)
			e.Reset()
			if got := e.AppendPiece(nil, "ab"); !slices.Equal(got, want) || may.Err != nil {
				t.Errorf("got %v, %v, want %v", got, may.Err, want)
			}
		})
	}
}

// A budget that is at its end stops a model within a long piece.
func TestAModelStopsWhereItsBudgetEnds(t *testing.T) {
	for name, spec := range map[string]string{"BPE": merging, "WordPiece": strings.Replace(pieces, `word":5`, `word":100000000`, 1), "Unigram": scores} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			close(done)
			e, may := encoder(t, spec, false, 1<<20)
			may.Done = done
			if ids := e.AppendPiece(nil, strings.Repeat("ab", 1<<19)); len(ids) > 1<<18 || may.Err == nil {
				t.Errorf("it gave %d ids and the error %v", len(ids), may.Err)
			}
		})
	}
}

// The tokens of a piece cover it from its beginning to its end, each with the bytes
// that it stands for, which need not be those that it is spelled with.
func TestTokensHaveTheirPlaces(t *testing.T) {
	const unknown = `{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"vocab":{"<unk>":0,"a":1,"aa":2,"é":3},"merges":["a a"]}`
	type place struct{ start, end int32 }
	for _, c := range []struct {
		name, spec, piece string
		want              []place
	}{
		{"what is merged has the place of its parts", merging, "abcab", []place{{0, 1}, {1, 3}, {3, 5}}},
		{"an unknown token has that of all its characters", unknown, "aaxéy", []place{{0, 2}, {2, 3}, {3, 5}, {5, 6}}},
		{"several unknown characters have one", unknown, "xyéa", []place{{0, 2}, {2, 4}, {4, 5}}},
		{"a byte has its own", `{"type":"BPE","byte_fallback":true,"vocab":{"a":0,"<0xC3>":1,"<0xA9>":2},"merges":[]}`, "éa", []place{{0, 1}, {1, 2}, {2, 3}}},
		{"a suffix has none", `{"type":"BPE","end_of_word_suffix":"</w>","vocab":{"a":0,"b</w>":1},"merges":[]}`, "ab", []place{{0, 1}, {1, 2}}},
		{"a whole word has all", `{"type":"BPE","ignore_merges":true,"vocab":{"abc":3},"merges":[]}`, "abc", []place{{0, 3}}},
		{"the prefix of a part of a word has none", pieces, "abab", []place{{0, 2}, {2, 4}}},
		{"a word that is given up has its place", pieces, "abx", []place{{0, 3}}},
		{"a word has its place", `{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"éa":1}}`, "éa", []place{{0, 3}}},
		{"an unknown word too", `{"type":"WordLevel","unk_token":"?","vocab":{"?":0}}`, "éa", []place{{0, 3}}},
		{"each token of the best way", scores, "aab", []place{{0, 1}, {1, 3}}},
		{"unknown neighbours have the place of all", scores, "aéxa", []place{{0, 1}, {1, 4}, {4, 5}}},
		{"the bytes of a character have its place", `{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["?",0],["a",-1],["<0xC3>",-2],["<0xA9>",-2]]}`, "éa", []place{{0, 2}, {0, 2}, {2, 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, may := encoder(t, c.spec, false, len(c.piece))
			var got []place
			for _, token := range e.AppendTokens(nil, c.piece) {
				got = append(got, place{token.Start, token.End})
			}
			if !slices.Equal(got, c.want) || may.Err != nil {
				t.Errorf("%q has tokens at %v, %v, want %v", c.piece, got, may.Err, c.want)
			}
		})
	}
}

// More tokens than may be told end the encoding.
func TestOnlySoManyTokensAreTold(t *testing.T) {
	for name, c := range map[string]struct{ spec, piece string }{
		"BPE": {merging, "bbbb"}, "WordPiece": {pieces, "aaaa"}, "Unigram": {scores, "bbbb"},
	} {
		t.Run(name, func(t *testing.T) {
			e, may := encoder(t, c.spec, false, len(c.piece))
			may.Most = 3
			if tokens := e.AppendTokens(nil, c.piece); len(tokens) > 0 || may.Err == nil {
				t.Errorf("it told of %d tokens, with the error %v", len(tokens), may.Err)
			}
		})
	}
}

// What a list already holds stays.
func TestEncodersAppend(t *testing.T) {
	for name, spec := range map[string]string{"BPE": merging, "WordPiece": pieces, "Unigram": scores} {
		t.Run(name, func(t *testing.T) {
			e, _ := encoder(t, spec, false, 10)
			if ids := e.AppendPiece([]int{7, 8}, "a"); len(ids) != 3 || ids[0] != 7 || ids[1] != 8 {
				t.Errorf("got %v", ids)
			}
			if tokens := e.AppendTokens([]model.Token{{ID: 7}}, "a"); len(tokens) != 2 || tokens[0].ID != 7 {
				t.Errorf("got %v", tokens)
			}
		})
	}
}
