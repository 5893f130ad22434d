package pretokenizer

import "github.com/gocoreml/coreml/tokenizer/internal/pattern"

// behavior says what becomes of the matches of a pattern.
type behavior int

// The behaviors, for "a-b" cut at the dash: a, -, b; a, b; a-, b; a, -b; and for
// contiguous as isolated, but neighbouring matches stay together.
const (
	isolated behavior = iota
	removed
	mergedWithPrevious
	mergedWithNext
	contiguous
)

// behaviors are those by the names that the file has.
var behaviors = map[string]behavior{
	"Isolated": isolated, "Removed": removed, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

// Cut appends the pieces that the matches of a text make of it. Pieces of nothing may be
// among them; the caller leaves those out.
func (b behavior) Cut(dst []Range, matches []pattern.Match) []Range {
	switch b {
	case removed:
		return others(dst, matches)
	case mergedWithNext:
		return joinNext(dst, matches)
	case mergedWithPrevious:
		return joinPrevious(dst, matches)
	case contiguous:
		return joinEqual(dst, matches)
	case isolated:
	}
	for _, m := range matches {
		dst = append(dst, Range{m.Start, m.End})
	}
	return dst
}

// others appends what lies between the matches.
func others(dst []Range, matches []pattern.Match) []Range {
	for _, m := range matches {
		if !m.Hit {
			dst = append(dst, Range{m.Start, m.End})
		}
	}
	return dst
}

// joinNext makes one piece of a match and what follows it. Of several matches in a
// row only the last has something that follows.
func joinNext(dst []Range, matches []pattern.Match) []Range {
	for i := 0; i < len(matches); i++ {
		m := matches[i]
		if m.Hit && i+1 < len(matches) && !matches[i+1].Hit {
			i++
			m.End = matches[i].End
		}
		dst = append(dst, Range{m.Start, m.End})
	}
	return dst
}

// joinPrevious makes one piece of a match and what is before it. Of several matches
// in a row only the first has something before it.
func joinPrevious(dst []Range, matches []pattern.Match) []Range {
	hit := false // whether the last one was a match
	for i, m := range matches {
		if m.Hit && !hit && i > 0 {
			dst[len(dst)-1].End = m.End
		} else {
			dst = append(dst, Range{m.Start, m.End})
		}
		hit = m.Hit
	}
	return dst
}

// joinEqual makes one piece of neighbours of one kind: of matches in a row, or, where
// the pattern is inverted, of what lies between.
func joinEqual(dst []Range, matches []pattern.Match) []Range {
	for i, m := range matches {
		if i > 0 && m.Hit == matches[i-1].Hit {
			dst[len(dst)-1].End = m.End
			continue
		}
		dst = append(dst, Range{m.Start, m.End})
	}
	return dst
}
