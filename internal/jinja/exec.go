package jinja

// exec of a text writes what stands between the tags.
func (s *textStmt) exec(in *interp) (signal, error) { return normal, in.write(s.text) }

// What is undefined writes nothing: chat templates run with jinja2's default
// Undefined, not with the strict one.
func (s *outStmt) exec(in *interp) (signal, error) {
	v, err := in.eval(s.value)
	if err != nil {
		return normal, err
	}
	text, err := in.shown(v, s.escaping)
	if err == nil {
		err = in.write(text)
	}
	if err != nil {
		return normal, s.at(err)
	}
	return normal, nil
}

// An if has no scope in jinja2: what it sets stays set behind it.
func (s *ifStmt) exec(in *interp) (signal, error) {
	for i, body := range s.bodies {
		// The last body has no test if it is that of an else.
		if i < len(s.tests) {
			ok, err := in.truth(s.tests[i])
			if err != nil {
				return normal, err
			}
			if !ok {
				continue
			}
		}
		return in.run(body)
	}
	return normal, nil
}

// The value is evaluated before any target is assigned, so that {% set a, b = b, a
// %} swaps.
func (s *setStmt) exec(in *interp) (signal, error) {
	var v Value
	var sig signal
	var err error
	if s.value != nil {
		v, err = in.eval(s.value)
	} else {
		v, sig, err = in.captureFiltered(s.body, s.filter)
	}
	if err != nil || sig != normal {
		return sig, err
	}
	if s.value == nil && in.autoescape && !isMarkup(v) {
		text, err := in.str(v)
		if err != nil {
			return normal, err
		}
		v = markup(text)
	}
	return normal, in.assign(in.scope, &s.target, v)
}

// captureFiltered returns what a body writes, through the filters of a block. The
// body has a scope of its own, so that what it sets is not seen outside. A body that
// ends with a break or a continue of a loop around it has written for nothing.
func (in *interp) captureFiltered(body []stmt, filter expr) (Value, signal, error) {
	text, sig, err := in.capture(&scope{parent: in.scope}, body)
	if err != nil || sig != normal || filter == nil {
		return in.captured(text), sig, err
	}
	v, err := in.filterChain(filter, in.captured(text))
	return v, normal, err
}

// filterChain applies the filters of a block, which have no value at their root, to
// text. The recursion follows the tree, in which the first filter is the innermost
// node.
func (in *interp) filterChain(e expr, text Value) (Value, error) {
	if e == nil {
		return text, nil
	}
	f, ok := e.(*filterExpr)
	if !ok {
		return nil, e.where().at(fail(SyntaxError, "expected a filter"))
	}
	v, err := in.filterChain(f.object, text)
	if err != nil {
		return nil, err
	}
	// Arguments are evaluated here, behind the body.
	v, err = f.apply(in, v)
	if err != nil {
		return nil, f.at(err)
	}
	return v, nil
}

// A definition is a statement: a macro exists from here on, in this scope. It keeps
// the scope alive, which is what is charged for.
func (s *macroStmt) exec(in *interp) (signal, error) {
	in.scope.set(s.name, &macro{s, in.scope})
	return normal, in.charge(scopeBytes)
}

// The body becomes the argument caller. Its scope is the one around the block, so
// that it sees the variables of the page and not those of the macro.
func (s *callStmt) exec(in *interp) (signal, error) {
	fn, err := in.eval(s.call.fn)
	if err != nil {
		return normal, err
	}
	a, err := in.arguments(&s.call.args)
	if err != nil {
		return normal, err
	}
	if err := in.charge(scopeBytes); err != nil {
		return normal, s.at(err)
	}
	a.names = append(a.names, "caller")
	a.named = append(a.named, &macro{s.macro, in.scope})
	v, err := in.call(fn, a)
	if err != nil {
		return normal, s.at(err)
	}
	text, err := in.str(v)
	if err != nil {
		return normal, s.at(err)
	}
	return normal, s.at(in.write(text))
}

// exec of a filter block writes what its filters return as text, whatever it
// is.
func (s *filterStmt) exec(in *interp) (signal, error) {
	v, sig, err := in.captureFiltered(s.body, s.filter)
	if err != nil || sig != normal {
		return sig, err
	}
	text, err := in.str(v)
	if err != nil {
		return normal, s.at(err)
	}
	return normal, s.at(in.write(text))
}

// Values see the scope around the with, not the variables beside them: since Jinja
// 2.9 the order within one with does not matter.
func (s *withStmt) exec(in *interp) (signal, error) {
	inner := &scope{parent: in.scope}
	for i, e := range s.values {
		v, err := in.eval(e)
		if err != nil {
			return normal, err
		}
		// eval goes on in in.scope, which is still the outer one.
		if err := in.assign(inner, &s.targets[i], v); err != nil {
			return normal, err
		}
	}
	return in.within(inner, s.body)
}

func (s *scopeStmt) exec(in *interp) (signal, error) {
	return in.within(&scope{parent: in.scope}, s.body)
}

// exec of a break or a continue only says so; the loop does the rest.
func (s *loopStmt) exec(*interp) (signal, error) { return s.signal, nil }
