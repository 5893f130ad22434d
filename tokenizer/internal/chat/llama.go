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
		rest := strings.TrimLeft(p.buf, " \t\r\n")
		switch {
		case rest == "":
			return -1, "", len(p.buf)
		case rest[0] == '{':
			return len(p.buf) - len(rest), "", 0
		case rest[0] == ';' && p.chain:
			return 0, p.buf[:len(p.buf)-len(rest)+1], 0
		}
	}
	return p.find("<|python_tag|>")
}
