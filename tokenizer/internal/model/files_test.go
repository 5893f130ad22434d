package model_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// bothWays encodes a piece without places and, in the spelling of the vocabulary, with
// them, which must agree.
func bothWays(t *testing.T, m model.Model, piece, spelled string) []int {
	t.Helper()
	var may budget.Budget
	may.Begin(nil, len(spelled))
	e := m.Encoder(&may)
	ids := e.AppendPiece(nil, piece)
	may.Begin(nil, len(spelled))
	may.Most = budget.Traceable(len(spelled))
	if told := idsOf(e.AppendTokens(nil, spelled)); may.Err != nil || !slices.Equal(ids, told) {
		t.Errorf("%q: %v without places, %v with (%v)", piece, ids, told, may.Err)
	}
	return ids
}

// ranks makes a model of tokens, whose ids begin at 1.
func ranks(t *testing.T, tokens ...string) *model.BPE {
	t.Helper()
	var list [][]byte
	for _, token := range tokens {
		if token == "" {
			list = append(list, nil)
			continue
		}
		list = append(list, []byte(token))
	}
	m, err := model.FromRanks(list, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The ids are those of tiktoken 0.14 (Encoding.encode_single_token and encode) for the same
// ranks, plus one.
func TestRanksAreJoinedByTheTokenThatTheyMake(t *testing.T) {
	for name, c := range map[string]struct {
		tokens []string
		piece  string
		want   []int
	}{
		"the lowest rank first":             {[]string{"a", "b", "c", "bc", "ab"}, "abc", []int{1, 4}},
		"a piece that is a token":           {[]string{"a", "b", "c", "bc", "ab", "abc"}, "abc", []int{6}},
		"a token that no merge makes":       {[]string{"a", "b", "abb"}, "abb", []int{3}},
		"which is found as a piece alone":   {[]string{"a", "b", "abb"}, "abba", []int{1, 2, 2, 1}},
		"the leftmost of one rank":          {[]string{"a", "b", "aa"}, "aaab", []int{3, 1, 2}},
		"the leftmost of two ways to a one": {[]string{"a", "b", "x", "xa", "aa", "ax", "axa"}, "axaxa", []int{7, 4}},
		"bytes that are no text":            {[]string{"a", "\xe5", "\xad", "\xe5\xad"}, "\xe5\xada", []int{4, 1}},
		"a rank that is left out":           {[]string{"a", "", "b", "ab"}, "ba", []int{3, 1}},
		"a byte without a token vanishes":   {[]string{"a"}, "aza", []int{1, 1}},
		"nothing":                           {[]string{"a"}, "", nil},
		"a token longer than a short word":  {[]string{"a", strings.Repeat("a", 60)}, strings.Repeat("a", 60), []int{2}},
		"a word of many tokens":             {[]string{"a", "aa"}, strings.Repeat("a", 61), append(slices.Repeat([]int{2}, 30), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			m := ranks(t, c.tokens...)
			if !m.Raw() {
				t.Error("pieces do not come as bytes")
			}
			spelled := ""
			for i := range len(c.piece) {
				// The byte-level alphabet of the bytes used here.
				switch b := c.piece[i]; b {
				case 0xad:
					spelled += "Ń"
				default:
					spelled += string(rune(b))
				}
			}
			if got := bothWays(t, m, c.piece, spelled); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRanksBeyondAllBoundAreRefused(t *testing.T) {
	var rows [][]byte
	for n := 1; n <= 3000; n++ {
		rows = append(rows, []byte(strings.Repeat("a", n)))
	}
	if _, err := model.FromRanks(rows, 0); err == nil {
		t.Error("tokens with four million ways to make them were taken")
	}
	if _, err := model.FromRanks([][]byte{make([]byte, vocab.MaxToken+1)}, 0); !errors.Is(err, vocab.ErrToken) {
		t.Errorf("got %v", err)
	}
	if _, err := model.FromRanks([][]byte{{'a'}}, vocab.MaxID+1); err == nil {
		t.Error("an id beyond the largest was given")
	}
}

func TestMergesAreLinesOfTwoTokens(t *testing.T) {
	m, err := model.FromMerges([]byte(`{"type":"BPE"}`), []byte(`{"a":0,"b":1,"ab":2,"#":3,"#a":4}`), []byte("#version: 0.2\r\na b\r\n# a"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bothWays(t, m, "#ab", "#ab"), []int{3, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWordsAreLines(t *testing.T) {
	v, err := vocab.ReadLines([]byte("a\r\n##b \nx\n\nx\u3000\n"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.FromWords([]byte(`{"type":"WordPiece","unk_token":"x"}`), v)
	if err != nil {
		t.Fatal(err)
	}
	for piece, want := range map[string][]int{"ab": {0, 1}, "x": {4}, "z": {4}} {
		if got := bothWays(t, m, piece, piece); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", piece, got, want)
		}
	}
	// A token that comes twice has the later id alone, and the empty line is one too.
	if _, ok := v.ByID(2); ok || v.Count != 4 || len(v.Spans) != 5 {
		t.Errorf("%d tokens of %d ids", v.Count, len(v.Spans))
	}
}
