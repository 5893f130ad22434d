package chat

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A template and its messages become one text, in which nothing tells who wrote a
// control token. It is found out by writing the page twice, the second time with
// other characters in place of those of the caller's texts that control tokens begin
// with. Where the first text has such a character and the second its stand-in, the
// caller wrote it; everything else must be the same, or the template looks at the
// texts themselves, and the difference tells nothing. Each stand-in is one character
// for one, so that trimming, cutting, changing case, counting and JSON do not matter.

// standIns is the first of the private-use characters that stand in for others.
const standIns = 0xF0000

// maxLooked bounds how many tokens are tried one by one.
const maxLooked = 16

// ErrIndistinct means that the second page differs in more than stand-ins.
var ErrIndistinct = errors.New("the template looks at the texts of the messages, so that control tokens in them cannot be told from its own")

// Control is a token that templates write to steer the model.
type Control struct {
	Text    string
	Special bool
}

// Span is a part of a text in bytes.
type Span struct{ Start, End int }

// Sanitized is a conversation as Render writes it.
type Sanitized struct {
	Text string
	// Spans are the control tokens of the text that the caller has written.
	Spans []Span

	tokens *sanitizer
	marks  map[int]bool
}

// Owner says who has written the character at a place of the text: the caller or the
// template. It is known of those that control tokens begin with.
func (s *Sanitized) Owner(at int) (caller, known bool) {
	if s.marks[at] {
		return true, true
	}
	r, _ := utf8.DecodeRuneInString(s.Text[at:])
	_, known = s.tokens.standIn(r)
	return false, known && (!isWord(r) || s.tokens.cased(s.Text[at:]))
}

// Sanitize writes a conversation as Render does, and says where in the text the
// caller has written control tokens.
//
// A token that is not special, such as </think>, may be one that the template looks
// for in messages. It is the template's then, as the template made of it.
func (c *Cache) Sanitize(ctx context.Context, template string, vars *Variables, now func() time.Time, tokens []Control) (*Sanitized, error) {
	p, err := c.page(ctx, template, vars)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	moment := now() // of both pages, which must not differ by a second
	now = func() time.Time { return moment }
	text, err := p.write(ctx, nil, now)
	if err != nil {
		return nil, err
	}
	s := newSanitizer(tokens)
	marks, ok, err := s.try(ctx, p, text, now)
	if err == nil && !ok {
		marks, err = s.tryEach(ctx, p, text, now)
	}
	if err != nil {
		return nil, err
	}
	return &Sanitized{Text: text, Spans: s.spans(text, marks), tokens: s, marks: marks}, nil
}

// sanitizer finds control tokens.
type sanitizer struct {
	tokens trie
	words  []string // the tokens that begin with a letter, a digit or a space
	first  []rune   // what tokens begin with, sorted; the index is that of the stand-in
	// kept are tokens that are left in the caller's texts.
	kept map[string]bool
	// looked are the tokens that are not special in the caller's texts.
	looked map[string]bool
}

// trie finds the longest token at the beginning of a text.
type trie struct {
	next  map[byte]*trie
	token *Control
}

// add adds a token.
func (t *trie) add(token Control) {
	for i := range len(token.Text) {
		if t.next == nil {
			t.next = map[byte]*trie{}
		}
		if t.next[token.Text[i]] == nil {
			t.next[token.Text[i]] = &trie{}
		}
		t = t.next[token.Text[i]]
	}
	t.token = &token
}

// at returns the longest token at the beginning of a text, nil where there is
// none.
func (t *trie) at(text string) (found *Control) {
	for i := 0; t != nil; i++ {
		if t.token != nil {
			found = t.token
		}
		if i == len(text) {
			break
		}
		t = t.next[text[i]]
	}
	return found
}

func newSanitizer(tokens []Control) *sanitizer {
	s := &sanitizer{kept: map[string]bool{}, looked: map[string]bool{}}
	for _, t := range tokens {
		if t.Text == "" {
			continue
		}
		s.tokens.add(t)
		r, _ := utf8.DecodeRuneInString(t.Text)
		s.first = append(s.first, r)
		if isWord(r) {
			s.words = append(s.words, t.Text)
		}
	}
	slices.Sort(s.first)
	s.first = slices.Compact(s.first)
	return s
}

// isWord reports what templates ask for at the beginning of a text, in words that
// they compare with.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSpace(r) }

// cased reports whether a word that is a token, in any case, begins a text.
func (s *sanitizer) cased(text string) bool {
	return slices.ContainsFunc(s.words, func(w string) bool { return len(text) >= len(w) && strings.EqualFold(text[:len(w)], w) })
}

// change puts stand-ins into a text of the caller. A token that begins with a
// letter or a space is only looked for as a whole.
func (s *sanitizer) change(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		number, ok := s.standIn(r)
		if ok {
			kept := false
			if t := s.tokens.at(text[i:]); t != nil && !t.Special {
				s.looked[t.Text] = true
				kept = s.kept[t.Text]
			}
			ok = !kept && (!isWord(r) || s.cased(text[i:]))
		}
		if ok {
			b.WriteRune(standIns + rune(number))
		} else {
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// standIn returns the number of the stand-in of a character that tokens begin
// with, or of the same character in the other case.
func (s *sanitizer) standIn(r rune) (int, bool) {
	for _, c := range []rune{r, unicode.ToLower(r), unicode.ToUpper(r)} {
		if number, ok := slices.BinarySearch(s.first, c); ok {
			return number, true
		}
	}
	return 0, false
}

// try writes the page with stand-ins and returns where they are in the text. It
// reports whether the two agree otherwise.
func (s *sanitizer) try(ctx context.Context, p *page, text string, now func() time.Time) (marks map[int]bool, ok bool, err error) {
	changed := false
	other, err := p.write(ctx, func(t string) string {
		c := s.change(t)
		changed = changed || c != t
		return c
	}, now)
	if ended := ctx.Err(); ended != nil {
		return nil, false, ended
	}
	if !changed {
		return nil, err == nil, err
	}
	if err != nil { // it did not fail with the caller's own texts
		return nil, false, nil //nolint:nilerr // the page with stand-ins has failed, not the caller's
	}
	marks, ok = s.align(text, other)
	return marks, ok, nil
}

// tryEach finds the tokens that the template looks for, one by one, and writes the
// page with stand-ins for all others.
func (s *sanitizer) tryEach(ctx context.Context, p *page, text string, now func() time.Time) (map[int]bool, error) {
	looked := slices.Sorted(maps.Keys(s.looked))
	if len(looked) == 0 || len(looked) > maxLooked {
		return nil, ErrIndistinct
	}
	kept := map[string]bool{}
	for _, token := range looked {
		s.kept = map[string]bool{}
		for _, other := range looked {
			s.kept[other] = other != token
		}
		_, ok, err := s.try(ctx, p, text, now)
		if err != nil {
			return nil, err
		}
		kept[token] = !ok
	}
	s.kept = kept
	marks, ok, err := s.try(ctx, p, text, now)
	if err == nil && !ok {
		err = ErrIndistinct
	}
	return marks, err
}

// align returns where a text has a character and the other one its stand-in. It
// reports whether they are the same otherwise.
func (s *sanitizer) align(text, other string) (map[int]bool, bool) {
	marks := map[int]bool{}
	i, j := 0, 0
	for i < len(text) && j < len(other) {
		a, m := utf8.DecodeRuneInString(text[i:])
		b, n := utf8.DecodeRuneInString(other[j:])
		if b == '\\' && !strings.HasPrefix(text[i:], other[j:min(j+2, len(other))]) {
			b, n = escapedStandIn(other[j:])
		}
		number := int(b) - standIns
		switch {
		case a != b && number >= 0 && number < len(s.first) && strings.EqualFold(string(a), string(s.first[number])):
			marks[i] = true
		case a != b || a == utf8.RuneError && text[i] != other[j]:
			return nil, false
		}
		i, j = i+m, j+n
	}
	return marks, i == len(text) && j == len(other)
}

// escapes are how a stand-in begins where it is written in ASCII, up to its last two
// digits: by JSON, and by Python's repr, as of a text in a list.
var escapes = []string{`\udb80\udc`, `\U000f00`}

// escapedStandIn reads a stand-in that is escaped.
func escapedStandIn(text string) (r rune, size int) {
	for _, begin := range escapes {
		digits, ok := strings.CutPrefix(text, begin)
		if !ok || len(digits) < 2 {
			continue
		}
		if number, err := strconv.ParseUint(digits[:2], 16, 8); err == nil {
			return standIns + rune(number), len(begin) + 2
		}
	}
	return utf8.RuneError, 1
}

// spans returns the control tokens of a text whose first character the caller
// wrote.
func (s *sanitizer) spans(text string, marks map[int]bool) []Span {
	var spans []Span
	if len(marks) == 0 {
		return nil
	}
	for i := 0; i < len(text); {
		token := s.tokens.at(text[i:])
		if token == nil {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		end := i + len(token.Text)
		if marks[i] {
			spans = append(spans, Span{i, end})
		}
		i = end
	}
	return spans
}
