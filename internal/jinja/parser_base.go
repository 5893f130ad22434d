package jinja

import "slices"

// parser builds the tree of a template by recursive descent. There is no
// backtracking: one token ahead decides, two for `not in` and for the name of
// an argument.
type parser struct {
	tokens []token
	at     int
	depth  int
	loops  int
	// escaping is what the autoescape block around says.
	escaping escaping
	// varargs, kwargs and caller say that the macro being parsed uses those
	// names, also in a macro inside it.
	varargs, kwargs, caller bool
	// unknown are the filters and tests that do not exist.
	unknown []unknownName
	ended   func() error // the error of the context
	polled  int          // how often enter was called
}

// unknownName is a filter or a test that does not exist.
type unknownName struct {
	kind, name string
	at         pos
}

// known reports the first of the filters and tests that do not exist and were
// named since there were start of them. A template with one cannot be used at
// all, as in the reference, unless a condition decides whether it is reached.
func (p *parser) known(start int) error {
	if len(p.unknown) > start {
		u := p.unknown[start]
		return u.at.at(fail("TemplateAssertionError", "No %s named '%s'.", u.kind, u.name))
	}
	return nil
}

// note records a filter or a test that does not exist. Those that the reference
// has and this package has not fail where they are used.
func (p *parser) note(kind, name string, exists bool, at pos) {
	switch name {
	case "urlize", "urlencode", "wordwrap", "filesizeformat", "xmlattr", "pprint", "random", "forceescape":
		return
	}
	if !exists {
		p.unknown = append(p.unknown, unknownName{kind, name, at})
	}
}

// peek returns the next token and leaves it.
func (p *parser) peek() token { return p.tokens[p.at] }

// next takes a token. The last one, the end of the template, is never passed,
// so that peek always has one.
func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokEOF {
		p.at++
	}
	return t
}

// fail is a syntax error at the next token.
func (p *parser) fail(format string, args ...any) error {
	return p.peek().pos.at(fail(SyntaxError, format, args...))
}

// unexpected is the error about a token that cannot stand where it does.
func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == tokEOF {
		return p.fail("unexpected end of template")
	}
	return p.fail("unexpected '%s'", t.text)
}

// enter counts a level of nesting; leave undoes it. As every statement and every
// operand goes through it, it looks at the context too.
func (p *parser) enter() error {
	if p.polled++; p.polled%lexPoll == 0 {
		if err := p.ended(); err != nil {
			return err
		}
	}
	if p.depth++; p.depth > maxNesting {
		return p.fail("nested too deeply")
	}
	return nil
}

// leave undoes enter.
func (p *parser) leave() { p.depth-- }

// isOp and isName report whether the next token is that operator or name.
func (p *parser) isOp(op string) bool { t := p.peek(); return t.kind == tokOp && t.text == op }

func (p *parser) isName(names ...string) bool {
	t := p.peek()
	return t.kind == tokName && slices.Contains(names, t.text)
}

// skipOp and skipName take the next token if it is that one; expectOp,
// expectName and expectKeyword fail if it is not.
func (p *parser) skipOp(op string) bool {
	if p.isOp(op) {
		p.at++
		return true
	}
	return false
}

func (p *parser) skipName(name string) bool {
	if p.isName(name) {
		p.at++
		return true
	}
	return false
}

// Messages name what was expected and what was there, as TokenStream.expect of
// jinja2/lexer.py does.
func (p *parser) expectOp(op string) error {
	if !p.skipOp(op) {
		return p.fail("expected '%s', got '%s'", op, p.peek().text)
	}
	return nil
}

func (p *parser) expectName() (string, error) {
	if p.peek().kind != tokName {
		return "", p.fail("expected a name, got '%s'", p.peek().text)
	}
	return p.next().text, nil
}

func (p *parser) expectKeyword(word string) error {
	if !p.skipName(word) {
		return p.fail("expected '%s', got '%s'", word, p.peek().text)
	}
	return nil
}

// blockEnd takes the closing characters of a block tag.
func (p *parser) blockEnd() error {
	if p.peek().kind != tokBlockEnd {
		return p.fail("expected the end of the statement, got '%s'", p.peek().text)
	}
	p.at++
	return nil
}
