package model_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Models that several tests share.
const (
	merging = `{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"abc":4,"bc":5},"merges":["b c","a b","ab c"]}`
	runs    = `{"type":"BPE","vocab":{"a":0,"aa":1,"aaaa":2},"merges":["a a","aa aa"]}`
)

func TestBPEMergesByRankAndThenFromTheLeft(t *testing.T) {
	check(t, []rule{
		{"the merge that comes first in the file is made first", merging, "abc", "a bc"},
		{"a later merge is made where an earlier one does not hinder it", merging, "abab", "ab ab"},
		{"a merge waits for one that lies further right", merging, "abcb", "a bc b"},
		{"a merge of a lower rank that another makes possible goes first", `{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"d":3,"ab":4,"abc":5,"cd":6},"merges":["ab c","a b","c d"]}`, "abcd", "abc d"},
		{"of equal merges the leftmost is made", runs, "aaa", "aa a"},
		{"what is merged is merged again", runs, "aaaaa", "aaaa a"},
		{"of the merges of a pair the last one in the file counts", `{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"bc":4},"merges":["a b","b c","a b"]}`, "abc", "a bc"},
		{"a piece without merges stays characters", `{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}`, "abba", "a b b a"},
		{"a token that no merge makes is never made", `{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[]}`, "ab", "a b"},
		{"characters of several bytes merge as others do", `{"type":"BPE","vocab":{"é":0,"中":1,"é中":2},"merges":["é 中"]}`, "é中é", "é中 é"},
		{"a piece of nothing has no tokens", merging, "", ""},
		{"a single character needs no merge", merging, "c", "c"},
		{"a long piece follows the same order", merging, strings.Repeat("abc", 30), strings.TrimSpace(strings.Repeat("a bc ", 30))},
		{"in a long piece too the leftmost is made", runs, strings.Repeat("a", 103), strings.Repeat("aaaa ", 25) + "aa a"},
	})
}

func TestBPEReadsMergesInEachForm(t *testing.T) {
	check(t, []rule{
		{"a line with a space between the two", runs, "aa", "aa"},
		{"a list of the two, which may have spaces", `{"type":"BPE","vocab":{"a":0," ":1,"a ":2},"merges":[["a"," "]]}`, "a ", "a "},
		{"a line with the version is passed over", `{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["#version: 0.2","a a"]}`, "aa", "aa"},
		{"a dropout of nothing is none", `{"type":"BPE","dropout":0.0,"vocab":{"a":0,"aa":1},"merges":["a a"]}`, "aa", "aa"},
		{"options of null are not there", `{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"vocab":{"a":0,"aa":1},"merges":["a a"]}`, "aa", "aa"},
	})
}

func TestBPEAndCharactersThatItDoesNotKnow(t *testing.T) {
	const unknown = `{"type":"BPE","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"ab":3},"merges":["a b"]}`
	const fused = `{"type":"BPE","unk_token":"?","fuse_unk":true,"vocab":{"?":0,"a":1,"b":2,"ab":3},"merges":["a b"]}`
	check(t, []rule{
		{"each of them is one unknown token", unknown, "xya", "? ? a"},
		{"an unknown character keeps its neighbours apart", unknown, "axb", "a ? b"},
		{"a piece may be nothing but them", unknown, "éé", "? ?"},
		{"neighbours can be one unknown token", fused, "xya", "? a"},
		{"those that are no neighbours are several", fused, "xyaxy", "? a ?"},
		{"without an unknown token they are left out", `{"type":"BPE","vocab":{"a":0},"merges":[]}`, "xa", "a"},
		{"those around one that is left out become neighbours", `{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a"]}`, "axa", "aa"},
		{"the unknown token itself is text as other text", unknown, "?a", "? a"},
	})
}

func TestBPEFallsBackToBytes(t *testing.T) {
	const some = `{"type":"BPE","byte_fallback":true,"unk_token":"?","vocab":{"?":0,"a":1,"<0xC3>":2,"<0xA9>":3,"<0x78>":4},"merges":[]}`
	const fused = `{"type":"BPE","byte_fallback":true,"fuse_unk":true,"unk_token":"?","vocab":{"?":0,"a":1,"<0xC3>":2,"<0xA9>":3},"merges":[]}`
	check(t, []rule{
		{"a character becomes its bytes", some, "aé", "a <0xC3> <0xA9>"},
		{"one of ASCII too", some, "xa", "<0x78> a"},
		{"a character of which a byte is missing is unknown", some, "aè", "a ?"},
		{"bytes are never taken together", fused, "éé", "<0xC3> <0xA9> <0xC3> <0xA9>"},
		{"a character that is known stays whole", `{"type":"BPE","byte_fallback":true,"vocab":{"é":0,"<0xC3>":1,"<0xA9>":2},"merges":[]}`, "é", "é"},
		{"without the option there are no bytes", `{"type":"BPE","unk_token":"?","vocab":{"?":0,"<0xC3>":1,"<0xA9>":2},"merges":[]}`, "é", "?"},
		{"bytes can be merged", `{"type":"BPE","byte_fallback":true,"vocab":{"<0xC3>":0,"<0xA9>":1,"<0xC3><0xA9>":2},"merges":["<0xC3> <0xA9>"]}`, "é", "<0xC3><0xA9>"},
		{"an unknown character comes behind bytes that follow it", fused, "xéa", "<0xC3> <0xA9> ? a"},
	})
}

func TestBPEMarksThePartsOfWords(t *testing.T) {
	const suffix = `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"b</w>":3,"ab</w>":4,"a</w>":5},"merges":["a b</w>"]}`
	const prefix = `{"type":"BPE","continuing_subword_prefix":"##","unk_token":"?","vocab":{"?":0,"a":1,"##a":2,"##b":3,"ab":4,"##ab":5},"merges":["a ##b","##a ##b"]}`
	check(t, []rule{
		{"the end of a word has the suffix", suffix, "ab", "ab</w>"},
		{"only the last character has it", suffix, "bab", "b ab</w>"},
		{"a word of one character ends with it", suffix, "a", "a</w>"},
		{"a character without its form for the end is unknown there", `{"type":"BPE","end_of_word_suffix":"</w>","unk_token":"?","vocab":{"?":0,"a":1},"merges":[]}`, "aa", "a ?"},
		{"all but the first character have the prefix", prefix, "aab", "a ##ab"},
		{"a merge takes the prefix of its second part away", prefix, "ab", "ab"},
		{"both can be there", `{"type":"BPE","continuing_subword_prefix":"##","end_of_word_suffix":"</w>","vocab":{"a":0,"##b</w>":1,"ab</w>":2},"merges":["a ##b</w>"]}`, "ab", "ab</w>"},
	})
}

func TestBPECanLookForTheWholeWordFirst(t *testing.T) {
	const whole = `{"type":"BPE","ignore_merges":true,"vocab":{"a":0,"b":1,"c":2,"abc":3,"ab":4},"merges":["a b"]}`
	check(t, []rule{
		{"a word of the vocabulary is one token", whole, "abc", "abc"},
		{"any other word is merged", whole, "abca", "ab c a"},
		{"a character is a word too", whole, "c", "c"},
	})
}

// A text with marks for spaces is merged word by word; the cut must never show.
func TestBPECutsATextBeforeMarksOnlyWhereNothingCrossesThem(t *testing.T) {
	const plain = `{"type":"BPE","unk_token":"?","fuse_unk":true,"vocab":{"?":0,"▁":1,"a":2,"b":3,"▁a":4,"▁▁":5},"merges":["▁ a","▁ ▁"]}`
	const crossing = `{"type":"BPE","unk_token":"?","vocab":{"?":0,"▁":1,"a":2,"b":3,"a▁":4,"▁b":5},"merges":["a ▁","▁ b"]}`
	check(t, []rule{
		{"words are merged each by itself", plain, "▁a▁ab▁b", "▁a ▁a b ▁ b"},
		{"several marks stay together", plain, "a▁▁▁a", "a ▁▁ ▁a"},
		{"a mark ends a text", plain, "a▁", "a ▁"},
		{"unknown characters around a mark are several", plain, "x▁x", "? ▁ ?"},
		{"a token may reach over a mark", crossing, "a▁b", "a▁ b"},
		{"behind another character it does not", crossing, "b▁b", "b ▁b"},
	})
}

// In the byte-level alphabet a model gets the bytes themselves, and gives the ids
// that it gives for the alphabet's letters.
func TestBPETakesBytesInThePlaceOfTheAlphabet(t *testing.T) {
	for name, c := range map[string]struct {
		spec string
		raw  bool
	}{
		"a model of GPT-2's kind":      {`{"type":"BPE","vocab":{"Ã":0,"©":1,"Ã©":2,"Ġ":3,"a":4,"Ġa":5},"merges":["Ã ©","Ġ a"]}`, true},
		"one that looks for words":     {`{"type":"BPE","ignore_merges":true,"vocab":{"Ã":0,"©":1,"Ã©":2,"Ġ":3,"a":4,"Ġa":5},"merges":[]}`, true},
		"one that lacks bytes":         {`{"type":"BPE","unk_token":"a","vocab":{"Ã":0,"Ġ":3,"a":4},"merges":[]}`, true},
		"one with a suffix cannot":     {`{"type":"BPE","end_of_word_suffix":"</w>","unk_token":"a","vocab":{"Ã":0,"a":4},"merges":[]}`, false},
		"one that marks its beginning": {`{"type":"BPE","continuing_subword_prefix":"##","unk_token":"a","vocab":{"Ã":0,"a":4},"merges":[]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, raw, err := model.Read([]byte(c.spec), true)
			if err != nil || raw != c.raw {
				t.Fatalf("it takes bytes: %v, %v, want %v", raw, err, c.raw)
			}
			if !raw {
				return
			}
			var may budget.Budget
			may.Begin(nil, 100)
			letters, _ := encoder(t, c.spec, false, 100)
			for _, text := range []string{"é", " a", "a", " ", "aé aé", "\xc3"} {
				want := letters.AppendPiece(nil, string(bytelevel.AppendByteLevel(nil, text)))
				e := m.Encoder(&may)
				for range 2 {
					if got := e.AppendPiece(nil, text); !slices.Equal(got, want) {
						t.Errorf("%q gives %v, want %v", text, got, want)
					}
				}
			}
		})
	}
}

// Words up to 48 symbols are merged by scans, longer ones by a heap: both must find
// the same merges.
func TestShortAndLongWordsMergeAlike(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		pairs := vocab.NewPairTable(64)
		for rank := range uint32(30) {
			pairs.Put(rnd.Int32N(8), rnd.Int32N(8), rank/2, rnd.Int32N(8)) // some have the same rank
		}
		word := make([]int32, 2+rnd.IntN(46))
		for i := range word {
			word[i] = rnd.Int32N(8)
		}
		may := budget.Budget{}
		may.Begin(nil, len(word))
		g := model.Merger{May: &may}
		want := g.Merge(pairs, slices.Clone(word))
		if got := g.MergeLong(pairs, slices.Clone(word)); !slices.Equal(got, want) {
			t.Fatalf("%v becomes %v by a heap and %v by scans", word, got, want)
		}
	}
}

func TestAMergerTellsWhatItProposes(t *testing.T) {
	pairs := vocab.NewPairTable(2)
	pairs.Put(1, 2, 0, 3)
	pairs.Put(3, 4, 1, 5)
	may := budget.Budget{}
	may.Begin(nil, 10)
	var noted [][3]int32
	g := model.Merger{May: &may, Note: func(left, right, made int32) { noted = append(noted, [3]int32{left, right, made}) }}
	if got := g.MergeLong(pairs, []int32{1, 2, 4}); !slices.Equal(got, []int32{5}) {
		t.Errorf("got %v, want one symbol", got)
	}
	if want := [][3]int32{{1, 2, 3}, {3, 4, 5}}; !slices.Equal(noted, want) {
		t.Errorf("it told of %v, want %v", noted, want)
	}
}

func TestTheCacheKeepsShortWordsOnly(t *testing.T) {
	for _, c := range []struct {
		name, word string
		ids        []int32
		slot, kept bool
	}{
		{"a word", "word", []int32{1, 2}, true, true},
		{"no ids at all", "nothing", nil, true, true},
		{"a word of the greatest length", strings.Repeat("a", 23), []int32{1}, true, true},
		{"a longer one has no slot", strings.Repeat("a", 24), []int32{1}, false, false},
		{"as many ids as there is room for", "many", []int32{1, 2, 3, 4, 5, 6}, true, true},
		{"more ids are not kept", "more", []int32{1, 2, 3, 4, 5, 6, 7}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := model.NewWordCache()
			entry, hit := cache.Find(c.word)
			if hit || (entry != nil) != c.slot {
				t.Fatalf("an empty cache has it: %v, with a slot: %v", hit, entry != nil)
			}
			if entry == nil {
				return
			}
			entry.Store(c.word, c.ids)
			entry, hit = cache.Find(c.word)
			if hit != c.kept {
				t.Fatalf("it is found: %v, want %v", hit, c.kept)
			}
			if hit && !slices.Equal(entry.IDs[:entry.Count], c.ids) {
				t.Errorf("the ids are %v, want %v", entry.IDs[:entry.Count], c.ids)
			}
		})
	}
}

// Words that are in the cache take no steps to merge, and there can be millions of
// them in one piece.
func TestBPEHearsTheEndOfAContextAmongWordsThatItKnows(t *testing.T) {
	e, may := encoder(t, `{"type":"BPE","unk_token":"?","fuse_unk":true,"vocab":{"?":0,"▁":1,"a":2,"▁a":3},"merges":["▁ a"]}`, false, 1<<20)
	e.AppendPiece(nil, "▁a▁a")
	ended := make(chan struct{})
	close(ended)
	may.Begin(ended, 1<<20)
	words := 4 * budget.LookAfter
	ids := e.AppendPiece(nil, strings.Repeat("▁a", words))
	if may.Err == nil || len(ids) > words/2 {
		t.Errorf("it went on for %d of %d words, with the error %v", len(ids), words, may.Err)
	}
}
