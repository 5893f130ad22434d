package chat

import "strings"

// maxCall bounds the text of one call, which is held back until it is whole.
const maxCall = 1 << 18

// Parser finds calls in an answer that arrives in parts. It knows no format: that
// says where a call opens, and reads what follows. The zero value finds no calls.
type Parser struct {
	format *format
	buf    string
	mark   string // what opened the call that is being read
	inside bool
	begun  bool // text other than white space has gone before
	chain  bool // only white space has come since the last call
}

// NewParser returns a parser for a new answer. A format that is empty or unknown
// finds no calls.
func NewParser(name string) Parser { return Parser{format: formatOf(name)} }

// Write takes the next part of the answer. It returns the text that is no part
// of a call and the calls that have become whole. Text that may begin a call
// is held back.
func (p *Parser) Write(part string) (text string, calls []Call) {
	p.buf += part
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
	emit := func(s string) {
		out.WriteString(s)
		if strings.TrimSpace(s) != "" {
			p.begun, p.chain = true, false
		}
	}
	for {
		if !p.inside {
			at, mark, held := p.format.open(p)
			if at < 0 {
				if final {
					held = 0
				}
				emit(p.buf[:len(p.buf)-held])
				p.buf = p.buf[len(p.buf)-held:]
				return out.String(), calls
			}
			emit(p.buf[:at])
			p.buf, p.mark, p.inside = p.buf[at+len(mark):], mark, true
		}
		found, used, result := p.format.read(p.buf)
		switch {
		case result == needMore && !final && len(p.buf) <= maxCall:
			return out.String(), calls
		case result == isCall:
			calls = append(calls, found...)
			p.buf, p.inside, p.chain = p.buf[used:], false, true
		default:
			emit(p.mark)
			p.inside = false
			if p.mark == "" { // an object that is no call
				emit(p.buf)
				p.buf = ""
			}
		}
	}
}

// find finds a mark. Without one it returns -1 and how much at the end of the text
// may be the beginning of one.
func (p *Parser) find(mark string) (at int, found string, held int) {
	if at = strings.Index(p.buf, mark); at >= 0 {
		return at, mark, 0
	}
	for held = min(len(mark)-1, len(p.buf)); held > 0; held-- {
		if strings.HasSuffix(p.buf, mark[:held]) {
			break
		}
	}
	return -1, "", held
}
