package grammar

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// Matcher follows one text of a grammar token by token. It is not safe for concurrent
// use; a copy goes on by itself.
type Matcher struct {
	g     *Grammar
	v     *Vocabulary
	state rules.State
	first bool
}

// ErrToken says that a token may not follow in a text.
var ErrToken = errors.New("the token does not fit the grammar")

// NewMatcher returns a matcher at the beginning of a text.
func NewMatcher(g *Grammar, v *Vocabulary) *Matcher {
	return &Matcher{g: g, v: v, state: g.start(), first: true}
}

// Behind says that some other text stands before that of the grammar, so that its first
// token is one behind others.
func (m *Matcher) Behind() { m.first = false }

// Mask returns the tokens that may follow.
func (m *Matcher) Mask() *Mask {
	return m.cache().mask(m.state)
}

// cache returns the masks of the tokens that are next.
func (m *Matcher) cache() *maskCache { return m.g.caches().of(m.v.tokens(m.first)) }

// caches returns those of a grammar, and of a nil one new ones.
func (g *Grammar) caches() *maskCaches {
	if g == nil {
		return &maskCaches{}
	}
	return &g.masks
}

// Accept reads a token and returns its bytes. [ErrToken] and an error about a limit of
// the grammar leave the matcher as it was.
func (m *Matcher) Accept(id int) (string, error) {
	text := m.v.Bytes(id, m.first)
	if text == "" && m.first && m.v.Bytes(id, false) != "" {
		m.first = false // it stands for the beginning of the text
		return "", nil
	}
	if text == "" {
		return "", fmt.Errorf("token %d, which is no text: %w", id, ErrToken)
	}
	return text, m.Write(text)
}

// Write reads a text, which need not end with a character. After an error the matcher is
// as it was.
func (m *Matcher) Write(text string) error {
	s, err := follow(m.state, text)
	if err != nil {
		return err
	}
	m.state, m.first = s, false
	return nil
}

// follow reads a text from a state on.
func follow(s rules.State, text string) (rules.State, error) {
	for k := range len(text) {
		if s = s.Step(text[k]); s.Dead() {
			if err := s.Err(); err != nil {
				return s, public(err)
			}
			return s, ErrToken
		}
	}
	return s, nil
}

// CanEnd reports whether the text may end here.
func (m *Matcher) CanEnd() bool { return m.state.CanEnd() }

// IsWhole reports whether the text has to end here: it may, and nothing may follow.
func (m *Matcher) IsWhole() bool { return m.state.CanEnd() && len(m.state.Next()) == 0 }

// Forced returns the text that has to follow, at most limit bytes of it.
func (m *Matcher) Forced(limit int) string {
	var text []byte
	for s := m.state; len(text) < limit; {
		b, ok := s.Only()
		if !ok {
			break
		}
		text, s = append(text, b), s.Step(b)
	}
	return string(text)
}

// Following returns texts that may stand behind a text that may follow here, for one who
// wants to know what the text is like before some others: nothing, if the text may end
// there, and characters of several kinds, at most n.
func (m *Matcher) Following(text string, n int) []string {
	s, err := follow(m.state, text)
	if err != nil {
		return nil
	}
	var all []string
	if s.CanEnd() {
		all = append(all, "")
	}
	var allowed [256]bool
	for _, b := range s.Next() {
		allowed[b] = true
	}
	// Of each kind the first ones, kind after kind.
	for _, kind := range []string{"a0 \"\n", "eA1{[,:-.}](/", "stnTS25<'_\\=+*&%$#@!?;"} {
		for _, c := range []byte(kind) {
			if allowed[c] && len(all) < n {
				all = append(all, string(rune(c)))
				allowed[c] = false
			}
		}
	}
	for c := byte(0); c < 0x80 && len(all) < n; c++ {
		if allowed[c] {
			all = append(all, string(rune(c)))
		}
	}
	return all
}

// maxEnding is the most bytes of a text that is looked at to find out whether an answer
// can end in time.
const maxEnding = 1 << 12

// longText is how many bytes of an ending a token is trusted to have at most.
const longText = 16

// CanEndWithin reports whether it is certain that n further tokens can lead to an end.
func (m *Matcher) CanEndWithin(n int) bool { return m.v.canEndWithin(m.state, m.first, n) }

// canEndWithin spells a shortest text to an end with the longest tokens that fit. Where
// that does not take more tokens than there are, the end can be reached.
func (v *Vocabulary) canEndWithin(s rules.State, first bool, n int) bool {
	if s.CanEnd() {
		return true
	}
	least := s.Shortest()
	switch {
	case n <= 0 || least > maxEnding || least > longText*n:
		return false
	case least <= n && v.tokens(first).everyByte:
		return true
	}
	text, ok := s.Ending(maxEnding)
	if !ok {
		return false
	}
	for text != "" && n > 0 {
		size := v.tokens(first).longest(text)
		if size == 0 {
			return false
		}
		text, first, n = text[size:], false, n-1
	}
	return text == ""
}

// longest returns the bytes of the longest token that text begins with.
func (t *tokens) longest(text string) int {
	r, size := &t.tree, 0
	for n, d := 0, 0; n < len(r.char) && d < len(text); {
		if r.char[n] != text[d] {
			// The next of those beside it, or the end where there is none.
			next := int(r.next[n])
			if next >= len(r.char) || int(r.depth[next]) != d+1 {
				break
			}
			n = next
			continue
		}
		if d++; r.first[n] < r.first[n+1] {
			size = d
		}
		if n++; n >= len(r.char) || int(r.depth[n]) != d+1 {
			break
		}
	}
	return size
}

// Ending returns the tokens that may follow such that n tokens more, one of these among
// them, can lead to an end. It takes longer than [Matcher.Mask] and is not kept.
func (m *Matcher) Ending(n int) *Mask {
	t := m.v.tokens(m.first)
	words := make([]uint64, (len(t.text)+63)/64)
	known := map[rules.State]bool{}
	t.tree.walkStates(m.state, func(ids []int32, s rules.State) {
		ok, seen := known[s]
		if !seen {
			ok = m.v.canEndWithin(s, false, n-1)
			known[s] = ok
		}
		if ok {
			for _, id := range ids {
				words[id/64] |= 1 << (id % 64)
			}
		}
	})
	return newMask(words, m.state.CanEnd())
}

// Vocabulary returns the vocabulary whose tokens the matcher reads.
func (m *Matcher) Vocabulary() *Vocabulary { return m.v }
