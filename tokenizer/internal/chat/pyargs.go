package chat

import "strings"

// argument reads the value of an argument in a call of Python, of the types that the
// schema wants of it. Models leave out what a text needs around and in it. So one with
// quotation marks ends at the one behind which another argument or the end of the call
// comes, and what can be nothing but a text may have none.
func (l *literal) argument(wanted types) bool {
	l.out = nil
	switch c := l.peek(); {
	case strings.IndexByte(`"'rRbBuU`, c) >= 0 && l.pythonPrefix() >= 0:
		l.open = true
		ok := l.pythonText()
		l.open = false
		return ok
	case wanted == text && c != 0:
		return l.bareText()
	}
	return l.value()
}

// bareText reads a text without quotation marks.
func (l *literal) bareText() bool {
	from, depth := l.at, 0
	for ; l.at < len(l.in); l.at++ {
		switch c := l.in[l.at]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ')' || c == ',' && l.argumentEnds(l.at):
			value := strings.Trim(l.in[from:l.at], spaces)
			if l.out = append(l.out, quoted(value)...); value == "None" || value == "null" {
				l.out = []byte("null")
			}
			return value != ""
		case l.short && !l.final:
			return false
		}
	}
	l.short = true
	return false
}

// argumentEnds reports whether what is at a place can stand behind an argument: the end
// of the call, or a comma and, unless that ends the call too, the name of another one.
func (l *literal) argumentEnds(at int) bool {
	rest := strings.TrimLeft(l.in[at:], spaces)
	if strings.HasPrefix(rest, ",") {
		rest = strings.TrimLeft(rest[1:], spaces)
		name := nameAt(rest)
		if name > 0 {
			rest = strings.TrimLeft(rest[name:], spaces)
			if rest != "" {
				return rest[0] == '='
			}
		}
	}
	if rest == "" {
		l.short = true
		return false
	}
	return rest[0] == ')'
}
