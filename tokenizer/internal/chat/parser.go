package chat

import (
	"slices"
	"strings"
)

const (
	// maxCall bounds the text of one call, which is held back until it is whole.
	maxCall = 1 << 18
	// maxWaste bounds the text that was read in vain. An answer that was made to
	// cost more has no calls from there on.
	maxWaste = 4 * maxCall
	// maxGap bounds the white space that is held back because it may stand before a
	// join.
	maxGap = 1 << 10
)

// Part is what a part of an answer comes to.
type Part struct {
	// All is what is no part of a call, thinking and its marks with it.
	All string
	// Text is what of it is no thinking, Thinking what is, both without its marks.
	Text, Thinking string
	Calls          []Call
	// Failed are the texts, with their marks, that began as a call and were none. They
	// are part of Text.
	Failed []string
}

// Options are what a [Parser] knows of the answer before it comes.
type Options struct {
	Tools *Tools
	// NoTools says that the prompt named no tools. A call stays text then, without the
	// marks that are hidden; only formats that every answer is written in are read.
	NoTools bool
	// Hidden reports whether a mark is left out of All, as special tokens are left out
	// of texts; nil for none.
	Hidden func(mark string) bool
	// Prompt is what the answer follows. Thinking that it opens goes on in the answer.
	Prompt string
	// Template is the chat template, whose marks of thinking are looked for too.
	Template string
}

// Parser finds calls and thinking in an answer that arrives in parts. It knows no
// format: that says where a call opens, and reads what follows. The zero value finds
// no calls.
type Parser struct {
	format   *format
	options  Options
	thoughts []thinking
	openings words
	brackets words // the openings, and those of loose calls

	text string // what of the answer has not been passed on
	tail []byte // what has come since

	thinking *thinking // that the text is part of
	// While a call is read: the number of bytes in text that opened it, and the mark
	// that the reader sees.
	inside     bool
	opened     int
	mark       string
	thought    bool // it is no call but thinking whose end has to come first
	read       reader
	work, last int // the bytes read for it, and the last time

	begun  bool // text other than white space has come since the beginning, a call or thinking
	chain  bool // only white space has come since the last call
	waste  int  // bytes that were read in vain
	looked int  // bytes that readers have seen, for tests
}

// NewParser returns a parser for a new answer. A format that is empty or unknown
// finds no calls.
func NewParser(name string, options Options) Parser {
	f := formatOf(name)
	if options.NoTools {
		f = f.withoutTools()
	}
	return newParser(f, options)
}

// newParser returns a parser of a format.
func newParser(f *format, options Options) Parser {
	p := Parser{format: f, options: options}
	p.begin()
	return p
}

// Follow says what the answer follows, in the place of the options' Prompt.
func (p *Parser) Follow(prompt string) {
	p.options.Prompt = prompt
	p.begin()
}

// Finds reports whether there is anything to find in the answers: calls, marks around
// texts, or thinking that the format or the template marks.
func (p *Parser) Finds() bool {
	f := p.format
	return len(f.opens) > 0 || f.bare || f.thinking != nil || knowsThinking(p.options.Template)
}

// begin makes the parser ready for an answer.
func (p *Parser) begin() {
	if p.format == nil {
		p.format = noFormat
	}
	p.thoughts = p.format.thoughts(p.options.Template)
	p.openings = slices.Clone(p.format.opens)
	for _, t := range p.thoughts {
		p.openings = append(p.openings, t.open)
	}
	if p.format.loose != nil {
		p.brackets = append(slices.Clone(p.openings), p.format.loose.opens...)
	}
	p.thinking = opened(p.thoughts, p.options.Prompt)
}

// IsMark reports whether a special token is one that the parser looks for.
func (p *Parser) IsMark(token string) bool {
	if p.format == nil || token == "" {
		return false
	}
	return slices.Contains(p.format.marks, token) || slices.ContainsFunc(p.thoughts, func(t thinking) bool { return t.hasToken(token) })
}

// IsThinking reports whether the text that comes next is thinking.
func (p *Parser) IsThinking() bool { return p.thinking != nil }

// EndsThinking reports whether a token is the mark that ends the thinking of which the
// answer is a part just now.
func (p *Parser) EndsThinking(token string) bool {
	return p.thinking != nil && p.thinking.end == token && token != ""
}

// Write takes the next part of the answer. Text that may begin a call is held back.
func (p *Parser) Write(part string) Part {
	if p.format == nil {
		p.begin()
	}
	p.tail = append(p.tail, part...)
	if p.inside && !p.due(part) {
		return Part{}
	}
	return p.run(false)
}

// Close ends the answer. What is no whole call is returned as the text that it is.
func (p *Parser) Close() Part {
	if p.format == nil {
		p.begin()
	}
	part := p.run(true)
	*p = newParser(p.format, p.options)
	return part
}

// due reports whether to read the call again, now that a part has come. It can have
// come to its end only with one of the format's bytes; that is worth reading it up to
// sixteen times over. All else waits until there is a sixteenth more.
func (p *Parser) due(part string) bool {
	size := len(p.text) - p.opened + len(p.tail)
	switch {
	case size >= maxCall || size-p.last >= p.last/16 || p.work <= 3*size:
		return true
	}
	return p.work <= 15*size && strings.ContainsAny(part, p.format.ends)
}

// run reads as far as the text goes; final says that no more will come.
func (p *Parser) run(final bool) Part {
	var out output
	p.text += string(p.tail)
	p.tail = p.tail[:0]
	for p.step(&out, final) {
	}
	return out.part()
}

// step reads one thing. It reports false where it takes more text to go on.
func (p *Parser) step(out *output, final bool) bool {
	switch {
	case p.thinking != nil:
		return p.think(out, final)
	case p.inside:
		return p.call(out, final)
	}
	return p.open(out, final)
}

// open passes text on up to where a call or thinking opens. It reports false where none
// does; what may begin one is then held back, unless no more will come.
func (p *Parser) open(out *output, final bool) bool {
	if p.waste > maxWaste {
		p.say(out, len(p.text))
		return false
	}
	if p.format.bare && !p.begun && p.openBare(out, final) {
		return p.inside
	}
	openings := p.openings
	if p.format.loose.finds(p.options.Tools, p.chain) {
		openings = p.brackets
	}
	chain := p.chain
	at, word := openings.next(p.text, final)
	p.say(out, at)
	switch {
	case word == "":
		return false
	case chain && !p.chain: // what is looked for may be another thing now
		return true
	case p.openLoose(word):
		return true
	}
	t := thinkingOf(p.thoughts, word)
	if t != nil && !p.begun {
		p.showMark(out, word)
		p.text, p.thinking = p.text[len(word):], t
		return true
	}
	p.enter(len(word), word)
	if t != nil {
		p.read, p.thought = t.read, true
	}
	return true
}

// openBare opens a call without a mark. It reports false where a mark may be.
func (p *Parser) openBare(out *output, final bool) bool {
	n := space(p.text)
	joined := p.chain && p.format.join != 0
	switch {
	case n == len(p.text) && joined && !final: // the white space before a join is no text
		p.say(out, n-min(n, maxGap))
		return true
	case n == len(p.text):
		p.say(out, n)
		return true
	case joined && p.text[n] == p.format.join:
		p.say(out, n-min(n, maxGap))
		p.enter(space(p.text)+1, "")
		return true
	}
	if word, maybe := p.openings.here(p.text[n:], final); maybe || word != "" {
		return false
	}
	p.say(out, n)
	p.enter(0, "")
	return true
}

// enter begins to read a call that n bytes of text have opened.
func (p *Parser) enter(n int, mark string) {
	p.inside, p.opened, p.mark, p.read, p.thought = true, n, mark, p.format.read, false
	p.work, p.last = 0, 0
}

// call reads a call. Only where more text would be needed is the reader told that none
// will come, so that what that costs does not depend on when it was asked.
func (p *Parser) call(out *output, final bool) bool {
	in := input{text: p.text[p.opened:], mark: p.mark, tools: p.options.Tools}
	if len(in.text) >= maxCall {
		in.text, final = in.text[:maxCall], true
	}
	p.last = len(in.text)
	p.work += p.last
	r := p.read(in)
	if r.is == needMore {
		p.looked += len(in.text)
		if !final {
			return false
		}
		in.final = true
		r = p.read(in)
		p.waste += len(in.text) - r.n
	}
	p.looked += r.n
	if r.is == isCall {
		p.take(out, r)
		return true
	}
	p.reject(out, r.n)
	return true
}

// take leaves the text of a call behind.
func (p *Parser) take(out *output, r result) {
	p.inside = false
	if p.options.NoTools && len(r.calls) > 0 {
		p.sayCall(out, p.opened+r.n)
		return
	}
	for _, call := range r.calls {
		out.calls = append(out.calls, p.options.Tools.fit(call))
	}
	p.text = p.text[p.opened+r.n:]
	if r.thinking != nil {
		p.thinking = r.thinking
		if r.thinking.open == p.mark {
			p.showMark(out, p.mark)
		}
		return
	}
	p.begun, p.chain = false, p.chain || len(r.calls) > 0
}

// reject makes what opened no call text again. The text behind it is looked at anew,
// since another mark can be in it; without a mark its first byte is text, or it would
// be read for ever. Looked is what that cost to find out.
func (p *Parser) reject(out *output, looked int) {
	p.waste += looked + p.opened
	p.inside = false
	if p.isCallMark() {
		out.failed = append(out.failed, p.text[:min(p.opened+looked, len(p.text))])
	}
	p.say(out, max(1, p.opened))
}

// think passes thinking on up to its end. It reports false where that has not come.
func (p *Parser) think(out *output, final bool) bool {
	at, word := p.thinking.ends().next(p.text, final)
	out.think(p.text[:at])
	p.text = p.text[at:]
	if word == "" {
		return false
	}
	if word == p.thinking.end {
		p.showMark(out, word)
		p.text = p.text[len(word):]
	}
	p.thinking, p.begun, p.chain = nil, false, false
	return true
}
