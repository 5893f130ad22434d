package jinja

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
