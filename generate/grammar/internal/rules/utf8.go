package rules

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Range is the characters from Lo to Hi, both included.
type Range struct{ Lo, Hi rune }

const maxRune = utf8.MaxRune

// spans are the characters that UTF-8 writes with one byte, with two and so on.
// Surrogates are none.
var spans = []struct {
	lo, hi rune
	more   int // bytes after the first
	lead   byte
}{
	{0, 0x7F, 0, 0x00},
	{0x80, 0x7FF, 1, 0xC0},
	{0x800, 0xD7FF, 2, 0xE0},
	{0xE000, 0xFFFF, 2, 0xE0},
	{0x10000, maxRune, 3, 0xF0},
}

// class returns the expression of one character of ranges, as UTF-8 writes it.
func (t *table) class(ranges []Range) *node {
	ranges = joined(ranges)
	var all []*node
	for _, s := range spans {
		all = append(all, t.sequences(clip(ranges, s.lo, s.hi), s.more, s.lead))
	}
	n := t.or(all...)
	if n.kind != kindNothing {
		n.utf8 = true
	}
	return n
}

// sequences returns the byte sequences of ranges, which all have more bytes after the
// first one, whose marking bits are lead.
func (t *table) sequences(ranges []Range, more int, lead byte) *node {
	var set byteSet
	if more == 0 {
		for _, r := range ranges {
			set.add(lead|byte(r.Lo), lead|byte(r.Hi))
		}
		return t.ofSet(set)
	}
	// First bytes with the same rest go together.
	shift := 6 * more
	firsts := map[*node]*byteSet{}
	var order []*node
	add := func(tail *node, lo, hi byte) {
		if firsts[tail] == nil {
			firsts[tail] = &byteSet{}
			order = append(order, tail)
		}
		firsts[tail].add(lo, hi)
	}
	next := rune(0) // the least first byte that is not done
	for _, r := range ranges {
		for v := max(next, r.Lo>>shift); v <= r.Hi>>shift; v++ {
			next = v + 1
			base := v << shift
			if whole := (r.Hi + 1) >> shift; r.Lo <= base && whole > v {
				// All the characters with these first bytes.
				add(t.continuations(more), lead|byte(v), lead|byte(whole-1))
				next, v = whole, whole-1
				continue
			}
			rest := clip(ranges, base, base+1<<shift-1)
			for k := range rest {
				rest[k].Lo -= base
				rest[k].Hi -= base
			}
			add(t.sequences(rest, more-1, 0x80), lead|byte(v), lead|byte(v))
		}
	}
	all := make([]*node, 0, len(order))
	for _, tail := range order {
		all = append(all, t.concat(t.ofSet(*firsts[tail]), tail))
	}
	return t.or(all...)
}

// continuations returns any n continuation bytes.
func (t *table) continuations(n int) *node {
	made := t.empty
	for range n {
		made = t.concat(t.ofSet(byteSet{2: ^uint64(0)}), made)
	}
	return made
}

// joined returns ranges in order, without overlaps and without empty ones.
func joined(ranges []Range) []Range {
	ranges = slices.DeleteFunc(slices.Clone(ranges), func(r Range) bool { return r.Lo > r.Hi || r.Hi < 0 || r.Lo > maxRune })
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.Lo, b.Lo) })
	var out []Range
	for _, r := range ranges {
		if k := len(out) - 1; k >= 0 && r.Lo <= out[k].Hi+1 {
			out[k].Hi = max(out[k].Hi, r.Hi)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// clip returns the parts of sorted ranges between lo and hi.
func clip(ranges []Range, lo, hi rune) []Range {
	var out []Range
	from, _ := slices.BinarySearchFunc(ranges, lo, func(r Range, lo rune) int { return cmp.Compare(r.Hi, lo) })
	for _, r := range ranges[from:] {
		if r.Lo > hi {
			break
		}
		out = append(out, Range{max(r.Lo, lo), min(r.Hi, hi)})
	}
	return out
}
