package model_test

import (
	"strings"
	"testing"
)

const pieces = `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":5,"vocab":{"?":0,"a":1,"ab":2,"##a":3,"##ab":4,"##b":5}}`

func TestWordPieceTakesTheLongestTokenAgainAndAgain(t *testing.T) {
	const greedy = `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"?":0,"a":1,"ab":2,"##bc":3,"##c":4,"##d":5,"é":6,"##é":7,"éa":8}}`
	check(t, []rule{
		{"the longest from the left", pieces, "abab", "ab ##ab"},
		{"also where a shorter one would lead to longer ones", greedy, "abc", "ab ##c"},
		{"inside a word those with the prefix alone", pieces, "aba", "ab ##a"},
		{"a word that is a token is one", pieces, "ab", "ab"},
		{"characters of several bytes are never cut", greedy, "éaé", "éa ##é"},
		{"a word of nothing has no tokens", pieces, "", ""},
	})
}

func TestWordPieceGivesUpAWordAsAWhole(t *testing.T) {
	check(t, []rule{
		{"one that it cannot begin", pieces, "xa", "?"},
		{"one that it cannot end", pieces, "abx", "?"},
		{"one that begins inside another alone", pieces, "b", "?"},
		{"one of more characters than it may have", pieces, "ababab", "?"},
		{"one of exactly as many is cut", pieces, "ababa", "ab ##ab ##a"},
		{"characters are counted, not bytes", strings.Replace(pieces, `"a":1`, `"é":1,"##é":9`, 1), "ééééé", "é ##é ##é ##é ##é"},
		{"a word of no characters allowed", strings.Replace(pieces, `word":5`, `word":0`, 1), "a", "?"},
	})
}

func TestWordPieceTakesAnyPrefix(t *testing.T) {
	check(t, []rule{
		{"another one", `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"@","max_input_chars_per_word":9,"vocab":{"?":0,"a":1,"@a":2,"##a":3}}`, "aa", "a @a"},
		{"none", `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"","max_input_chars_per_word":9,"vocab":{"?":0,"a":1,"ab":2}}`, "aab", "a ab"},
	})
}

// Words of more than 64 bytes are looked up in a trie, which must find what the
// table of tokens finds.
func TestWordPieceCutsLongWordsAsShortOnes(t *testing.T) {
	const long = `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##","max_input_chars_per_word":1000,"vocab":{"?":0,"a":1,"ab":2,"##a":3,"##aba":4,"##b":5,"##é":6}}`
	check(t, []rule{
		{"the longest from the left", long, strings.Repeat("ab", 40), "ab" + strings.Repeat(" ##aba ##b", 19) + " ##a ##b"},
		{"one that it cannot end", long, strings.Repeat("ab", 40) + "x", "?"},
		{"no character is cut", long, "a" + strings.Repeat("é", 40), "a" + strings.Repeat(" ##é", 40)},
		{"a prefix that no token has", `{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"@@","max_input_chars_per_word":1000,"vocab":{"?":0,"a":1}}`, strings.Repeat("a", 70), "?"},
	})
}

func TestWordLevelKnowsWholeWords(t *testing.T) {
	const words = `{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"ab":1,"a b":2}}`
	check(t, []rule{
		{"a word that it knows", words, "ab", "ab"},
		{"one with a space in it", words, "a b", "a b"},
		{"no part of a word", words, "a", "?"},
		{"no word that is longer", words, "abb", "?"},
		{"the unknown token by its name", words, "?", "?"},
	})
}
