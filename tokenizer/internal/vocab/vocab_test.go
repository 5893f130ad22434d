package vocab_test

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

func read(t *testing.T, text string) *vocab.Vocab {
	t.Helper()
	v, err := vocab.Read(&jsontext.Scanner{Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAVocabularyGoesBothWays(t *testing.T) {
	v := read(t, `{"a":0,"b":2,"\u0120the":1,"▁":5,"":3}`)
	for id, want := range map[int]string{0: "a", 1: "Ġthe", 2: "b", 3: "", 5: "▁"} {
		if got, ok := v.ByID(id); !ok || got != want {
			t.Errorf("id %d is %q, %v, want %q", id, got, ok, want)
		}
		if got, ok := v.Lookup(want); !ok || int(got) != id {
			t.Errorf("%q has the id %d, %v, want %d", want, got, ok, id)
		}
		if got, ok := v.LookupBytes([]byte(want)); !ok || int(got) != id {
			t.Errorf("the bytes of %q have the id %d, %v, want %d", want, got, ok, id)
		}
	}
	if v.Count != 5 {
		t.Errorf("it counts %d tokens, want 5", v.Count)
	}
}

func TestWhatAVocabularyDoesNotHave(t *testing.T) {
	v := read(t, `{"ab":1}`)
	for _, id := range []int{-1, 0, 2, 1 << 30} {
		if token, ok := v.ByID(id); ok {
			t.Errorf("id %d is %q", id, token)
		}
	}
	for _, token := range []string{"", "a", "abc", "AB"} {
		if id, ok := v.Lookup(token); ok {
			t.Errorf("%q has the id %d", token, id)
		}
		if id, ok := v.LookupBytes([]byte(token)); ok {
			t.Errorf("the bytes of %q have the id %d", token, id)
		}
	}
}

func TestAnEmptyVocabularyHasNothing(t *testing.T) {
	v := read(t, `{}`)
	if _, ok := v.Lookup("a"); ok || v.Count != 0 || len(v.Spans) != 0 {
		t.Errorf("it has %d tokens and %d ids", v.Count, len(v.Spans))
	}
}

// A file may name a token or an id twice; the later name counts, as in a JSON object
// of the reference.
func TestOfTwoNamesTheLaterCounts(t *testing.T) {
	v := read(t, `{"a":0,"b":1,"a":2}`)
	if id, ok := v.Lookup("a"); !ok || id != 2 {
		t.Errorf("a has the id %d, %v, want 2", id, ok)
	}
	v = read(t, `{"a":0,"b":0}`)
	if token, ok := v.ByID(0); !ok || token != "b" {
		t.Errorf("id 0 is %q, %v, want b", token, ok)
	}
}

func TestVocabulariesThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no object":                              {`["a"]`, "expected '{'"},
		"an id that is no number":                {`{"a":"b"}`, "malformed JSON"},
		"an id below zero":                       {`{"a":-1}`, "token id -1 is out of range"},
		"an id of four million":                  {`{"a":4194304}`, "token id 4194304 is out of range"},
		"an id far beyond the number of tokens":  {`{"a":5000}`, "token id 5000 in a vocabulary of 1 tokens"},
		"a token of more than sixteen kilobytes": {`{"` + strings.Repeat("a", vocab.MaxToken+1) + `":0}`, vocab.ErrToken.Error()},
		"an end in the middle":                   {`{"a":0,`, "malformed JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := vocab.Read(&jsontext.Scanner{Data: []byte(c.text)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestTheLongestTokenAndTheLargestIDsAreRead(t *testing.T) {
	long := strings.Repeat("a", vocab.MaxToken)
	v := read(t, `{"`+long+`":1040}`) // 16 for the one token and 1024
	if id, ok := v.Lookup(long); !ok || id != 1040 {
		t.Errorf("it has the id %d, %v", id, ok)
	}
}

// About a third of the slots of a table stay free, or a search for what is not there
// would not end.
func TestTablesHaveFreeSlots(t *testing.T) {
	for n, want := range map[int]int{0: 8, 5: 8, 6: 16, 11: 16, 12: 32, 1000: 2048} {
		if got := vocab.SlotCount(n); got != want || got <= n {
			t.Errorf("%d entries get %d slots, want %d", n, got, want)
		}
	}
}

func TestPairsAreFoundAmongManyOthers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const n = 2000
	table := vocab.NewPairTable(n)
	want := map[[2]int32]uint64{}
	for rank := range uint32(n) {
		pair := [2]int32{rnd.Int32N(90), rnd.Int32N(90)}
		if rank == 0 {
			pair = [2]int32{0, 0} // whose key must not be that of a free slot
		}
		table.Put(pair[0], pair[1], rank, int32(rank)+7)
		want[pair] = uint64(rank)<<32 | uint64(rank+7)
	}
	for a := range int32(91) {
		for b := range int32(91) {
			value, ok := want[[2]int32{a, b}]
			if !ok {
				value = vocab.NoMerge
			}
			if got := table.Get(a, b); got != value {
				t.Fatalf("the pair %d, %d has the value %x, want %x", a, b, got, value)
			}
		}
	}
}

func TestAnEmptyTableOfPairsFindsNothing(t *testing.T) {
	if got := vocab.NewPairTable(0).Get(0, 0); got != vocab.NoMerge {
		t.Errorf("got %x", got)
	}
}

// tokens makes a vocabulary of a list, with the places as ids.
func tokens(list []string) *vocab.Vocab {
	v := &vocab.Vocab{Slots: make([]uint32, vocab.SlotCount(len(list))), Seed: maphash.MakeSeed()}
	for _, token := range list {
		v.Spans = append(v.Spans, vocab.Span{Start: uint32(len(v.Text)), End: uint32(len(v.Text) + len(token))})
		v.Text += token
	}
	for id, token := range list {
		v.Insert(uint32(id), token)
	}
	return v
}

// walk returns the ids of the tokens that are beginnings of a text.
func walk(trie *vocab.PairTable, text string) []int {
	var ids []int
	node := int32(0)
	for i := range len(text) {
		val := trie.Get(node, int32(text[i]))
		if val == vocab.NoMerge {
			break
		}
		node = int32(uint32(val))
		if ends := val >> 32; ends > 0 {
			ids = append(ids, int(ends-1))
		}
	}
	return ids
}

func TestATrieFindsAllBeginnings(t *testing.T) {
	list := []string{"ab", "a", "abc", "b", "é", "abd", "zz"}
	v := tokens(list)
	trie := vocab.BuildTrie(v, []uint32{0, 1, 2, 3, 4, 5, 6})
	for text, want := range map[string][]int{
		"abcd": {1, 0, 2},
		"abd":  {1, 0, 5},
		"abx":  {1, 0},
		"ba":   {3},
		"éa":   {4},
		"\xc3": nil,
		"z":    nil,
		"":     nil,
	} {
		if got := walk(trie, text); !slices.Equal(got, want) {
			t.Errorf("%q begins with %v, want %v", text, got, want)
		}
	}
}

// The order decides which tokens a trie has, and nothing else does.
func TestATrieHasTheTokensOfItsOrderAlone(t *testing.T) {
	v := tokens([]string{"a", "ab", "abc"})
	trie := vocab.BuildTrie(v, []uint32{2, 0})
	if got, want := walk(trie, "abc"), []int{0, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A Unigram file may have a token twice: the last id has the name.
func TestOfEqualTokensTheLastIsInTheTrie(t *testing.T) {
	v := tokens([]string{"a", "b", "a"})
	if got, want := walk(vocab.BuildTrie(v, []uint32{2, 1, 0}), "a"), []int{2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if id, _ := v.Lookup("a"); id != 2 || v.Count != 2 {
		t.Errorf("a has the id %d among %d tokens, want 2 among 2", id, v.Count)
	}
}

func TestATrieOfManyTokensFindsEachOfThem(t *testing.T) {
	var list []string
	order := []uint32{}
	for i := range 3000 {
		list = append(list, fmt.Sprintf("%b", i))
		order = append(order, uint32(i))
	}
	trie := vocab.BuildTrie(tokens(list), order)
	for id, token := range list {
		if got := walk(trie, token); len(got) == 0 || got[len(got)-1] != id {
			t.Fatalf("%q is found as %v, want %d at its end", token, got, id)
		}
	}
}
