package chat

import (
	"bytes"
	"strings"
)

// maxCall bounds the text of one call, which is held back until it is whole.
const maxCall = 1 << 18

// Parser finds calls in an answer that arrives in parts. It knows no format: that
// says where a call opens, and reads what follows. The zero value finds no calls.
type Parser struct {
	format *format
	buf    []byte
	base   int    // the place of buf in the answer
	mark   string // what opened the call that is being read
	inside bool
	begun  bool // text other than white space has gone before
	chain  bool // only white space has come since the last call

	// What is known of the text in buf.
	solid, stop, behind seeker
	objects             [2]brackets
	tags                tags
	name                name
	looked              int // bytes that were looked at, those twice counted twice
}

// end returns the place behind what has come of the answer.
func (p *Parser) end() int { return p.base + len(p.buf) }

// text returns what is between two places.
func (p *Parser) text(at, end int) []byte { return p.buf[at-p.base : end-p.base] }

// NewParser returns a parser for a new answer. A format that is empty or unknown
// finds no calls.
func NewParser(name string) Parser { return Parser{format: formatOf(name)} }

// Write takes the next part of the answer. It returns the text that is no part
// of a call and the calls that have become whole. Text that may begin a call
// is held back.
func (p *Parser) Write(part string) (text string, calls []Call) {
	p.buf = append(p.buf, part...)
	return p.run(false)
}

// Close ends the answer. A call that has no end, or that is malformed, is
// returned as the text that it is.
func (p *Parser) Close() (text string, calls []Call) {
	text, calls = p.run(true)
	*p = Parser{format: p.format}
	return text, calls
}

// progress is what reading a call came to.
type progress int

const (
	needMore progress = iota // the text has no end yet
	isCall                   // it is one call or several
	notCall                  // whatever follows, it is text
)

// run reads as far as the text goes; final says that no more will come.
func (p *Parser) run(final bool) (text string, calls []Call) {
	var out strings.Builder
	if p.format == nil {
		p.format = noFormat
	}
	for p.opened(&out, final) {
		found, end, result := p.format.read(p)
		switch {
		case result == needMore && !final && len(p.buf) <= maxCall:
			return out.String(), calls
		case result == isCall:
			calls = append(calls, found...)
			p.skip(end - p.base)
			p.inside, p.chain = false, true
		default:
			p.reject(&out)
		}
	}
	return out.String(), calls
}

// opened passes text on up to where a call opens. It reports false where none does;
// what may begin one is then held back, unless no more will come.
func (p *Parser) opened(out *strings.Builder, final bool) bool {
	if p.inside {
		return true
	}
	at, mark, held := p.format.open(p)
	if at < 0 {
		if final {
			held = 0
		}
		p.emit(out, len(p.buf)-held)
		return false
	}
	p.emit(out, at)
	p.skip(len(mark))
	p.mark, p.inside = mark, true
	return true
}

// emit passes the first n bytes on as text.
func (p *Parser) emit(out *strings.Builder, n int) {
	p.say(out, string(p.buf[:n]))
	p.skip(n)
}

// skip leaves the first n bytes behind.
func (p *Parser) skip(n int) { p.buf, p.base = p.buf[n:], p.base+n }

// say passes a text on. White space alone neither begins an answer nor ends a row of
// calls: models write line breaks around them.
func (p *Parser) say(out *strings.Builder, s string) {
	p.looked += len(s)
	out.WriteString(s)
	if strings.TrimSpace(s) != "" {
		p.begun, p.chain = true, false
	}
}

// reject makes the mark of what is no call text again. The text behind it is looked
// at anew, since another mark can be in it; without a mark all of it is text, or the
// same object would be found for ever.
func (p *Parser) reject(out *strings.Builder) {
	p.say(out, p.mark)
	p.inside = false
	if p.mark == "" {
		p.emit(out, len(p.buf))
	}
}

// find finds a mark. Without one it returns -1 and how much at the end of the text
// may be the beginning of one.
func (p *Parser) find(mark string) (at int, found string, held int) {
	if at = bytes.Index(p.buf, []byte(mark)); at >= 0 {
		p.looked += at
		return at, mark, 0
	}
	p.looked += len(p.buf)
	for held = min(len(mark)-1, len(p.buf)); held > 0; held-- {
		if bytes.HasSuffix(p.buf, []byte(mark[:held])) {
			break
		}
	}
	return -1, "", held
}
