package pattern

import (
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Matcher finds the matches of a pattern. It appends ranges that cover s in
// order, both the matches and what lies between them.
type Matcher interface {
	Find(may *budget.Budget, dst []Match, s string) ([]Match, error)
}

// Match is a range of a text; Hit says that the pattern matches it. A range of nothing
// is always a hit: what lies between is left out where there is nothing.
type Match struct {
	Start, End int32
	Hit        bool
}

// Scanner runs a scan at each position in turn. It finds no match of nothing; no
// pattern that is written as a scan has one.
type Scanner struct {
	scan  Scan
	table *uni.Table
}

// Find is that of a [Matcher].
func (m Scanner) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	from, next := 0, budget.LookAfter
	for i := 0; i < len(s); {
		if i >= next {
			if next = i + budget.LookAfter; !may.Spend(budget.LookAfter) {
				return dst, may.Err
			}
		}
		end := m.scan(m.table, s, i)
		if end > i {
			if from < i {
				dst = append(dst, Match{int32(from), int32(i), false})
			}
			dst = append(dst, Match{int32(i), int32(end), true})
			i, from = end, end
			continue
		}
		i += uni.CharLen(s, i)
	}
	if from < len(s) {
		dst = append(dst, Match{int32(from), int32(len(s)), false})
	}
	may.Spend(len(s) % budget.LookAfter)
	return dst, nil
}

// Literal matches a fixed text. An empty one, which as a pattern is found between any two
// characters, is compiled as a pattern for that reason.
type Literal struct{ Text string }

// Find is that of a [Matcher].
func (m Literal) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	from := 0
	for m.Text != "" {
		i := following(s, m.Text, from)
		if i < 0 {
			break
		}
		if !may.Spend(1 + (i-from)/16) {
			return dst, may.Err
		}
		if from < i {
			dst = append(dst, Match{int32(from), int32(i), false})
		}
		from = i + len(m.Text)
		dst = append(dst, Match{int32(i), int32(from), true})
	}
	if from < len(s) {
		dst = append(dst, Match{int32(from), int32(len(s)), false})
	}
	return dst, nil
}

// NewChars returns the pattern of the characters that in accepts, which gets the
// class of each with it.
func NewChars(in func(class uint8, r rune) bool) Chars { return Chars{uni.Classes(), in} }

// NewScanner returns the pattern that a scan finds.
func NewScanner(f Scan) Scanner { return Scanner{f, uni.Classes()} }

// Chars matches single characters. Neighbours are matches of their own: what makes one
// of them is the behavior contiguous.
type Chars struct {
	table *uni.Table
	in    func(class uint8, r rune) bool
}

// Find is that of a [Matcher].
func (m Chars) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	from, next := 0, budget.LookAfter
	for i := 0; i < len(s); {
		if i >= next {
			if next = i + budget.LookAfter; !may.Spend(budget.LookAfter) {
				return dst, may.Err
			}
		}
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if m.in(m.table.Class(r), r) {
			if from < i {
				dst = append(dst, Match{int32(from), int32(i), false})
			}
			dst = append(dst, Match{int32(i), int32(i + n), true})
			from = i + n
		}
		i += n
	}
	if from < len(s) {
		dst = append(dst, Match{int32(from), int32(len(s)), false})
	}
	may.Spend(len(s) % budget.LookAfter)
	return dst, nil
}

// Invert matches what lies between the matches of a pattern.
type Invert struct{ Matcher }

// Find is that of a [Matcher].
func (m Invert) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	dst, err := m.Matcher.Find(may, dst, s)
	for i := range dst {
		dst[i].Hit = !dst[i].Hit
	}
	return dst, err
}

// Length cuts into pieces of so many characters, the last of which may be shorter.
type Length struct{ Size int }

// Find is that of a [Matcher].
func (m Length) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	for start := 0; start < len(s); {
		end := start
		for n := m.Size; n > 0 && end < len(s); n-- {
			_, size := utf8.DecodeRuneInString(s[end:])
			end += size
		}
		if !may.Spend(end - start) {
			return dst, may.Err
		}
		dst = append(dst, Match{int32(start), int32(end), true})
		start = end
	}
	return dst, nil
}
