package jinja

import "slices"

// escaping says whether what a tag writes is escaped. jinja2 decides it when it
// compiles, by the autoescape block around the tag, and leaves it to the rendering only
// where the block's condition is no constant.
type escaping uint8

const (
	escapesNever escaping = iota
	escapesAlways
	escapesAsTold // as the rendering is at the time
)

// autoescapeStatement parses an autoescape block, which is a scope of its own.
//
// In jinja2 this is Parser.parse_autoescape.
func (p *parser) autoescapeStatement(at pos) (stmt, error) {
	value, err := p.expression(true)
	if err != nil {
		return nil, err
	}
	outer, named := p.escaping, len(p.unknown)
	p.escaping = escapesAsTold
	if c, ok := value.(*constant); ok {
		p.escaping = escapesNever
		if truth(c.value) {
			p.escaping = escapesAlways
		}
	}
	body, err := p.block("endautoescape")
	p.escaping = outer
	if err == nil {
		err = p.known(named)
	}
	return &autoescapeStmt{at, value, body}, err
}

// autoescapeStmt is {% autoescape x %}…{% endautoescape %}.
type autoescapeStmt struct {
	pos
	value expr
	body  []stmt
}

func (s *autoescapeStmt) exec(in *interp) (signal, error) {
	v, err := in.eval(s.value)
	if err != nil {
		return normal, err
	}
	outer := in.autoescape
	in.autoescape = truth(v)
	sig, err := in.within(&scope{parent: in.scope}, s.body)
	in.autoescape = outer
	return sig, err
}

// on reports whether a node escapes.
func (e escaping) on(in *interp) bool {
	return e == escapesAlways || e == escapesAsTold && in.autoescape
}

// shown returns what a tag writes for a value.
func (in *interp) shown(v Value, e escaping) (string, error) {
	if !e.on(in) {
		return in.str(v)
	}
	m, err := in.escape(v)
	return string(m), err
}

// captured is text that a block has written, as a value: marked where the rendering
// escapes.
func (in *interp) captured(text string) Value {
	if in.autoescape {
		return markup(text)
	}
	return text
}

// joinedMarkup is ~ where text is escaped: if one part is marked all others are escaped,
// as jinja2's markup_join does.
func (in *interp) joinedMarkup(parts []Value) (Value, error) {
	mark := false
	for _, v := range parts {
		mark = mark || isMarkup(v)
	}
	texts := make([]string, len(parts))
	for i, v := range parts {
		if !mark {
			s, err := in.str(v)
			if err != nil {
				return nil, err
			}
			texts[i] = s
			continue
		}
		m, err := in.escape(v)
		if err != nil {
			return nil, err
		}
		texts[i] = string(m)
	}
	s, err := in.concat(texts...)
	if mark {
		return markup(s), err
	}
	return s, err
}

// joinEscaped is the filter join where text is escaped: a separator that is marked, or
// an item that is, makes the whole marked.
//
// In jinja2 this is the second half of sync_do_join.
func (in *interp) joinEscaped(items []Value, sep Value) (Value, error) {
	mark := isMarkup(sep)
	for i, item := range items {
		if err := in.every(i); err != nil {
			return nil, err
		}
		mark = mark || isMarkup(item)
	}
	if !mark {
		text, err := in.str(sep)
		if err != nil {
			return nil, err
		}
		return in.join(items, text)
	}
	m, err := in.escape(sep)
	if err != nil {
		return nil, err
	}
	return joinMarkup(in, m, &args{pos: []Value{&List{Items: items}}})
}

// unescapedOutput says how a tag escapes a value that jinja2 works out when it compiles:
// not at all, where it does not know yet whether it is to.
func unescapedOutput(e escaping, value expr) escaping {
	if e == escapesAsTold && foldable(value, false) {
		return escapesNever
	}
	return e
}

// concatEscaping says how ~ joins: where jinja2 works it out when it compiles, or does not
// know yet whether it is to escape, it joins plain text.
func concatEscaping(e escaping, parts []expr) escaping {
	if e != escapesAlways {
		return escapesNever
	}
	for _, part := range parts {
		if !foldable(part, true) {
			return e
		}
	}
	return escapesNever
}

// foldable reports whether jinja2 works a node out when it compiles: operators on
// literals, and filters where escaping is settled, but for those that ask the rendering.
func foldable(e expr, filters bool) bool {
	all := func(parts ...expr) bool {
		for _, part := range parts {
			if part != nil && !foldable(part, filters) {
				return false
			}
		}
		return true
	}
	switch e := e.(type) {
	case *constant:
		return true
	case *listExpr:
		return all(e.items...)
	case *dictExpr:
		return all(e.keys...) && all(e.values...)
	case *unaryExpr:
		return all(e.operand)
	case *notExpr:
		return all(e.operand)
	case *binaryExpr:
		return all(e.left, e.right)
	case *logicExpr:
		return all(e.left, e.right)
	case *condExpr:
		return all(e.test, e.then, e.otherwise) && e.otherwise != nil
	case *concatExpr:
		if filters {
			return e.escaping == escapesNever // was found out when it was read
		}
		return all(e.parts...)
	case *itemExpr:
		return all(e.object, e.key)
	case *sliceExpr:
		return all(e.start, e.stop, e.step)
	case *compareExpr:
		for _, op := range e.ops {
			if !all(op.right) {
				return false
			}
		}
		return all(e.left)
	case *filterExpr:
		a := &e.args
		return filters && e.object != nil && !slices.Contains(askingFilters, e.name) && a.dynamic == nil && a.dynNamed == nil &&
			all(e.object) && all(a.positional...) && all(a.named...)
	}
	return false
}

// askingFilters get the state of the rendering, so that jinja2 cannot run them before.
var askingFilters = []string{"map", "select", "reject", "selectattr", "rejectattr", "random"}
