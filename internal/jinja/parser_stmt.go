package jinja

import (
	"slices"
)

// filterStatement parses a body whose text goes through filters.
func (p *parser) filterStatement(at pos) (stmt, error) {
	named := len(p.unknown)
	f, err := p.filters(nil, true)
	if err != nil {
		return nil, err
	}
	body, err := p.block("endfilter")
	if err == nil {
		err = p.known(named)
	}
	return &filterStmt{at, f, body}, err
}

// blockStatement parses a named block. Nothing inherits here, so a block is its
// body. The name may stand again behind endblock: jinja2 takes only the block's own
// there (Parser.parse_block), and any name passes here.
func (p *parser) blockStatement() (stmt, error) {
	if _, err := p.expectName(); err != nil {
		return nil, err
	}
	body, err := p.ownBlock("endblock")
	if p.peek().kind == tokName {
		p.at++
	}
	return &scopeStmt{body}, err
}

// ifStatement parses the branches of an if in a loop and not by recursion,
// since a chain of elifs is no nesting.
//
// In jinja2 this is Parser.parse_if.
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
//
// In jinja2 this is Parser.parse_for, whose condition is read by parse_expression
// and whose items by parse_tuple with recursive as the end.
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
//
// In jinja2 this is Parser.parse_set.
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
//
// In jinja2 this is Parser.parse_macro.
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
//
// CodeGenerator.macro_body finds them by find_undeclared, which goes into macros
// inside as well.
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
//
// In jinja2 this is Parser.parse_signature.
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
//
// In jinja2 this is Parser.parse_call_block.
func (p *parser) callStatement(at pos) (stmt, error) {
	m := &macroStmt{pos: at, name: "caller", anonymous: true}
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
//
// In jinja2 this is Parser.parse_with. Its values are evaluated before any of its
// names is set.
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
//
// In jinja2 this is Parser.parse_assign_target, whose namespace form (NSRef) exists
// since jinja2 2.10.
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
