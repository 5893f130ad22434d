package jinja

// assign stores a value in a target. A target without parts and without an attribute
// is a name of the innermost scope: in jinja2 a set inside a loop, a macro or a with
// is forgotten at its end. A namespace is the way around that, and the only value
// that a template can change.
func (in *interp) assign(sc *scope, t *target, v Value) error {
	switch {
	case t.parts != nil:
		// Whatever a loop can go over can be taken apart: text too, as in Python.
		items, err := in.iterate(v)
		if err != nil {
			return t.at(err)
		}
		if len(items) < len(t.parts) {
			return t.at(fail(ValueError, "not enough values to unpack (expected %d, got %d)", len(t.parts), len(items)))
		}
		if len(items) > len(t.parts) {
			return t.at(fail(ValueError, "too many values to unpack (expected %d)", len(t.parts)))
		}
		for i := range t.parts {
			if err := in.assign(sc, &t.parts[i], items[i]); err != nil {
				return err
			}
		}
	case t.attr != "":
		// The namespace itself may stand in any scope around this one: that is what
		// it is for.
		v2, _, _ := sc.lookup(t.name)
		ns, ok := v2.(*namespace)
		if !ok {
			return t.at(fail(RuntimeError, "cannot assign attribute on non-namespace object"))
		}
		return in.set(ns.vars, t.attr, v)
	default:
		// Each variable is paid for, as a loop could set a new one in each of its
		// rounds and a macro that is defined there would keep them all.
		sc.set(t.name, v)
		return in.charge(64)
	}
	return nil
}
