package grammar

import (
	"fmt"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// maxGrammar is the most bytes that a grammar may have, and maxNesting how deep its
// parentheses may lie in each other.
const (
	maxGrammar = 1 << 20
	maxNesting = 1000
)

// GBNF returns the grammar that text has in the form of llama.cpp, whose rule root is
// where it begins:
//
//	root   ::= answer ("," " " answer)*   # a comment
//	answer ::= [a-z]+ | "\"" [^"\x00-\x1F]{1,20} "\""
//
// There are literals, classes of characters, the dot for any character, sequences,
// alternatives, parentheses, and repetitions: *, +, ?, {n}, {n,}, {,m} and {n,m}. A
// sequence ends with the line, except in parentheses and behind ::= and |.
// Escapes are \n, \r, \t, \\, \", \[, \], \-, \^, \xNN, \uNNNN and \UNNNNNNNN, which name characters.
// A rule that begins with itself is refused; so are tokens in angle brackets, as a
// grammar is the same for every tokenizer.
func GBNF(text string) (*Grammar, error) {
	if len(text) > maxGrammar {
		return nil, fmt.Errorf("grammar: %w", &LimitError{What: "bytes", Limit: maxGrammar})
	}
	b := rules.NewBuilder(rules.Limits{})
	p := &gbnf{b: b, text: text}
	p.grammar()
	if p.err != nil {
		return nil, fmt.Errorf("grammar: %w", p.err)
	}
	return build(b, b.Rule("root"), "grammar")
}

// gbnf reads a grammar. After an error it reads nothing more.
type gbnf struct {
	b     *rules.Builder
	text  string
	at    int
	depth int
	err   error
}

// fail keeps the first error and ends the reading.
func (p *gbnf) fail(format string, args ...any) {
	if p.err != nil {
		return
	}
	line, column := 1, 1
	for _, c := range p.text[:p.at] {
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	p.err = &SyntaxError{Line: line, Column: column, Problem: fmt.Sprintf(format, args...)}
	p.at = len(p.text)
}

// peek returns the next byte, 0 at the end.
func (p *gbnf) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// take reads s if it is next.
func (p *gbnf) take(s string) bool {
	if len(p.text)-p.at < len(s) || p.text[p.at:p.at+len(s)] != s {
		return false
	}
	p.at += len(s)
	return true
}

// space reads white space and comments, and the ends of lines if they do not end
// anything.
func (p *gbnf) space(lines bool) {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t', lines && (c == '\n' || c == '\r'):
			p.at++
		case c == '#':
			for p.at < len(p.text) && p.text[p.at] != '\n' && p.text[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

// grammar reads all rules.
func (p *gbnf) grammar() {
	for p.space(true); p.at < len(p.text); p.space(true) {
		name := p.name()
		p.space(false)
		if !p.take("::=") {
			p.fail("want ::= behind the name of a rule")
			return
		}
		p.space(true)
		e := p.alternatives(false)
		if p.err != nil {
			return
		}
		p.b.Define(name, e)
		if c := p.peek(); p.at < len(p.text) && c != '\n' && c != '\r' {
			p.fail("want the end of the line behind a rule")
		}
	}
}

// isName reports whether c may stand in the name of a rule.
func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// name reads the name of a rule.
func (p *gbnf) name() string {
	from := p.at
	for isName(p.peek()) {
		p.at++
	}
	if p.at == from {
		p.fail("want the name of a rule: letters, digits and -")
	}
	return p.text[from:p.at]
}

// alternatives reads sequences with | between them. In parentheses lines do not end them.
func (p *gbnf) alternatives(nested bool) rules.Expr {
	all := []rules.Expr{p.sequence(nested)}
	for p.take("|") {
		p.space(true)
		all = append(all, p.sequence(nested))
	}
	return p.b.Or(all...)
}

// sequence reads elements one after the other.
func (p *gbnf) sequence(nested bool) rules.Expr {
	var all []rules.Expr
	for p.err == nil {
		e, ok := p.element()
		if !ok {
			break
		}
		p.space(nested)
		for p.err == nil {
			low, high, ok := p.repetition()
			if !ok {
				break
			}
			e = p.b.Repeat(e, low, high)
			p.space(nested)
		}
		all = append(all, e)
	}
	return p.b.Concat(all...)
}

// element reads one element and reports whether there was one.
func (p *gbnf) element() (rules.Expr, bool) {
	switch c := p.peek(); {
	case c == '"':
		return p.literal(), true
	case c == '[':
		return p.class(), true
	case c == '.':
		p.at++
		return p.b.AnyChar(), true
	case c == '(':
		return p.parentheses(), true
	case c == '<' || c == '!' && p.at+1 < len(p.text) && p.text[p.at+1] == '<':
		p.fail("tokens (<…>) are not supported, as a grammar is the same for every tokenizer; write their text")
	case isName(c):
		return p.b.Rule(p.name()), true
	}
	return p.b.Nothing(), false
}

// parentheses reads what stands in parentheses.
func (p *gbnf) parentheses() rules.Expr {
	p.at++
	if p.depth++; p.depth > maxNesting {
		p.fail("more than %d parentheses in each other", maxNesting)
	}
	p.space(true)
	e := p.alternatives(true)
	if !p.take(")") {
		p.fail("want )")
	}
	p.depth--
	return e
}

// repetition reads *, +, ? or a range in braces.
func (p *gbnf) repetition() (low, high int, ok bool) {
	switch {
	case p.take("*"):
		return 0, -1, true
	case p.take("+"):
		return 1, -1, true
	case p.take("?"):
		return 0, 1, true
	case !p.take("{"):
		return 0, 0, false
	}
	p.space(false)
	low, some := p.number()
	high = low
	p.space(false)
	if p.take(",") {
		p.space(false)
		var bounded bool
		if high, bounded = p.number(); !bounded {
			high = -1
		}
		some = some || bounded
		p.space(false)
	}
	switch {
	case !some:
		p.fail("want a number in {}")
	case !p.take("}"):
		p.fail("want }")
	case high >= 0 && low > high:
		p.fail("the bounds of {%d,%d} are in the wrong order", low, high)
	}
	return low, high, true
}

// maxRepetition is the largest bound of a repetition.
const maxRepetition = 1_000_000

// number reads a decimal number, if there is one.
func (p *gbnf) number() (n int, ok bool) {
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		if n = 10*n + int(c-'0'); n > maxRepetition {
			p.fail("a repetition of more than %d", maxRepetition)
			return 0, true
		}
		p.at++
		ok = true
	}
	return n, ok
}
