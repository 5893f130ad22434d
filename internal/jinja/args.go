package jinja

// args are the arguments of a call.
type args struct {
	pos   []Value
	names []string
	named []Value
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
	b := bound{fn: fn, vals: make([]Value, len(params)), isSet: make([]bool, len(params)), params: params}
	if len(a.pos) > len(params) {
		return b, fail(TypeError, "%s() takes at most %d arguments (%d given)", fn, len(params), len(a.pos))
	}
	for i, v := range a.pos {
		b.vals[i], b.isSet[i] = v, true
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

// bound are the arguments of a built-in function by parameter.
type bound struct {
	fn     string
	params []string
	vals   []Value
	isSet  []bool
}

// truth returns a flag, otherwise if it was not given.
func (b *bound) truth(i int, otherwise bool) bool {
	if !b.isSet[i] {
		return otherwise
	}
	return truth(b.vals[i])
}

// int returns a whole number, otherwise if it was not given.
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

// size is what the arguments of a call are charged for.
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

// metered makes the functions of a table pay for the values that they are
// handed, the value that they belong to and their arguments, so that one that
// forgets to cannot be run for nothing. Those named in own pay for themselves
// alone: they touch a part of the value only, or none of it.
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
				var none R
				return none, err
			}
			return f(in, v, a)
		}
	}
	return table
}
