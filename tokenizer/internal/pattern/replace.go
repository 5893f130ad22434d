package pattern

import (
	"errors"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// ReplaceAll replaces the matches of m. The replacement is a text: the reference reads
// no $1 in it.
func ReplaceAll(may *budget.Budget, m Matcher, s, with string) string {
	if s == "" {
		return "" // nothing is found in no text, not even nothing
	}
	if l, ok := m.(Literal); ok {
		if l.Text == "" {
			return s
		}
		return ReplaceLiteral(may, s, l.Text, with)
	}
	matches, err := m.Find(may, nil, s)
	if err != nil {
		may.Fail(err)
		return ""
	}
	size, ok := replacedSize(may, matches, len(with))
	if !ok {
		return ""
	}
	var b strings.Builder
	b.Grow(size)
	for _, r := range matches {
		if !may.Spend(1) {
			return ""
		}
		if r.Hit {
			b.WriteString(with)
		} else {
			b.WriteString(s[r.Start:r.End])
		}
	}
	return b.String()
}

// replacedSize returns the size of a text whose matches are replaced by n bytes each:
// known before it is made, so that nothing is allocated that does not fit.
func replacedSize(may *budget.Budget, matches []Match, n int) (size int, ok bool) {
	for _, r := range matches {
		if r.Hit {
			size += n
		} else {
			size += int(r.End - r.Start)
		}
		if !may.Spend(1) || !may.Fits(size) {
			return 0, false
		}
	}
	return size, true
}

// ReplaceLiteral replaces a text that is not empty by another one.
func ReplaceLiteral(may *budget.Budget, s, old, with string) string {
	// The result is measured before it is made, and searching is cheap.
	n := strings.Count(s, old)
	size := len(s) + n*(len(with)-len(old))
	if n == 0 || !may.Spend(len(s)/16+n+size/16) || !may.Fits(size) {
		return s
	}
	if n < budget.LookAfter {
		return strings.ReplaceAll(s, old, with)
	}
	out := make([]byte, 0, size)
	last := 0
	for range n {
		at := following(s, old, last)
		if out = append(append(out, s[last:at]...), with...); !may.Spend(1) {
			return s
		}
		last = at + len(old)
	}
	return string(append(out, s[last:]...))
}

// following returns where a text is found next, from a place on; -1 if it is not.
func following(s, text string, from int) int {
	if i := strings.Index(s[from:], text); i >= 0 {
		return from + i
	}
	return -1
}

// ErrPlaceless says that a step put something before the text that has no place
// in the original. What later steps do with it depends on that, so they have to
// trace the places.
var ErrPlaceless = errors.New("tokenizer: part of a text has no place in the original")

// ReplaceText is ReplaceAll for a normalizer, after which others may come. A match of
// nothing at the start of a text is where the replacement has no place.
func ReplaceText(may *budget.Budget, m Matcher, s, with string) string {
	if _, ok := m.(regexMatcher); ok && with != "" && s != "" {
		matches, err := m.Find(may, nil, s)
		if err == nil && len(matches) > 0 && matches[0].Hit && matches[0].End == 0 {
			err = ErrPlaceless
		}
		if err != nil {
			may.Fail(err)
			return ""
		}
	}
	return ReplaceAll(may, m, s, with)
}
