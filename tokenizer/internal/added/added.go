package added

import (
	"math/bits"
	"sort"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// MaxAdded bounds the length of an added token, which bounds the work of
// looking for one at each position of a text.
const MaxAdded = 4096

// Token is a token that is found in a text before it is cut, by the names that
// tokenizer.json has for its properties.
type Token struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`

	Text   string `json:"-"` // what it is decoded as
	Given  bool   `json:"-"` // ID counts, whatever the vocabulary says
	Passed bool   `json:"-"` // it is found, so that none is found inside it, and left as text
}

// Set finds the added tokens of one kind, the longest of those that start
// leftmost. Tokenizers have two: tokens that are found in the text as it is, and those
// that are found after normalization. The contents are sorted, so that the tokens with a common prefix
// are neighbours and a binary search for each byte narrows them down.
type Set struct {
	texts  []string
	tokens []*Token
	First  [256]bool
	table  *uni.Table
	// empty is a token that normalization has left nothing of. It is found
	// between any two characters, where no other token starts.
	empty *Token
}

// The set is no automaton of Aho and Corasick, which would find all tokens in one pass:
// in most texts only a few bytes begin any token at all, and First tells which.

// NewSet returns the set of tokens, nil for none. A token is found by the
// text at the same index.
func NewSet(tokens []*Token, texts []string) *Set {
	if len(tokens) == 0 {
		return nil
	}
	set := &Set{table: uni.Classes()}
	order := make([]int, 0, len(tokens))
	for i, text := range texts {
		if text != "" {
			order = append(order, i)
		} else if set.empty == nil {
			set.empty = tokens[i]
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return texts[order[a]] < texts[order[b]] })
	for _, i := range order {
		if n := len(set.texts); n > 0 && set.texts[n-1] == texts[i] {
			continue
		}
		set.texts = append(set.texts, texts[i])
		set.tokens = append(set.tokens, tokens[i])
		set.First[texts[i][0]] = true
	}
	return set
}

// At returns the longest token at s[i], and the end of its text. Each byte narrows the
// sorted texts down to those that go on with it, by two binary searches; a text that
// ends there is the first of them, as nothing sorts before it that begins with it.
func (a *Set) At(may *budget.Budget, s string, i int) (*Token, int) {
	var found *Token
	end := i
	lo, hi := 0, len(a.texts)
	for k := 0; i+k < len(s) && lo < hi && may.Spend(2+bits.Len(uint(hi-lo))); k++ {
		c := s[i+k]
		for lo < hi && len(a.texts[lo]) <= k {
			lo++
		}
		sub := a.texts[lo:hi]
		from := sort.Search(len(sub), func(x int) bool { return sub[x][k] >= c })
		to := from + sort.Search(len(sub)-from, func(x int) bool { return sub[from+x][k] > c })
		lo, hi = lo+from, lo+to
		if lo < hi && len(a.texts[lo]) == k+1 {
			found, end = a.tokens[lo], i+k+1
		}
	}
	return found, end
}

// Split calls text for the parts between added tokens and token for the added
// tokens with the white space that belongs to them, in order. It leaves off where
// the budget is at its end.
func (a *Set) Split(may *budget.Budget, s string, text func(part string, start int), token func(t *Token, start, end int)) {
	if a == nil {
		if s != "" {
			text(s, 0)
		}
		return
	}
	from, last := 0, -1 // last is where the last match ended
	for i := 0; i < len(s) || a.empty != nil && i == len(s) && i != last; {
		// Nearly every byte begins no token, and is passed over at once.
		if a.empty == nil && !a.First[s[i]] {
			i++
			continue
		}
		if !may.Spend(1) {
			return
		}
		found, next := a.match(may, s, i, last)
		if found == nil {
			i += uni.CharLen(s, i)
			continue
		}
		start, end := i, next
		i, last = next, next
		if found.Passed || found.SingleWord && !standsAlone(s, start, end) {
			continue // and no shorter one is looked for: the reference finds one at a place
		}
		start, end = a.widened(may, found, s, from, start, end)
		if from < start {
			text(s[from:start], from)
		}
		if start < end {
			token(found, start, end)
		}
		from = end
	}
	if from < len(s) && may.Err == nil {
		text(s[from:], from)
	}
}

// match returns the token at s[i] and its end: the longest, or the one of no text,
// which is not found right behind another.
func (a *Set) match(may *budget.Budget, s string, i, last int) (*Token, int) {
	found, next := a.At(may, s, i)
	if found == nil && a.empty != nil && i != last {
		return a.empty, i
	}
	return found, next
}

// widened returns the place of a token with the white space that belongs to it, which
// on the left reaches back to the last token, at from, and no further.
func (a *Set) widened(may *budget.Budget, t *Token, s string, from, start, end int) (int, int) {
	if t.LStrip {
		start = from + a.spaceBefore(s[min(from, start):start])
	}
	if t.RStrip {
		to := a.table.Run(s, end, uni.Space)
		may.Spend(to - end)
		end = to
	}
	return start, end
}

// spaceBefore returns the start of the white space that s ends with.
func (a *Set) spaceBefore(s string) int {
	end := len(s)
	for end > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:end])
		if a.table.Class(r)&uni.Space == 0 {
			break
		}
		end -= n
	}
	return end
}

// standsAlone reports whether no word touches s[start:end]: whether no character of
// one, in the sense of \w, is right before or right behind it.
func standsAlone(s string, start, end int) bool {
	if start > 0 {
		if r, _ := utf8.DecodeLastRuneInString(s[:start]); uni.IsWord(r) {
			return false
		}
	}
	if end < len(s) {
		if r, _ := utf8.DecodeRuneInString(s[end:]); uni.IsWord(r) {
			return false
		}
	}
	return true
}
