package jinja

import "strings"

// A model has one template, and the environment of the reference has no loader. So
// the statements that load another are parsed, and fail where they are reached.

// includeStatement parses an include.
//
// In jinja2 this is Parser.parse_include.
func (p *parser) includeStatement(at pos) (stmt, error) {
	s := &loadStmt{pos: at, several: true}
	var err error
	if s.name, err = p.expression(true); err != nil {
		return nil, err
	}
	if p.isName("ignore") && p.tokens[p.at+1].kind == tokName && p.tokens[p.at+1].text == "missing" {
		p.at += 2
		s.missing = true
	}
	p.skipContext()
	return s, nil
}

// importStatement parses {% import x as y %}.
//
// In jinja2 this is Parser.parse_import.
func (p *parser) importStatement(at pos) (stmt, error) {
	e, err := p.expression(true)
	if err == nil {
		err = p.expectKeyword("as")
	}
	if err == nil {
		_, err = p.expectName()
	}
	p.skipContext()
	return &loadStmt{pos: at, name: e}, err
}

// fromStatement parses {% from x import a, b as c %}.
//
// In jinja2 this is Parser.parse_from.
func (p *parser) fromStatement(at pos) (stmt, error) {
	e, err := p.expression(true)
	if err == nil {
		err = p.expectKeyword("import")
	}
	for first := true; err == nil; first = false {
		if !first && !p.skipOp(",") || !first && p.peek().kind != tokName || p.skipContext() {
			break
		}
		var id string
		if id, err = p.expectName(); err == nil && strings.HasPrefix(id, "_") {
			err = at.at(fail("TemplateAssertionError", "names starting with an underline can not be imported"))
		}
		if err == nil && p.skipName("as") {
			_, err = p.expectName()
		}
	}
	p.skipContext()
	return &loadStmt{pos: at, name: e}, err
}

// skipContext takes `with context` or `without context`, and reports whether one was
// there.
func (p *parser) skipContext() bool {
	next := p.tokens[min(p.at+1, len(p.tokens)-1)]
	if !p.isName("with", "without") || next.kind != tokName || next.text != "context" {
		return false
	}
	p.at += 2
	return true
}

// exec finds no loader, if there is a name to load by.
//
// In jinja2 these are Environment.get_template, select_template and _load_template.
func (s *loadStmt) exec(in *interp) (signal, error) {
	v, err := in.eval(s.name)
	if err != nil {
		return normal, err
	}
	switch v.(type) {
	case string, markup, *undefined:
	default:
		if !s.several {
			break
		}
		if !truth(v) {
			if s.missing {
				return normal, nil
			}
			return normal, s.at(fail("TemplatesNotFound", "Tried to select from an empty list of templates."))
		}
		if !isIterable(v) {
			return normal, s.at(fail(TypeError, "'%s' object is not iterable", typeName(v)))
		}
	}
	return normal, s.at(fail(TypeError, "no loader for this environment specified"))
}
