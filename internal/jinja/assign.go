package jinja

// assign stores a value in a target.
func (in *interp) assign(sc *scope, t *target, v Value) error {
	switch {
	case t.parts != nil:
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
		v2, _, _ := sc.lookup(t.name)
		ns, ok := v2.(*namespace)
		if !ok {
			return t.at(fail(RuntimeError, "cannot assign attribute on non-namespace object"))
		}
		return in.set(ns.vars, t.attr, v)
	default:
		sc.set(t.name, v)
		return in.charge(64)
	}
	return nil
}
