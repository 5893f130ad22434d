package jinja

import "slices"

// arguments evaluates the arguments of a call. The order is Python's: positions,
// names, *args, **kwargs. What a mapping of **kwargs names again is not an error
// here but in bind, which knows the parameters.
//
// What *args and **kwargs add is charged before it is copied: both may be as long
// as a list can be, at each of many calls.
func (in *interp) arguments(c *callArgs) (*args, error) {
	a := &args{names: c.names[:len(c.names):len(c.names)]}
	var err error
	if a.pos, err = in.evalAll(c.positional); err != nil {
		return nil, err
	}
	if a.named, err = in.evalAll(c.named); err != nil {
		return nil, err
	}
	if c.dynamic != nil {
		v, err := in.eval(c.dynamic)
		if err != nil {
			return nil, err
		}
		// Whatever can be gone over will do for *args, a generator and text too.
		more, err := in.iterate(v)
		if err != nil {
			return nil, err
		}
		if a.pos, err = in.copyItems(a.pos, more); err != nil {
			return nil, err
		}
	}
	if c.dynNamed != nil {
		v, err := in.eval(c.dynNamed)
		if err != nil {
			return nil, err
		}
		d, ok := v.(*Dict)
		if !ok {
			return nil, fail(TypeError, "argument after ** must be a mapping, not %s", typeName(v))
		}
		if err := in.charge(3 * itemBytes * d.Len()); err != nil {
			return nil, err
		}
		for i, k := range d.keys {
			if err := in.every(i); err != nil {
				return nil, err
			}
			// Python's mappings can have other keys, which cannot name a parameter.
			id, ok := textOf(k)
			if !ok {
				return nil, fail(TypeError, "keywords must be strings")
			}
			a.names = append(a.names, id)
			a.named = append(a.named, d.vals[i])
		}
	}
	return a, in.charge(itemBytes * (len(c.positional) + len(c.named)))
}

// call calls a value. Calling what is undefined says which name is missing: most
// often a template was written for a server that has one global more.
func (in *interp) call(fn Value, a *args) (Value, error) {
	switch fn := fn.(type) {
	case *function:
		return fn.call(in, a)
	case *macro:
		return fn.call(in, a)
	case *loop:
		return fn.call(in, a)
	case *undefined:
		return nil, fn.err()
	}
	return nil, fail(TypeError, "'%s' object is not callable", typeName(fn))
}

// call runs a macro and returns what it writes. A macro sees the scope of its
// definition, not that of its call: what a caller sets reaches it through arguments
// only. It returns its output as text, as jinja2 does, so that {{ m()|trim }} works.
//
// In jinja2 this is Macro.__call__ and _invoke of jinja2/runtime.py. Each parameter
// is charged as a variable of the scope, and what the body writes as it is written.
func (m *macro) call(in *interp, a *args) (Value, error) {
	def := m.def
	sc := &scope{parent: m.scope}
	// Further positions are allowed only if the body uses the name varargs: that is
	// how jinja2 decides it, when it compiles the macro.
	varargs := newTuple()
	if extra := len(a.pos) - len(def.params); extra > 0 {
		if !def.varargs {
			return nil, fail(TypeError, "macro %s takes not more than %d argument(s)", def.label("None"), len(def.params))
		}
		varargs.Items = a.pos[len(def.params):]
	}
	outer := in.scope
	in.scope = sc
	defer func() { in.scope = outer }()
	if err := m.bind(in, sc, a); err != nil {
		return nil, err
	}
	// The name caller is always set: without a call block it is undefined with a
	// message of its own, and not some outer variable of that name.
	if !def.caller {
		sc.set("caller", &undefined{msg: "No caller defined"})
	} else if caller, ok := a.take("caller"); ok {
		sc.set("caller", caller)
	} else if _, ok := sc.vars["caller"]; !ok {
		sc.set("caller", &undefined{msg: "No caller defined"})
	}
	// What take left over are names that no parameter has.
	kwargs := NewDict()
	for i, n := range a.names {
		if err := in.set(kwargs, n, a.named[i]); err != nil {
			return nil, err
		}
	}
	if kwargs.Len() > 0 && !def.kwargs {
		return nil, fail(TypeError, "macro %s takes no keyword argument '%s'", def.label("None"), a.names[0])
	}
	// Set in any case: the body asks for them only if they were allowed.
	sc.set("varargs", varargs)
	sc.set("kwargs", kwargs)
	// A break in the body belongs to a loop in it: the parser sees to that.
	text, _, err := in.capture(sc, def.body)
	return in.captured(text), err
}

// bind sets the parameters of a macro. Each hides a variable of its name from the
// outside, before the first default is evaluated: a default may use the parameters
// before it, and those behind it that are given.
func (m *macro) bind(in *interp, sc *scope, a *args) error {
	def := m.def
	first := len(def.params) - len(def.defaults)
	var absent []int
	for i, param := range def.params {
		v, ok := Value(nil), true
		if i < len(a.pos) {
			v = a.pos[i]
		} else if err := in.spend(len(a.names) >> 2); err != nil {
			return err // each parameter is looked for among the names
		} else if v, ok = a.take(param); !ok {
			v = &undefined{msg: "parameter '" + brief(param) + "' was not provided"}
			if i >= first {
				absent = append(absent, i)
				v = &undefined{msg: "'" + brief(param) + "' is undefined"}
			}
		}
		sc.set(param, v)
		if err := in.charge(64); err != nil {
			return err
		}
	}
	for _, i := range absent {
		v, err := in.eval(def.defaults[i-first])
		if err != nil {
			return err
		}
		sc.set(def.params[i], v)
	}
	return nil
}

// label is the quoted name of a macro, or what stands for one where it has none.
func (s *macroStmt) label(otherwise string) string {
	if s.anonymous {
		return otherwise
	}
	return "'" + brief(s.name) + "'"
}

// attr returns an attribute of a macro: those of jinja2's class Macro. The body of a
// call block is a macro without a name.
func (m *macro) attr(id string) (Value, bool) {
	switch def := m.def; id {
	case "name":
		if def.anonymous {
			return nil, true
		}
		return def.name, true
	case "arguments":
		names := newTuple()
		for _, param := range def.params {
			names.Items = append(names.Items, param)
		}
		return names, true
	case "catch_varargs":
		return def.varargs, true
	case "catch_kwargs":
		return def.kwargs, true
	case "caller":
		return def.caller, true
	case "explicit_caller":
		return slices.Contains(def.params, "caller"), true
	}
	return nil, false
}
