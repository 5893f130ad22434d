package chat

import (
	"slices"
	"strings"
)

// output gathers what a part of an answer comes to.
type output struct {
	all, text, thinking strings.Builder
	calls               []Call
	failed              []string
}

// think adds thinking.
func (o *output) think(s string) {
	o.all.WriteString(s)
	o.thinking.WriteString(s)
}

// part returns what was gathered.
func (o *output) part() Part {
	return Part{All: o.all.String(), Text: o.text.String(), Thinking: o.thinking.String(), Calls: o.calls, Failed: o.failed}
}

// say passes the first n bytes on as text.
func (p *Parser) say(out *output, n int) {
	said := p.text[:n]
	p.text = p.text[n:]
	p.pass(out, said)
}

// pass passes text on. White space alone neither begins an answer nor ends a row of
// calls: models write line breaks around them.
func (p *Parser) pass(out *output, said string) {
	out.all.WriteString(said)
	out.text.WriteString(said)
	if strings.TrimSpace(said) != "" {
		p.begun, p.chain = true, false
	}
}

// sayCall passes a call of n bytes on as text, where the prompt named no tools.
func (p *Parser) sayCall(out *output, n int) {
	said := p.text[:n]
	if hidden := p.options.Hidden; hidden != nil {
		for _, mark := range p.format.marks {
			if hidden(mark) {
				said = strings.ReplaceAll(said, mark, "")
			}
		}
	}
	p.text = p.text[n:]
	p.pass(out, said)
}

// showMark passes on a mark of thinking, unless it or a part of it is hidden: some are a
// special token and a word.
func (p *Parser) showMark(out *output, mark string) {
	if hidden := p.options.Hidden; hidden != nil {
		part := func(m string) bool { return strings.Contains(mark, m) && hidden(m) }
		if hidden(mark) || slices.ContainsFunc(p.format.marks, part) {
			return
		}
	}
	out.all.WriteString(mark)
}
