package fnmatch

import (
	"slices"
	"sort"
)

// class is a set of characters.
type class struct {
	ranges  []span // sorted, apart from each other
	negated bool
}

type span struct{ low, high rune }

func (c *class) match(r rune) bool {
	i := sort.Search(len(c.ranges), func(i int) bool { return r <= c.ranges[i].high })
	in := i < len(c.ranges) && c.ranges[i].low <= r
	return in != c.negated
}

// compileClass reads what stands between brackets in the two steps of Python: the
// text is rewritten into a class of a regular expression, and that is read. Oddities
// come of the first step: "[z-ab]" loses its empty range and is "[b]", and
// "[z-a!b]" becomes "[!b]" that way, which is negated.
func compileClass(content []rune) item {
	chars := rewrite(content)
	switch {
	case len(chars) == 0:
		return item{nothing: true}
	case len(chars) == 1 && chars[0].is('!'):
		return item{any: true}
	}
	c := &class{}
	if chars[0].is('!') {
		c.negated = true
		chars = chars[1:]
	}
	c.read(chars)
	return item{class: c}
}

// char is a character of the rewritten class. A quoted hyphen is not one that makes
// a range.
type char struct {
	r      rune
	hyphen bool // makes a range where something stands on both sides
}

func (c char) is(r rune) bool { return c.r == r && !c.hyphen }

// rewrite splits the content at hyphens that make ranges and drops ranges that
// are empty.
func rewrite(content []rune) []char {
	chunks := chunk(content)
	for k := len(chunks) - 1; k > 0; k-- {
		before, after := chunks[k-1], chunks[k]
		if before[len(before)-1] > after[0] {
			chunks[k-1] = slices.Concat(before[:len(before)-1], after[1:])
			chunks = slices.Delete(chunks, k, k+1)
		}
	}
	var chars []char
	for i, c := range chunks {
		if i > 0 {
			chars = append(chars, char{r: '-', hyphen: true})
		}
		for _, r := range c {
			chars = append(chars, char{r: r})
		}
	}
	return chars
}

// chunk cuts the content at its hyphens. One that comes first, or last, or right
// after the end of a range is none of those.
func chunk(content []rune) [][]rune {
	if !slices.Contains(content, '-') {
		return [][]rune{content}
	}
	var chunks [][]rune
	start, k := 0, 1
	if content[0] == '!' {
		k = 2
	}
	for k < len(content) {
		next := slices.Index(content[k:], '-')
		if next < 0 {
			break
		}
		k += next
		chunks = append(chunks, content[start:k])
		start = k + 1
		k += 3
	}
	if start < len(content) {
		return append(chunks, content[start:])
	}
	last := len(chunks) - 1
	chunks[last] = append(slices.Clone(chunks[last]), '-')
	return chunks
}

// read takes the rewritten class as Python's regular expressions do.
func (c *class) read(chars []char) {
	for i := 0; i < len(chars); i++ {
		low := chars[i].r
		high := low
		if i+2 < len(chars) && chars[i+1].hyphen {
			high = chars[i+2].r
			i += 2
		}
		c.ranges = append(c.ranges, span{low, high})
	}
	slices.SortFunc(c.ranges, func(a, b span) int { return int(a.low) - int(b.low) })
	merged := c.ranges[:0]
	for _, s := range c.ranges {
		if n := len(merged); n > 0 && s.low <= merged[n-1].high+1 {
			merged[n-1].high = max(merged[n-1].high, s.high)
			continue
		}
		merged = append(merged, s)
	}
	c.ranges = merged
}
