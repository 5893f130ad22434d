// Package fnmatch matches names of files against patterns as Python's
// fnmatch.fnmatchcase does, and chooses files as huggingface_hub does: '*' and '?'
// cross '/', "[!a-z]" is a negated class, nothing escapes, and a bracket without
// its end is a bracket.
//
// Package path of the standard library has other rules for nearly all of these.
package fnmatch

import "strings"

// Pattern is a compiled pattern. Safe for concurrent use.
type Pattern struct {
	// The pieces between the stars: n stars make n+1 pieces, some of them empty.
	pieces [][]item
}

// item matches one character.
type item struct {
	char    rune // where class is nil and any is false
	any     bool
	class   *class
	nothing bool // an empty class: no character
}

func (it *item) match(c rune) bool {
	switch {
	case it.any:
		return true
	case it.nothing:
		return false
	case it.class != nil:
		return it.class.match(c)
	}
	return it.char == c
}

// Compile never fails: every string is a pattern.
func Compile(pattern string) *Pattern {
	src := []rune(pattern)
	p := &Pattern{pieces: [][]item{nil}}
	add := func(it item) {
		last := len(p.pieces) - 1
		p.pieces[last] = append(p.pieces[last], it)
	}
	for i := 0; i < len(src); {
		c := src[i]
		i++
		switch c {
		case '*':
			// Stars in a row are one.
			if last := len(p.pieces) - 1; last == 0 || len(p.pieces[last]) > 0 {
				p.pieces = append(p.pieces, nil)
			}
		case '?':
			add(item{any: true})
		case '[':
			end := classEnd(src, i)
			if end < 0 {
				add(item{char: '['})
				continue
			}
			add(compileClass(src[i:end]))
			i = end + 1
		default:
			add(item{char: c})
		}
	}
	return p
}

// classEnd returns the index of the ']' that ends a class whose content begins at
// i, or -1. One that comes first is content.
func classEnd(src []rune, i int) int {
	if i < len(src) && src[i] == '!' {
		i++
	}
	if i < len(src) && src[i] == ']' {
		i++
	}
	for ; i < len(src); i++ {
		if src[i] == ']' {
			return i
		}
	}
	return -1
}

// Match says whether the whole of name matches. It takes time in proportion to the
// product of both lengths at worst, whatever the pattern is: each piece is looked
// for once, as early as it can be, and never again.
func (p *Pattern) Match(name string) bool { return p.match([]rune(name)) }

func (p *Pattern) match(name []rune) bool {
	first, last := p.pieces[0], p.pieces[len(p.pieces)-1]
	if len(p.pieces) == 1 {
		return len(first) == len(name) && matchAt(first, name)
	}
	if len(name) < len(first)+len(last) || !matchAt(first, name) {
		return false
	}
	tail := len(name) - len(last)
	if !matchAt(last, name[tail:]) {
		return false
	}
	rest := name[len(first):tail]
	for _, piece := range p.pieces[1 : len(p.pieces)-1] {
		at := find(piece, rest)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return true
}

// find returns the first place where a piece matches, or -1.
func find(piece []item, name []rune) int {
	for at := 0; at+len(piece) <= len(name); at++ {
		if matchAt(piece, name[at:]) {
			return at
		}
	}
	return -1
}

// matchAt says whether name begins with what piece matches.
func matchAt(piece []item, name []rune) bool {
	if len(name) < len(piece) {
		return false
	}
	for i := range piece {
		if !piece[i].match(name[i]) {
			return false
		}
	}
	return true
}

// Filter chooses files by huggingface_hub's rules: a file is taken if one of Allow
// matches it, or Allow is nil, and none of Ignore does. An Allow that is empty but
// not nil takes nothing, as Python's empty list does.
type Filter struct {
	allow, ignore patterns
	all           bool
}

// patterns are matched one after another, but for those that match one name only:
// there may be as many of these as files.
type patterns struct {
	names map[string]bool
	other []*Pattern
}

// NewFilter compiles patterns. A pattern that ends in '/' means everything below
// that folder, and backslashes count as '/'.
func NewFilter(allow, ignore []string) *Filter {
	return &Filter{allow: compileAll(allow), ignore: compileAll(ignore), all: allow == nil}
}

func compileAll(given []string) patterns {
	compiled := patterns{names: map[string]bool{}}
	for _, p := range given {
		p = slashed(p)
		if strings.HasSuffix(p, "/") {
			p += "*"
		}
		if name, ok := only(p); ok {
			compiled.names[name] = true
			continue
		}
		compiled.other = append(compiled.other, Compile(p))
	}
	return compiled
}

// only returns the name that a pattern matches and no other. One with a class that
// means anything but itself, as "[*]" does, may match others.
func only(pattern string) (name string, ok bool) {
	src := []rune(pattern)
	plain := make([]rune, 0, len(src))
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '*', c == '?':
			return "", false
		case c != '[':
			plain = append(plain, c)
		case i+2 < len(src) && src[i+2] == ']' && strings.ContainsRune("[*?", src[i+1]):
			plain = append(plain, src[i+1])
			i += 2
		default:
			return "", false
		}
	}
	return string(plain), true
}

func slashed(s string) string { return strings.ReplaceAll(s, `\`, "/") }

// Takes says whether a file is chosen.
func (f *Filter) Takes(name string) bool {
	runes := []rune(slashed(name))
	return (f.all || f.allow.match(runes)) && !f.ignore.match(runes)
}

func (ps *patterns) match(name []rune) bool {
	if len(ps.names) > 0 && ps.names[string(name)] {
		return true
	}
	for _, p := range ps.other {
		if p.match(name) {
			return true
		}
	}
	return false
}
