package tokenizer

import (
	"fmt"
	"math/bits"
	"sort"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// maxAdded bounds the length of an added token, which bounds the work of
// looking for one at each position of a text.
const maxAdded = 4096

// addedToken is a token that is found in a text before it is cut.
type addedToken struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`

	given bool // ID counts, whatever the vocabulary says
}

// addedSet finds the added tokens of one kind, the longest of those that start
// leftmost. The contents are sorted, so that the tokens with a common prefix
// are neighbours and a binary search for each byte narrows them down.
type addedSet struct {
	texts  []string
	tokens []*addedToken
	first  [256]bool
	table  *uni.Table
	// empty is a token that normalization has left nothing of. It is found
	// between any two characters, where no other token starts.
	empty *addedToken
}

// newAddedSet returns the set of tokens, nil for none. A token is found by the
// text at the same index.
func newAddedSet(tokens []*addedToken, texts []string) *addedSet {
	if len(tokens) == 0 {
		return nil
	}
	set := &addedSet{table: uni.Classes()}
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
		set.first[texts[i][0]] = true
	}
	return set
}

// at returns the longest token at s[i], and the end of its text.
func (a *addedSet) at(may *budget, s string, i int) (*addedToken, int) {
	var found *addedToken
	end := i
	lo, hi := 0, len(a.texts)
	for k := 0; i+k < len(s) && lo < hi && may.spend(2+bits.Len(uint(hi-lo))); k++ {
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

// split calls text for the parts between added tokens and token for the added
// tokens with the white space that belongs to them, in order. It leaves off where
// the budget is at its end.
func (a *addedSet) split(may *budget, s string, text func(part string, start int), token func(t *addedToken, start, end int)) {
	if a == nil {
		if s != "" {
			text(s, 0)
		}
		return
	}
	from, last := 0, -1 // last is where the last match ended
	for i := 0; i < len(s) || a.empty != nil && i == len(s) && i != last; {
		if a.empty == nil && !a.first[s[i]] {
			i++
			continue
		}
		if !may.spend(1) {
			return
		}
		found, next := a.at(may, s, i)
		if found == nil {
			if a.empty == nil || i == last {
				i += uni.CharLen(s, i)
				continue
			}
			found, next = a.empty, i
		}
		start, end := i, next
		i, last = next, next
		if found.SingleWord && !standsAlone(s, start, end) {
			continue
		}
		if found.LStrip {
			start = from + a.spaceBefore(s[min(from, start):start])
		}
		if found.RStrip {
			end = a.table.Run(s, end, uni.Space)
			may.spend(end - next)
		}
		if from < start {
			text(s[from:start], from)
		}
		if start < end {
			token(found, start, end)
		}
		from = end
	}
	if from < len(s) && may.err == nil {
		text(s[from:], from)
	}
}

// spaceBefore returns the start of the white space that s ends with.
func (a *addedSet) spaceBefore(s string) int {
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

// standsAlone reports whether no word touches s[start:end].
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

// addTokens gives the added tokens their ids and makes the sets that find them.
//
// A token of the model's vocabulary keeps its id there; the others are numbered
// from the size of the vocabulary on, in the order of the file. The ids that
// the file gives say the same in any file that the reference has written, and
// the reference goes by the order where they do not.
func (t *Tokenizer) addTokens(tokens []addedToken) error {
	t.addedIDs = make(map[string]int, len(tokens))
	t.addedByID = make(map[int]*addedToken, len(tokens))
	next := t.vocab.count
	var special, plain []*addedToken // each special one once
	isSpecial := map[string]bool{}
	for i := range tokens {
		if a := &tokens[i]; a.Special && !isSpecial[a.Content] {
			isSpecial[a.Content] = true
			special = append(special, a)
		}
	}
	known := map[addedToken]bool{}
	for i := range tokens {
		a := &tokens[i]
		same := *a
		same.ID = 0
		if a.Content == "" || known[same] {
			continue
		}
		known[same] = true
		if len(a.Content) > maxAdded {
			return fmt.Errorf("added token of %d bytes, the limit is %d", len(a.Content), maxAdded)
		}
		id, ok := t.TokenToID(a.Content)
		switch {
		case a.given:
			id = int(a.ID)
		case !ok:
			id = next
			next++
		}
		t.addedIDs[a.Content] = id
		t.addedByID[id] = a // of several descriptions of a token the last one counts
		a.ID = int64(id)
		if isSpecial[a.Content] {
			t.special[id] = true
		} else {
			plain = append(plain, a)
		}
		t.size = max(t.size, id+1)
	}
	t.isAdded = make([]bool, t.size)
	for id := range t.addedByID {
		t.isAdded[id] = true
	}
	for id := range t.special {
		t.isAdded[id] = true
	}
	return t.findAdded(append(special, plain...))
}

// findAdded makes the sets that find added tokens in texts. Of several with one
// text the first one is found.
func (t *Tokenizer) findAdded(tokens []*addedToken) error {
	var sets [2][]*addedToken
	var texts [2][]string
	size := 0
	for _, a := range tokens {
		size += len(a.Content)
	}
	// All of them share one budget: a file has many.
	var may budget
	may.begin(nil, size)
	for _, a := range tokens {
		if a.Content == "" {
			continue
		}
		text, kind := a.Content, 0
		if a.Normalized {
			var err error
			if text, err = normalized(&may, t.normalizers, text); err != nil {
				return err
			}
			if !may.take(len(text)) {
				return may.err
			}
			kind = 1
		}
		sets[kind] = append(sets[kind], t.addedByID[t.addedIDs[a.Content]])
		texts[kind] = append(texts[kind], text)
	}
	for kind := range t.added {
		t.added[kind] = newAddedSet(sets[kind], texts[kind])
	}
	return nil
}
