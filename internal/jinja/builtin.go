package jinja

type filterFunc = func(in *interp, v Value, a *args) (Value, error)

// filters are the filters by name. The map is filled by init, because some of
// its functions look filters up.
var filters map[string]filterFunc

// filter applies a filter by name.
func (in *interp) filter(id string, v Value, a *args) (Value, error) {
	if err := in.spend(1 + len(id)>>lookShift); err != nil {
		return nil, err
	}
	f, ok := filters[id]
	if !ok {
		return nil, fail(RuntimeError, "No filter named '%s'.", id)
	}
	return f(in, v, a)
}

type testFunc = func(in *interp, v Value, a *args) (bool, error)

var tests map[string]testFunc

// test applies a test by name.
func (in *interp) test(id string, v Value, a *args) (Value, error) {
	if err := in.spend(1 + len(id)>>lookShift); err != nil {
		return nil, err
	}
	f, ok := tests[id]
	if !ok {
		return nil, fail(RuntimeError, "No test named '%s'.", id)
	}
	return f(in, v, a)
}
