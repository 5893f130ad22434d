package chat

import (
	"slices"
	"strings"
)

// ThinkingEnd returns the mark that ends the thinking of which the answer is a part just
// now, empty outside of thinking.
func (p *Parser) ThinkingEnd() string {
	if p.thinking == nil {
		return ""
	}
	if ends := p.thinking.ends(); len(ends) > 0 {
		return ends[0]
	}
	return ""
}

// InCall reports whether a call is being read.
func (p *Parser) InCall() bool { return p.inside && !p.thought }

// Pending returns the text of the call that is being read, behind its mark and from the
// given byte on, and its length so far. Outside of a call there is none.
func (p *Parser) Pending(from int) (text string, n int) {
	if !p.InCall() {
		return "", 0
	}
	held := p.text[p.opened:]
	n = len(held) + len(p.tail)
	switch {
	case from >= n:
		return "", n
	case from >= len(held):
		return string(p.tail[from-len(held):]), n
	}
	return held[from:] + string(p.tail), n
}

// isCallMark reports whether what opened the call that is read opens nothing else: other
// brackets stand in every text.
func (p *Parser) isCallMark() bool {
	if p.thought || p.mark == "" || p.options.NoTools {
		return false
	}
	return strings.HasPrefix(p.mark, "<") || slices.Contains(p.format.marks, p.mark)
}
