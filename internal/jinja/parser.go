package jinja

import (
	"context"
	"slices"
)

// Parse parses a template. Mistakes are an [*Error]. It ends with the context
// and returns its error then. Names of filters and tests that do not exist are
// mistakes of the template and are found here, as jinja2 finds them when it
// compiles.
func Parse(ctx context.Context, src string) (*Template, error) {
	tokens, err := lex(ctx, src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, ended: ctx.Err}
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokEOF {
		return nil, p.unexpected()
	}
	if err := p.known(0); err != nil {
		return nil, err
	}
	return &Template{body}, nil
}

// body parses statements up to a block that begins with one of the words; the
// word is the next token then. Without words it ends with the template. Text
// and expressions are statements that write. The caller reads the word, since
// an if goes on differently behind elif, else and endif.
func (p *parser) body(words ...string) ([]stmt, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var out []stmt
	for {
		t := p.next()
		switch t.kind {
		case tokEOF:
			if len(words) > 0 {
				return nil, p.fail("unexpected end of template, expected '%s'", words[len(words)-1])
			}
			return out, nil
		case tokText:
			out = append(out, &textStmt{t.text})
		case tokVarBegin:
			value, err := p.tuple(true, false, "")
			if err != nil {
				return nil, err
			}
			if p.peek().kind != tokVarEnd {
				return nil, p.fail("expected the end of the expression, got '%s'", p.peek().text)
			}
			p.at++
			out = append(out, &outStmt{t.pos, value})
		case tokBlockBegin:
			if p.isName(words...) {
				return out, nil
			}
			s, err := p.statement()
			if err != nil {
				return nil, err
			}
			if err := p.blockEnd(); err != nil {
				return nil, err
			}
			out = append(out, s)
		default:
			p.at--
			return nil, p.unexpected()
		}
	}
}

// block parses the end of a tag, a body, and the word that ends it. The word is
// left for the caller's blockEnd: jinja2 has no names behind end tags but for
// endblock.
func (p *parser) block(word string) ([]stmt, error) {
	if err := p.blockEnd(); err != nil {
		return nil, err
	}
	body, err := p.body(word)
	if err != nil {
		return nil, err
	}
	p.at++
	return body, nil
}

// statement parses one statement from its keyword on, without the end of its
// last tag. Conditions decide whether a part is reached, so names that do not
// exist inside of an if are forgotten behind it and fail when they run;
// templates ask for the features of a server that way.
func (p *parser) statement() (stmt, error) {
	t := p.peek()
	if t.kind != tokName {
		return nil, p.unexpected()
	}
	p.at++
	named := len(p.unknown)
	switch t.text {
	case "if":
		s, err := p.ifStatement()
		p.unknown = p.unknown[:named]
		return s, err
	case "for":
		return p.forStatement(t.pos)
	case "set":
		return p.setStatement(t.pos)
	case "macro":
		return p.macroStatement(t.pos)
	case "call":
		return p.callStatement(t.pos)
	case "with":
		return p.withStatement(t.pos)
	case "filter":
		f, err := p.filters(nil, true)
		if err != nil {
			return nil, err
		}
		body, err := p.block("endfilter")
		if err == nil {
			err = p.known(named)
		}
		return &filterStmt{t.pos, f, body}, err
	case "generation":
		// It marks what a model wrote, for training; the text is the same.
		body, err := p.block("endgeneration")
		if err == nil {
			err = p.known(named)
		}
		return &scopeStmt{body}, err
	case "break", "continue":
		if p.loops == 0 {
			return nil, t.pos.at(fail(SyntaxError, "'%s' outside of a loop", t.text))
		}
		sig := breakLoop
		if t.text == "continue" {
			sig = continueLoop
		}
		return &loopStmt{t.pos, sig}, nil
	case "block":
		// Nothing inherits here, so a block is its body.
		if _, err := p.expectName(); err != nil {
			return nil, err
		}
		body, err := p.block("endblock")
		if p.peek().kind == tokName {
			p.at++
		}
		return &scopeStmt{body}, err
	// They would need a place to load other templates from; a model has one
	// file.
	case "include", "import", "from", "extends":
		return nil, t.pos.at(fail(SyntaxError, "'%s' is not supported in a chat template", t.text))
	}
	return nil, t.pos.at(fail(SyntaxError, "encountered unknown tag '%s'", t.text))
}

// ifStatement parses the branches of an if in a loop and not by recursion,
// since a chain of elifs is no nesting.
func (p *parser) ifStatement() (stmt, error) {
	s := &ifStmt{}
	for {
		test, err := p.tuple(false, false, "")
		if err != nil {
			return nil, err
		}
		if err := p.blockEnd(); err != nil {
			return nil, err
		}
		body, err := p.body("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		s.tests = append(s.tests, test)
		s.bodies = append(s.bodies, body)
		switch p.next().text {
		case "elif":
			continue
		case "else":
			body, err := p.block("endif")
			s.bodies = append(s.bodies, body)
			return s, err
		}
		return s, nil
	}
}

// forStatement parses a for. Its condition is not one of the conditional
// expression: {% for x in y if z %} filters, and the items before the if must
// not take it for theirs.
func (p *parser) forStatement(at pos) (stmt, error) {
	s := &forStmt{pos: at}
	var err error
	p.loops++
	s.target, err = p.targets(true)
	p.loops--
	if err != nil {
		return nil, err
	}
	if err := p.expectKeyword("in"); err != nil {
		return nil, err
	}
	if s.items, err = p.tuple(false, false, "recursive"); err != nil {
		return nil, err
	}
	if p.skipName("if") {
		if s.filter, err = p.expression(true); err != nil {
			return nil, err
		}
	}
	s.recursive = p.skipName("recursive")
	if err := p.blockEnd(); err != nil {
		return nil, err
	}
	named := len(p.unknown)
	p.loops++
	s.body, err = p.body("endfor", "else")
	p.loops--
	if err != nil {
		return nil, err
	}
	if p.next().text == "else" {
		s.otherwise, err = p.block("endfor")
	}
	if err == nil {
		err = p.known(named)
	}
	return s, err
}

// setStatement parses both forms of set. With an = the value may be a tuple
// without brackets.
func (p *parser) setStatement(at pos) (stmt, error) {
	s := &setStmt{pos: at}
	var err error
	if s.target, err = p.targets(false); err != nil {
		return nil, err
	}
	if p.skipOp("=") {
		s.value, err = p.tuple(true, false, "")
		return s, err
	}
	named := len(p.unknown)
	if p.isOp("|") {
		if s.filter, err = p.filters(nil, false); err != nil {
			return nil, err
		}
	}
	if s.body, err = p.block("endset"); err == nil {
		err = p.known(named)
	}
	return s, err
}

// macroStatement parses a macro. Macros are not collected: they are defined
// when the statement runs.
func (p *parser) macroStatement(at pos) (stmt, error) {
	m := &macroStmt{pos: at}
	var err error
	if m.name, err = p.expectName(); err != nil {
		return nil, err
	}
	if err := p.params(m); err != nil {
		return nil, err
	}
	return m, p.macroBody(m, "endmacro")
}

// macroBody parses the body of a macro; the loops around it do not reach in.
// What the body uses of varargs, kwargs and caller also counts for the macro
// around, as in jinja2, which looks for the names anywhere inside.
func (p *parser) macroBody(m *macroStmt, word string) error {
	loops, varargs, kwargs, caller, named := p.loops, p.varargs, p.kwargs, p.caller, len(p.unknown)
	p.loops, p.varargs, p.kwargs, p.caller = 0, false, false, false
	var err error
	if m.body, err = p.block(word); err == nil {
		err = p.known(named)
	}
	m.varargs, m.kwargs, m.caller = p.varargs, p.kwargs, p.caller
	p.loops = loops
	p.varargs, p.kwargs, p.caller = p.varargs || varargs, p.kwargs || kwargs, p.caller || caller
	return err
}

// params parses the parameters of a macro.
func (p *parser) params(m *macroStmt) error {
	if err := p.expectOp("("); err != nil {
		return err
	}
	for !p.skipOp(")") {
		if len(m.params) > 0 {
			if err := p.expectOp(","); err != nil {
				return err
			}
		}
		param, err := p.expectName()
		if err != nil {
			return err
		}
		m.params = append(m.params, param)
		if p.skipOp("=") {
			value, err := p.expression(true)
			if err != nil {
				return err
			}
			m.defaults = append(m.defaults, value)
		} else if len(m.defaults) > 0 {
			return p.fail("non-default argument follows default argument")
		}
	}
	return nil
}

// callStatement parses a call block. Its own parameters stand in brackets
// before the call: {% call(item) list() %}.
func (p *parser) callStatement(at pos) (stmt, error) {
	m := &macroStmt{pos: at, name: "caller"}
	if p.isOp("(") {
		if err := p.params(m); err != nil {
			return nil, err
		}
	}
	e, err := p.expression(true)
	if err != nil {
		return nil, err
	}
	call, ok := e.(*callExpr)
	if !ok {
		return nil, at.at(fail(SyntaxError, "expected call"))
	}
	return &callStmt{at, call, m}, p.macroBody(m, "endcall")
}

// withStatement parses a with, which may name no variable at all and only make
// a scope.
func (p *parser) withStatement(at pos) (stmt, error) {
	s := &withStmt{pos: at}
	for p.peek().kind != tokBlockEnd {
		if len(s.targets) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		t, err := p.targets(false)
		if err != nil {
			return nil, err
		}
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		value, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		s.targets = append(s.targets, t)
		s.values = append(s.values, value)
	}
	named := len(p.unknown)
	var err error
	if s.body, err = p.block("endwith"); err == nil {
		err = p.known(named)
	}
	return s, err
}

// targets parses what is assigned to; in a for it ends with the word in. A
// comma at the end makes a tuple of a single target, as {% for x, in pairs %}.
func (p *parser) targets(loop bool) (target, error) {
	at := p.peek().pos
	var parts []target
	for {
		one, err := p.target()
		if err != nil {
			return target{}, err
		}
		parts = append(parts, one)
		if !p.skipOp(",") {
			if len(parts) == 1 {
				return one, nil
			}
			break
		}
		// A comma may stand last.
		if loop && p.isName("in") || p.isOp("=") || p.peek().kind == tokBlockEnd {
			break
		}
	}
	return target{pos: at, parts: parts}, nil
}

// target parses one target: a name, a member of a namespace, or several in
// brackets.
func (p *parser) target() (target, error) {
	at := p.peek().pos
	if p.skipOp("(") {
		if err := p.enter(); err != nil {
			return target{}, err
		}
		defer p.leave()
		t := target{pos: at}
		for !p.skipOp(")") {
			if len(t.parts) > 0 {
				if err := p.expectOp(","); err != nil {
					return t, err
				}
				if p.skipOp(")") {
					break
				}
			}
			one, err := p.target()
			if err != nil {
				return t, err
			}
			t.parts = append(t.parts, one)
		}
		if len(t.parts) == 1 && !p.tokensBefore(",") {
			return t.parts[0], nil
		}
		return t, nil
	}
	id, err := p.expectName()
	if err != nil {
		return target{}, err
	}
	// The loop variable would hide it in the first round.
	if id == "loop" && p.loops > 0 {
		return target{}, at.at(fail("TemplateAssertionError", "Can't assign to special loop variable in for-loop target"))
	}
	if slices.Contains([]string{"true", "false", "none", "True", "False", "None"}, id) {
		return target{}, at.at(fail(SyntaxError, "can't assign to '%s'", id))
	}
	t := target{pos: at, name: id}
	if p.skipOp(".") {
		t.attr, err = p.expectName()
	}
	return t, err
}

// tokensBefore reports whether the token before the closing bracket that was
// just read is op.
func (p *parser) tokensBefore(op string) bool {
	return p.at >= 2 && p.tokens[p.at-2].kind == tokOp && p.tokens[p.at-2].text == op
}
