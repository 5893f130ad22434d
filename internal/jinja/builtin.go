package jinja

// filterFunc is a filter: it gets the value on the left of the bar and the
// arguments.
type filterFunc = func(in *interp, v Value, a *args) (Value, error)

// filters are the filters by name. The map is filled by init, because some of
// its functions look filters up. It is not changed after that, so that
// renderings can share it.
var filters map[string]filterFunc

// filter applies a filter by name. The parser has refused names that do not exist
// where it could. What arrives here is a name inside of a condition, or a text that
// map was handed, and the reference fails for these when they are reached.
func (in *interp) filter(id string, v Value, a *args) (Value, error) {
	if err := in.spend(1 + len(id)>>lookShift); err != nil {
		return nil, err
	}
	f, ok := filters[id]
	if !ok {
		return nil, fail(RuntimeError, "No filter named '%s'.", id)
	}
	return in.applyFilter(id, f, v, a)
}

// testFunc is a test: what stands behind is, and what select and reject are handed
// by name.
type testFunc = func(in *interp, v Value, a *args) (bool, error)

// tests are the tests by name. init fills the map, because the test test looks into
// it.
var tests map[string]testFunc

// test applies a test by name. The result is a Value because select takes the truth
// of it like that of any other.
func (in *interp) test(id string, v Value, a *args) (Value, error) {
	if err := in.spend(1 + len(id)>>lookShift); err != nil {
		return nil, err
	}
	f, ok := tests[id]
	if !ok {
		return nil, fail(RuntimeError, "No test named '%s'.", id)
	}
	// Of a mark only one test knows.
	if id != "escaped" {
		a.unmark()
		v = plainValue(v)
	}
	return f(in, v, a)
}
