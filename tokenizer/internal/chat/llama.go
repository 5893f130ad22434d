package chat

import "strings"

// llama is the format of Llama 3.1 and later: an answer that is an object.
var llama = &format{
	name:  "llama",
	marks: []string{"<|python_tag|>"},
	suits: func(template string) bool {
		return strings.Contains(template, "<|python_tag|>") ||
			strings.Contains(template, `"parameters": `) && strings.Contains(template, "<|start_header_id|>")
	},
	open: openLlama,
	read: readObject,
}

// openLlama finds an object at the beginning of an answer, or behind another call,
// with or without the mark.
func openLlama(p *Parser) (at int, mark string, held int) {
	if !p.begun || p.chain {
		next := p.solid.solid(p, p.base)
		if next == none {
			return -1, "", min(len(p.buf), maxCall)
		}
		n := next - p.base
		switch {
		case p.buf[n] == '{':
			return n, "", 0
		case p.buf[n] == ';' && p.chain:
			at = max(0, n-maxCall) // more of the white space was not held back
			return at, string(p.buf[at : n+1]), 0
		}
	}
	return p.find("<|python_tag|>")
}
