package chat

import (
	"bytes"
	"slices"
	"sort"
)

// Places are counted from the beginning of the answer, so that what is known of them
// stays true when text before them is passed on. Every byte of an answer is looked at
// a fixed number of times, however many marks there are and however it is cut.

// none is the place of what has not been found.
const none = -1

// seeker finds the next place of something. It goes on where it stopped when more text
// has come, and gives the same place again to those who ask from before it.
type seeker struct {
	from, at int // nothing is found between them
	found    bool
}

// next returns the first place from a place on that find finds. A match that the end
// of the text may have cut begins at most overlap bytes before it.
func (k *seeker) next(p *Parser, from int, find func(text []byte) int, overlap int) int {
	if from < k.from || from > k.at {
		*k = seeker{from: from, at: from}
	}
	if k.found {
		return k.at
	}
	text := p.text(k.at, p.end())
	i := find(text)
	if k.found = i >= 0; k.found {
		p.looked += i
		k.at += i
		return k.at
	}
	p.looked += len(text)
	k.at += max(0, len(text)-overlap)
	return none
}

// word finds a text.
func (k *seeker) word(p *Parser, from int, word string) int {
	return k.next(p, from, func(text []byte) int { return bytes.Index(text, []byte(word)) }, len(word)-1)
}

// solid finds what is no white space of JSON.
func (k *seeker) solid(p *Parser, from int) int {
	return k.next(p, from, func(text []byte) int {
		if i := len(text) - len(bytes.TrimLeft(text, " \t\r\n")); i < len(text) {
			return i
		}
		return none
	}, 0)
}

// maxDepth is the depth from which on encoding/json reads nothing.
const maxDepth = 10000

// brackets finds the ends of objects and lists. It counts brackets outside of strings,
// of either kind: whether they fit is for the reader of the JSON to say. It keeps those
// inside others too: a mark in a string can make one of them the next to be read.
type brackets struct {
	at              int // the place behind what was read
	quoted, escaped bool
	opened          []bracket // in their order
	open            []int     // those in opened that have no end yet
	over            bool      // the first has ended, or none of them can be JSON
	// lenient has it go on behind what no JSON has.
	lenient bool
	wrong   int // where reading JSON failed
}

// bracket is where an object or a list begins and the place behind it: 0 where that
// has not come, none where the object can be no JSON.
type bracket struct{ at, end int }

// find returns the bracket at a place, nil where none of its own is there.
func (b *brackets) find(at int) *bracket {
	i := sort.Search(len(b.opened), func(i int) bool { return b.opened[i].at >= at })
	if i == len(b.opened) || b.opened[i].at != at {
		return nil
	}
	return &b.opened[i]
}

// read goes on as far as the text goes.
func (b *brackets) read(p *Parser) {
	if b.over {
		return
	}
	for _, c := range p.text(b.at, p.end()) {
		b.step(c)
		b.at++
		if p.looked++; b.over {
			return
		}
	}
}

// step reads one byte.
func (b *brackets) step(c byte) {
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted && c == '\\':
		b.escaped = true
	case c == '"':
		b.quoted = !b.quoted
	case b.quoted:
	case c == '{' || c == '[':
		b.push()
	case c == '}' || c == ']':
		last := len(b.open) - 1
		if at := b.open[last]; b.opened[at].end == 0 {
			b.opened[at].end = b.at + 1
		}
		b.open = b.open[:last]
		b.over = last == 0
	case !b.lenient && bytes.IndexByte(outside, c) < 0:
		for _, at := range b.open {
			b.opened[at].end = none
		}
		b.over = true
	}
}

// outside are the bytes that JSON has outside of strings, but for quotation marks and
// brackets. No mark is made of them alone: of two objects that both reach behind the
// next mark, one has it outside of a string. It ends there, as nothing that is JSON.
var outside = []byte(" \t\r\n:,+-.0123456789eEtrufalsn")

// push takes an opening bracket. One that is too deep makes another too high.
func (b *brackets) push() {
	b.open = append(b.open, len(b.opened))
	b.opened = append(b.opened, bracket{at: b.at})
	if high := len(b.open) - 1 - maxDepth; high >= 0 && !b.lenient {
		b.opened[b.open[high]].end = none
	}
}

// object returns the place behind the object or the list at a place: 0 where it has
// not come, none where it is no JSON whatever follows. Two are read side by side: the
// string of one can be the outside of the other.
func (p *Parser) object(at int) (b *brackets, end int) {
	lenient := p.mark == "" // all of it is held back: it is text to its end, or a call
	for i := range p.objects {
		b = &p.objects[i]
		b.over = b.over || b.at <= p.base // its text has gone
		b.read(p)
		if known := b.find(at); known != nil && b.lenient == lenient {
			return b, known.end
		}
	}
	b = &p.objects[0]
	if other := &p.objects[1]; other.over && (!b.over || other.at < b.at) {
		b = other
	}
	*b = brackets{at: at, lenient: lenient, opened: b.opened[:0], open: b.open[:0]}
	b.read(p)
	return b, b.opened[0].end
}

// tags are the places of the tags of calls before one </tool_call>. Many marks can
// share it, and what has failed behind one of them is not read again behind the next.
type tags struct {
	stop                                 int
	functions, parameters, closed, angle []int
	failed                               map[int]bool // tags behind which something is missing
}

// The tags in a call of Hermes' other form.
const (
	openFunction  = "<function="
	openParameter = "<parameter="
	endParameter  = "</parameter>"
)

// known makes them those before a stop.
func (t *tags) known(p *Parser, from, stop int) {
	if t.stop == stop {
		return
	}
	p.looked += 4 * (stop - from)
	text := p.text(from, stop)
	*t = tags{
		stop: stop, functions: places(text, openFunction, from), parameters: places(text, openParameter, from),
		closed: places(text, endParameter, from), angle: places(text, ">", from), failed: map[int]bool{},
	}
}

// fit reports whether each tag behind a place has its end.
func (t *tags) fit(p *Parser, from int) bool {
	function := following(t.functions, from)
	if function == none || t.failed[function] {
		return false
	}
	angle := following(t.angle, function+len(openFunction))
	ok := angle != none && len(bytes.TrimSpace(p.text(function+len(openFunction), angle))) > 0
	seen := []int{function}
	for ok {
		at := following(t.parameters, angle+1)
		if at == none {
			return true
		}
		p.looked++
		seen = append(seen, at)
		closed := none
		if angle = following(t.angle, at+len(openParameter)); angle != none {
			closed = following(t.closed, angle+1)
		}
		ok = closed != none && !t.failed[at]
		angle = closed + len(endParameter) - 1
	}
	for _, at := range seen {
		t.failed[at] = true
	}
	return false
}

// places returns all places of a word in a text that begins at a place.
func places(text []byte, word string, from int) (list []int) {
	for at := 0; ; at += len(word) {
		i := bytes.Index(text[at:], []byte(word))
		if i < 0 {
			return list
		}
		at += i
		list = append(list, from+at)
	}
}

// following returns the first of the places from a place on.
func following(list []int, from int) int {
	i, _ := slices.BinarySearch(list, from)
	if i == len(list) {
		return none
	}
	return list[i]
}
