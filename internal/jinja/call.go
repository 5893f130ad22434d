package jinja

// args are the arguments of a call.
type args struct {
	pos   []Value
	names []string
	named []Value
}

// arguments evaluates the arguments of a call.
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
			id, ok := k.(string)
			if !ok {
				return nil, fail(TypeError, "keywords must be strings")
			}
			a.names = append(a.names, id)
			a.named = append(a.named, d.vals[i])
		}
	}
	return a, in.charge(itemBytes * (len(c.positional) + len(c.named)))
}

// take removes a named argument.
func (a *args) take(id string) (Value, bool) {
	for i, n := range a.names {
		if n == id {
			v := a.named[i]
			a.names = append(a.names[:i:i], a.names[i+1:]...)
			a.named = append(a.named[:i:i], a.named[i+1:]...)
			return v, true
		}
	}
	return nil, false
}

// bind assigns arguments to parameters. Those that are not given are unset;
// more than there are parameters fail. The first required ones must be given.
func (a *args) bind(fn string, required int, params ...string) (bound, error) {
	b := bound{fn: fn, vals: make([]Value, len(params)), given: make([]bool, len(params)), params: params}
	if len(a.pos) > len(params) {
		return b, fail(TypeError, "%s() takes at most %d arguments (%d given)", fn, len(params), len(a.pos))
	}
	for i, v := range a.pos {
		b.vals[i], b.given[i] = v, true
	}
	for i, n := range a.names {
		at := -1
		for k, p := range params {
			if p == n {
				at = k
			}
		}
		if at < 0 {
			return b, fail(TypeError, "%s() got an unexpected keyword argument '%s'", fn, n)
		}
		if b.given[at] {
			return b, fail(TypeError, "%s() got multiple values for argument '%s'", fn, n)
		}
		b.vals[at], b.given[at] = a.named[i], true
	}
	for i := range required {
		if !b.given[i] {
			return b, fail(TypeError, "%s() missing required argument '%s'", fn, params[i])
		}
	}
	return b, nil
}

// bound are the arguments of a built-in function by parameter.
type bound struct {
	fn     string
	params []string
	vals   []Value
	given  []bool
}

// truth returns a flag, otherwise if it was not given.
func (b *bound) truth(i int, otherwise bool) bool {
	if !b.given[i] {
		return otherwise
	}
	return truth(b.vals[i])
}

// int returns a whole number, otherwise if it was not given.
func (b *bound) int(i int, otherwise int64) (int64, error) {
	if !b.given[i] {
		return otherwise, nil
	}
	v, ok := toInt(b.vals[i])
	if !ok {
		return 0, b.wrong(i)
	}
	return v, nil
}

// text returns a string, otherwise if it was not given.
func (b *bound) text(i int, otherwise string) (string, error) {
	if !b.given[i] {
		return otherwise, nil
	}
	v, ok := b.vals[i].(string)
	if !ok {
		return "", b.wrong(i)
	}
	return v, nil
}

func (b *bound) wrong(i int) error {
	if u, ok := b.vals[i].(*undefined); ok {
		return u.err()
	}
	return fail(TypeError, "%s(): argument '%s' cannot be '%s'", b.fn, b.params[i], typeName(b.vals[i]))
}

// call calls a value.
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

// captureFunc returns what f writes.
func (in *interp) captureFunc(f func() error) (Value, error) {
	outer := in.out
	out := builder{in: in}
	in.out = &out
	err := f()
	in.out = outer
	if err != nil {
		return nil, err
	}
	return out.text()
}

// call runs a macro and returns what it writes.
func (m *macro) call(in *interp, a *args) (Value, error) {
	def := m.def
	sc := &scope{parent: m.scope}
	varargs := newTuple()
	if extra := len(a.pos) - len(def.params); extra > 0 {
		if !def.varargs {
			return nil, fail(TypeError, "macro '%s' takes not more than %d argument(s)", def.name, len(def.params))
		}
		varargs.Items = a.pos[len(def.params):]
	}
	first := len(def.params) - len(def.defaults)
	outer := in.scope
	in.scope = sc
	defer func() { in.scope = outer }()
	for i, param := range def.params {
		v, ok := Value(nil), true
		if i < len(a.pos) {
			v = a.pos[i]
		} else if err := in.spend(len(a.names) >> 2); err != nil {
			return nil, err // each parameter is looked for among the names
		} else if v, ok = a.take(param); !ok {
			v = &undefined{msg: "parameter '" + brief(param) + "' was not provided"}
			if i >= first {
				var err error
				if v, err = in.eval(def.defaults[i-first]); err != nil {
					return nil, err
				}
			}
		}
		sc.set(param, v)
		if err := in.charge(64); err != nil {
			return nil, err
		}
	}
	if !def.caller {
		sc.set("caller", &undefined{msg: "No caller defined"})
	} else if caller, ok := a.take("caller"); ok {
		sc.set("caller", caller)
	} else if _, ok := sc.vars["caller"]; !ok {
		sc.set("caller", &undefined{msg: "No caller defined"})
	}
	kwargs := NewDict()
	for i, n := range a.names {
		if err := in.set(kwargs, n, a.named[i]); err != nil {
			return nil, err
		}
	}
	if kwargs.Len() > 0 && !def.kwargs {
		return nil, fail(TypeError, "macro '%s' takes no keyword argument '%s'", def.name, a.names[0])
	}
	sc.set("varargs", varargs)
	sc.set("kwargs", kwargs)
	text, err := in.capture(sc, def.body)
	return text, err
}
