package ecma

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// Bounds of a pattern.
const (
	maxPattern = 64 << 10 // bytes
	maxNesting = 200
	maxCount   = 100_000 // of a repetition
)

// SyntaxError says what is wrong with a pattern.
type SyntaxError struct {
	// Problem is what is wrong.
	Problem string
	// Offset is the byte at which it was found.
	Offset int
	// Unsupported tells what no automaton reads from what is no pattern.
	Unsupported bool
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d of the pattern", e.Problem, e.Offset)
}

type parser struct {
	text  string
	at    int
	depth int
}

// parse reads a pattern.
func parse(pattern string) (expr, error) {
	p := &parser{text: pattern}
	if len(pattern) > maxPattern {
		return nil, p.unsupported("more than %d bytes are", maxPattern)
	}
	if !utf8.ValidString(pattern) {
		return nil, p.wrong("text that is no UTF-8")
	}
	e, err := p.choice()
	if err == nil && p.at < len(p.text) {
		err = p.wrong("a ) without its (")
	}
	return e, err
}

func (p *parser) wrong(format string, args ...any) error {
	return &SyntaxError{Problem: fmt.Sprintf(format, args...), Offset: p.at}
}

func (p *parser) unsupported(format string, args ...any) error {
	return &SyntaxError{Problem: fmt.Sprintf(format, args...) + " not supported", Offset: p.at, Unsupported: true}
}

// peek reports whether the rest begins with a text.
func (p *parser) peek(s string) bool { return strings.HasPrefix(p.text[p.at:], s) }

// take reads a text if the rest begins with it.
func (p *parser) take(s string) bool {
	if p.peek(s) {
		p.at += len(s)
		return true
	}
	return false
}

// next reads one character.
func (p *parser) next() rune {
	r, n := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += n
	return r
}

func (p *parser) choice() (expr, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.unsupported("more than %d groups in each other are", maxNesting)
	}
	defer func() { p.depth-- }()
	var parts []expr
	for {
		e, err := p.sequence()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		if !p.take("|") {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return choice{parts}, nil
}

func (p *parser) sequence() (expr, error) {
	var parts []expr
	for p.at < len(p.text) && !p.peek("|") && !p.peek(")") {
		e, err := p.atom()
		if err != nil {
			return nil, err
		}
		if e, err = p.quantified(e); err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return sequence{parts}, nil
}

// quantified reads the quantifier behind a part, if there is one.
func (p *parser) quantified(e expr) (expr, error) {
	low, high := 1, 1
	switch {
	case p.take("*"):
		low, high = 0, -1
	case p.take("+"):
		low, high = 1, -1
	case p.take("?"):
		low, high = 0, 1
	case p.quantifies():
		var err error
		if low, high, err = p.count(); err != nil {
			return nil, err
		}
	default:
		return e, nil
	}
	p.take("?") // a lazy one has the same texts
	switch e.(type) {
	case atStart, atEnd, look:
		return nil, p.wrong("a quantifier behind an assertion")
	}
	if p.peek("*") || p.peek("+") || p.peek("?") || p.quantifies() {
		return nil, p.wrong("a quantifier behind a quantifier")
	}
	return repeat{e, low, high}, nil
}

// quantifies reports whether {m}, {m,} or {m,n} follows. Every other brace is a
// character, as validators take it, though ECMA-262 forbids it with the flag u.
func (p *parser) quantifies() bool {
	if !p.peek("{") {
		return false
	}
	body, _, ok := strings.Cut(p.text[p.at+1:], "}")
	first, second, _ := strings.Cut(body, ",")
	return ok && digits(first) && (second == "" || digits(second))
}

// count reads {m}, {m,} or {m,n}.
func (p *parser) count() (low, high int, err error) {
	body, _, _ := strings.Cut(p.text[p.at+1:], "}")
	first, second, two := strings.Cut(body, ",")
	low, lowErr := strconv.Atoi(first)
	high = low
	var highErr error
	switch {
	case two && second == "":
		high = -1
	case two:
		high, highErr = strconv.Atoi(second)
	}
	if lowErr != nil || highErr != nil || low > maxCount || high > maxCount {
		return 0, 0, p.unsupported("more than %d repetitions are", maxCount)
	}
	if high >= 0 && low > high {
		return 0, 0, p.wrong("a quantifier whose bounds are in the wrong order")
	}
	p.at += len(body) + 2
	return low, high, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// atom reads one part without its quantifier.
func (p *parser) atom() (expr, error) {
	if p.quantifies() {
		return nil, p.wrong("a quantifier without what it repeats")
	}
	switch r := p.next(); r {
	case '^':
		return atStart{}, nil
	case '$':
		return atEnd{}, nil
	case '.':
		return class{invert(lineEnds)}, nil
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '*', '+', '?':
		p.at--
		return nil, p.wrong("a quantifier without what it repeats")
	default:
		return one(r), nil
	}
}

// one is the class of one character.
func one(r rune) class { return class{[]rules.Range{{Lo: r, Hi: r}}} }

// group reads what follows an opening parenthesis.
func (p *parser) group() (expr, error) {
	assertion, not := false, false
	switch {
	case p.take("?:"):
	case p.take("?="):
		assertion = true
	case p.take("?!"):
		assertion, not = true, true
	case p.peek("?<=") || p.peek("?<!"):
		return nil, p.unsupported("lookbehind is")
	case p.take("?<"):
		name, rest, ok := strings.Cut(p.text[p.at:], ">")
		if !ok || name == "" {
			return nil, p.wrong("a group whose name has no end")
		}
		p.at = len(p.text) - len(rest)
	case p.peek("?"):
		return nil, p.wrong("a group of no known kind")
	}
	e, err := p.choice()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.wrong("a ( without its )")
	}
	if assertion {
		return look{e, not}, nil
	}
	return e, nil
}
