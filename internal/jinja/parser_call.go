package jinja

import (
	"slices"
)

// arguments parses the arguments of a call with its parentheses.
func (p *parser) arguments() (callArgs, error) {
	var a callArgs
	if err := p.expectOp("("); err != nil {
		return a, err
	}
	for first := true; !p.skipOp(")"); first = false {
		if !first {
			if err := p.expectOp(","); err != nil {
				return a, err
			}
			if p.skipOp(")") {
				break
			}
		}
		if err := p.argument(&a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// maxNamed bounds the keyword arguments that are written in a call, because each
// is compared with those before it.
const maxNamed = 1000

// argument parses one argument. Positions come before names, and *args and
// **kwargs last; jinja2 allows names behind *args only.
//
// In jinja2 this is Parser.parse_call_args, whose message this is.
func (p *parser) argument(a *callArgs) error {
	var err error
	t := p.peek()
	switch {
	case p.skipOp("*"):
		if a.dynamic != nil || a.dynNamed != nil {
			return p.fail("invalid syntax for function call expression")
		}
		a.dynamic, err = p.expression(true)
		return err
	case p.skipOp("**"):
		if a.dynNamed != nil {
			return p.fail("invalid syntax for function call expression")
		}
		a.dynNamed, err = p.expression(true)
		return err
	}
	after := p.tokens[min(p.at+1, len(p.tokens)-1)]
	if t.kind == tokName && after.kind == tokOp && after.text == "=" {
		p.at += 2
		if len(a.names) >= maxNamed {
			return t.pos.at(fail(LimitError, "a call has more than %d keyword arguments", maxNamed))
		}
		if slices.Contains(a.names, t.text) {
			return t.pos.at(fail(SyntaxError, "keyword argument repeated: %s", t.text))
		}
		value, err := p.expression(true)
		a.names = append(a.names, t.text)
		a.named = append(a.named, value)
		return err
	}
	if len(a.names) > 0 || a.dynamic != nil || a.dynNamed != nil {
		return p.fail("invalid syntax for function call expression")
	}
	value, err := p.expression(true)
	a.positional = append(a.positional, value)
	return err
}

// filters parses filters, tests and calls that follow a value. A filter block
// begins with the name of the first filter, without a bar. Calls are among them
// because a filter may return a function: x|attr('upper')().
//
// In jinja2 this is Parser.parse_filter_expr and parse_filter.
func (p *parser) filters(e expr, block bool) (expr, error) {
	for {
		t := p.peek()
		switch {
		case block || p.isOp("|"):
			if !block {
				p.at++
			}
			block = false
			id, err := p.dottedName()
			if err != nil {
				return nil, err
			}
			p.note("filter", id, filters[id] != nil, t.pos)
			f := &filterExpr{pos: t.pos, object: e, name: id}
			if p.isOp("(") {
				if f.args, err = p.arguments(); err != nil {
					return nil, err
				}
			}
			e = f
		case e != nil && p.isName("is"):
			p.at++
			var err error
			if e, err = p.test(e, t.pos); err != nil {
				return nil, err
			}
		case e != nil && p.isOp("("):
			args, err := p.arguments()
			if err != nil {
				return nil, err
			}
			e = &callExpr{t.pos, e, args}
		default:
			return e, nil
		}
	}
}

// dottedName parses the name of a filter or a test, which may have dots in it;
// the built-in ones have none.
func (p *parser) dottedName() (string, error) {
	id, err := p.expectName()
	for err == nil && p.skipOp(".") {
		var part string
		part, err = p.expectName()
		if id += "." + part; len(id) > maxName {
			return "", p.peek().pos.at(fail(LimitError, "a name is longer than %d bytes", maxName))
		}
	}
	return id, err
}

// test parses a test behind the word is. A test takes one argument without
// brackets, as `is divisibleby 3`, unless what follows is a word that goes on
// with the expression. `is not` is the opposite of the whole test.
//
// In jinja2 this is Parser.parse_test, which lists the kinds of tokens that begin
// an argument in the same way.
func (p *parser) test(e expr, at pos) (expr, error) {
	negated := p.skipName("not")
	id, err := p.dottedName()
	if err != nil {
		return nil, err
	}
	p.note("test", id, tests[id] != nil, at)
	n := &testExpr{pos: at, object: e, name: id}
	next := p.peek()
	switch {
	case p.isOp("("):
		if n.args, err = p.arguments(); err != nil {
			return nil, err
		}
	case next.kind == tokName && !p.isName("else", "or", "and") || next.kind == tokString ||
		next.kind == tokInt || next.kind == tokFloat || p.isOp("[") || p.isOp("{"):
		if p.isName("is") {
			return nil, p.fail("You cannot chain multiple tests with is")
		}
		// Only what binds tightest: x is eq 1 + 1 adds to the result of the
		// test.
		arg, err := p.primary()
		if err != nil {
			return nil, err
		}
		if arg, err = p.postfix(arg); err != nil {
			return nil, err
		}
		n.args.positional = []expr{arg}
	}
	if negated {
		return &notExpr{at, n}, nil
	}
	return n, nil
}
