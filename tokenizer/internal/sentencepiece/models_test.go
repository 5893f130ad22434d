package sentencepiece_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

const base = "<unk>=0!unknown <s>=0!control </s>=0!control "

func TestUnigramTakesThePiecesWithTheGreatestSum(t *testing.T) {
	check(t, source{pieces: base + "▁=-2 a=-1 b=-1.5 ab=-2 ▁a=-2.5 ba=-9"}, []rule{
		{"a piece that scores better than its parts", "aab", "▁a ab"},
		{"parts that score better than their piece", "ba", "▁ b a"},
		{"words have their mark", "a a", "▁a ▁a"},
		{"a text of nothing has no pieces", "", ""},
		{"a control piece is no text", "<s>", "▁ <s>"},
	})
}

// The sums are of 32 bits, as SentencePiece's are; the first way of several stays.
func TestUnigramAndWaysOfTheSameSum(t *testing.T) {
	none := rules{noDummy: true}
	check(t, source{rules: none, pieces: base + "a=-1 b=-1 ab=-2 c=-1 bc=-2 abc=-3"}, []rule{
		{"one piece and two", "ab", "ab"},
		{"one piece and three", "abc", "abc"},
	})
	check(t, source{rules: none, pieces: base + "a=-1 c=-1 ab=-1 bc=-1 b=-9"}, []rule{
		{"a long end and a long beginning", "abc", "a bc"},
	})
	check(t, source{rules: none, pieces: base + "a=-0.1 b=-0.7 ab=-0.8"}, []rule{
		{"sums that are equal in 32 bits", "ab", "ab"},
	})
}

func TestUnigramAndCharactersThatItDoesNotKnow(t *testing.T) {
	check(t, source{pieces: base + "▁=-2 a=-1"}, []rule{
		{"one is the last resort", "axa", "▁ a x a"},
		{"neighbours are one piece", "xya", "▁ xy a"},
		{"they end a text", "axé", "▁ a xé"},
	})
	check(t, source{pieces: base + "▁=-2 a=-1 xa=-10.5", rules: rules{noDummy: true}}, []rule{
		{"one costs ten more than the least likely piece", "xa", "xa"},
	})
}

func TestUnigramFallsBackToBytes(t *testing.T) {
	check(t, source{pieces: base + "▁=-2 a=-1", bytes: true}, []rule{
		{"a character that is no piece becomes its bytes", "aé", "▁ a <0xC3> <0xA9>"},
		{"neighbours become the bytes of each", "xé", "▁ <0x78> <0xC3> <0xA9>"},
		{"the name of a byte is text", "<0x41>", "▁ <0x3C> <0x30> <0x78> <0x34> <0x31> <0x3E>"},
	})
}

func TestUnigramAndPiecesOfOtherKinds(t *testing.T) {
	check(t, source{pieces: base + "▁=-2 a=-1 b=-1 ab=-100!user aba=-0.1"}, []rule{
		{"one that a user has defined goes before its parts, whatever its score", "ab", "▁ ab"},
		{"but not before a longer piece that scores better", "aba", "▁ aba"},
	})
	check(t, source{pieces: base + "▁=-2 a=-1 b=-1 ab=-0.5!unused"}, []rule{
		{"one that is unused is never made", "ab", "▁ a b"},
	})
}

func TestBPEJoinsNeighboursByTheScoreOfWhatTheyMake(t *testing.T) {
	check(t, source{model: bpe, rules: rules{noDummy: true}, pieces: base + "a=-9 b=-9 c=-9 bc=-1 ab=-2 abc=-3 é=-9 éa=-4"}, []rule{
		{"the greatest score goes first", "abc", "abc"},
		{"wherever it is", "abcab", "abc ab"},
		{"then what became possible", "bcab", "bc ab"},
		{"a piece is made of any two parts", "aabc", "a abc"},
		{"characters of several bytes join as others do", "éab", "é ab"},
	})
	check(t, source{model: bpe, rules: rules{noDummy: true}, pieces: base + "a=-9 aa=-1"}, []rule{
		{"of equal scores the leftmost goes first", "aaa", "aa a"},
		{"also in a long text", strings.Repeat("a", 101), strings.Repeat("aa ", 50) + "a"},
	})
	check(t, source{model: bpe, rules: rules{noDummy: true}, pieces: base + "a=-9 b=-9 c=-9 ab=-1 bc=-1"}, []rule{
		{"also where they make different pieces", "abc", "ab c"},
	})
}

func TestBPEAndMarksForSpaces(t *testing.T) {
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9 b=-9 ▁a=-1 ▁▁=-2"}, []rule{
		{"words are joined each by itself", "a ab", "▁a ▁a b"},
		{"a mark at the end of a text is a space there", "a▁", "▁a"},
	})
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9 b=-9 a▁=-1 ▁b=-2"}, []rule{
		{"a piece may reach over a mark", "a b", "▁ a▁ b"},
	})
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9 ▁▁=-1 ▁▁▁=-2", rules: rules{noExtra: true}}, []rule{
		{"several spaces can be a piece", "a   a", "▁ a ▁▁▁ a"},
	})
}

func TestBPEAndCharactersThatItDoesNotKnow(t *testing.T) {
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9"}, []rule{
		{"neighbours are one piece", "xya", "▁ xy a"},
		{"over the end of a word they are several", "x x", "▁ x ▁ x"},
	})
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9", bytes: true}, []rule{
		{"bytes stand for them", "aé", "▁ a <0xC3> <0xA9>"},
	})
	check(t, source{model: bpe, pieces: base + "▁=-9 ab=-1"}, []rule{
		{"characters that are no pieces make one that is", "ab", "▁ ab"},
		{"and are unknown where they do not", "ba", "▁ ba"},
	})
}

func TestBPEAndPiecesOfOtherKinds(t *testing.T) {
	check(t, source{model: bpe, pieces: base + "▁=-9 a=-9 b=-9 ab=-100!user aba=-0.1 ▁a=-1"}, []rule{
		{"one that a user has defined is never cut or joined", "aba", "▁ ab a"},
		{"it stands apart from its neighbours", "aab", "▁a ab"},
	})
	check(t, source{model: bpe, rules: rules{noDummy: true}, pieces: base + "a=-9 b=-9 c=-9 ab=-1!unused abc=-2 "}, []rule{
		{"one that is unused may be made on the way", "abc", "abc"},
		{"but is taken apart where it is left", "abab", "a b a b"},
	})
	check(t, source{model: bpe, rules: rules{noDummy: true}, pieces: base + "a=-9 aa=-1!unused aaaa=-2!unused"}, []rule{
		{"also one of unused ones", "aaaa", "a a a a"},
	})
}

func TestModelsOfWordsAndCharacters(t *testing.T) {
	check(t, source{model: word, pieces: base + "▁ab=-1 ▁a=-2"}, []rule{
		{"a word with its mark is one piece", "ab a", "▁ab ▁a"},
		{"any other one is unknown", "abc", "▁abc"},
		{"unknown neighbours are one", "x y a", "▁x▁y ▁a"},
	})
	check(t, source{model: char, pieces: base + "▁=-1 a=-2 é=-2 ab=-3 bb=-4!user"}, []rule{
		{"each character is a piece", "aé", "▁ a é"},
		{"longer ones are not made", "ab", "▁ a b"},
		{"but those of a user are", "abb", "▁ a bb"},
	})
	check(t, source{model: char, pieces: base + "▁=-1 a=-2", bytes: true}, []rule{
		{"bytes stand for other characters", "é", "▁ <0xC3> <0xA9>"},
	})
}

// An encoder that is reset gives what it gave before.
func TestAnEncoderForgetsNothingThatCounts(t *testing.T) {
	for name, kind := range map[string]sentencepieceType{"unigram": unigram, "bpe": bpe, "word": word, "char": char} {
		t.Run(name, func(t *testing.T) {
			l := source{model: kind, pieces: base + "▁=-2 a=-1 b=-1 ab=-0.5"}.load(t)
			var may budget.Budget
			may.Begin(nil, 1<<18)
			e := l.model.Encoder(&may)
			want := e.AppendPiece(nil, "▁ab")
			e.AppendPiece(nil, strings.Repeat("ab", 1<<16))
			e.Reset()
			if got := e.AppendPiece(nil, "▁ab"); !slices.Equal(got, want) || may.Err != nil {
				t.Errorf("got %v, %v, want %v", got, may.Err, want)
			}
		})
	}
}

func TestModelsStopWhereTheirBudgetEnds(t *testing.T) {
	for name, kind := range map[string]sentencepieceType{"unigram": unigram, "bpe": bpe, "word": word, "char": char} {
		t.Run(name, func(t *testing.T) {
			l := source{model: kind, pieces: base + "▁=-2 a=-1 b=-1 ab=-0.5"}.load(t)
			done := make(chan struct{})
			close(done)
			var may budget.Budget
			may.Begin(done, 1<<20)
			if ids := l.model.Encoder(&may).AppendPiece(nil, strings.Repeat("▁ab", 1<<18)); len(ids) > 1<<17 || may.Err == nil {
				t.Errorf("it gave %d ids and the error %v", len(ids), may.Err)
			}
		})
	}
}
