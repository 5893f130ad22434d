package jinja

// args are the arguments of a call. Names may repeat those of parameters that a
// position fills already: only bind and macros know the parameters, so they report
// it. A function may take arguments out, which is why the values of a call are never
// shared by two calls.
type args struct {
	pos   []Value
	names []string
	named []Value
}

// take removes a named argument. The slices are cut to their length before the
// rest is appended, because the arguments of a call node may share their
// memory.
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

// bind assigns arguments to parameters. Those that are not given are unset; more
// than there are parameters fail. The first required ones must be given. Python
// binds the same way for its own functions: positions first, then names, each
// parameter once. Built-in functions of jinja2 are Python functions, so templates
// see the TypeError of a Python call; the texts differ in detail between versions of
// Python and are not copied word for word.
func (a *args) bind(fn string, required int, params ...string) (bound, error) {
	b := bound{fn: fn, vals: make([]Value, len(params)), isSet: make([]bool, len(params)), params: params}
	if len(a.pos) > len(params) {
		return b, fail(TypeError, "%s() takes at most %d arguments (%d given)", fn, len(params), len(a.pos))
	}
	for i, v := range a.pos {
		b.vals[i], b.isSet[i] = v, true
	}
	for i, n := range a.names {
		// There are at most five parameters: a map would cost more than it saves.
		at := -1
		for k, p := range params {
			if p == n {
				at = k
			}
		}
		if at < 0 {
			return b, fail(TypeError, "%s() got an unexpected keyword argument '%s'", fn, n)
		}
		if b.isSet[at] {
			return b, fail(TypeError, "%s() got multiple values for argument '%s'", fn, n)
		}
		b.vals[at], b.isSet[at] = a.named[i], true
	}
	for i := range required {
		if !b.isSet[i] {
			return b, fail(TypeError, "%s() missing required argument '%s'", fn, params[i])
		}
	}
	return b, nil
}

// bound are the arguments of a built-in function by parameter. A value that was
// handed over as none is set, and is not the default: jinja2 tells `indent=none`
// from no indent at all.
type bound struct {
	fn     string
	params []string
	vals   []Value
	isSet  []bool
}

// truth returns a flag, otherwise if it was not given. Any value will do for a flag,
// as in Python, where a filter says `if reverse` of whatever it was handed.
func (b *bound) truth(i int, otherwise bool) bool {
	if !b.isSet[i] {
		return otherwise
	}
	return truth(b.vals[i])
}

// int returns a whole number, otherwise if it was not given. A float is refused even
// if it is whole, as Python's __index__ refuses it.
func (b *bound) int(i int, otherwise int64) (int64, error) {
	if !b.isSet[i] {
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
	if !b.isSet[i] {
		return otherwise, nil
	}
	v, ok := textOf(b.vals[i])
	if !ok {
		return "", b.wrong(i)
	}
	return v, nil
}

// wrong is the error about an argument of the wrong type. An undefined one says
// which name it lacks, because that is the mistake to mend.
func (b *bound) wrong(i int) error {
	if u, ok := b.vals[i].(*undefined); ok {
		return u.err()
	}
	return fail(TypeError, "%s(): argument '%s' cannot be '%s'", b.fn, b.params[i], typeName(b.vals[i]))
}

// size is what the arguments of a call are charged for. The slots of the arguments
// are counted beside what is in them, since a call may come with thousands of them
// by *args.
func (a *args) size() int {
	n := 0
	for _, v := range a.pos {
		n += size(v)
	}
	for _, v := range a.named {
		n += size(v)
	}
	return n + itemBytes*(len(a.pos)+len(a.named))
}

// metered makes the functions of a table pay for the values that they are handed,
// the value that they belong to and their arguments, so that one that forgets to
// cannot be run for nothing. Those named in own pay for themselves alone: they touch
// a part of the value only, or none of it. The wrapping happens once, when the
// package is initialized; a call costs one function call more.
func metered[V, R any](table map[string]func(in *interp, v V, a *args) (R, error), own ...string) map[string]func(in *interp, v V, a *args) (R, error) {
	free := make(map[string]bool, len(own))
	for _, id := range own {
		free[id] = true
	}
	for id, f := range table {
		if free[id] {
			continue
		}
		table[id] = func(in *interp, v V, a *args) (R, error) {
			if err := in.touch(size(v) + a.size()); err != nil {
				// The limit is reported as an error of the function's own.
				var none R
				return none, err
			}
			return f(in, v, a)
		}
	}
	return table
}
