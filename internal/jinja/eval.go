package jinja

import "strings"

func (n *constant) eval(*interp) (Value, error) { return n.value, nil }

func (n *name) eval(in *interp) (Value, error) {
	if v, ok := in.scope.lookup(n.name); ok {
		return v, nil
	}
	return &undefined{msg: "'" + n.name + "' is undefined"}, nil
}

func (in *interp) evalAll(list []expr) ([]Value, error) {
	out := make([]Value, len(list))
	for i, e := range list {
		var err error
		if out[i], err = in.eval(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (n *listExpr) eval(in *interp) (Value, error) {
	items, err := in.evalAll(n.items)
	if err != nil {
		return nil, err
	}
	return &List{Items: items, tuple: n.tuple}, in.charge(16 * len(items))
}

func (n *dictExpr) eval(in *interp) (Value, error) {
	d := NewDict()
	for i, k := range n.keys {
		key, err := in.eval(k)
		if err != nil {
			return nil, err
		}
		value, err := in.eval(n.values[i])
		if err != nil {
			return nil, err
		}
		if !d.Set(key, value) {
			return nil, fail(TypeError, "unhashable type: '%s'", typeName(key))
		}
	}
	return d, in.charge(64 * len(n.keys))
}

func (n *condExpr) eval(in *interp) (Value, error) {
	test, err := in.truth(n.test)
	if err != nil {
		return nil, err
	}
	if test {
		return in.eval(n.then)
	}
	if n.otherwise == nil {
		return &undefined{msg: "the inline if-expression evaluated to false and no else section was defined."}, nil
	}
	return in.eval(n.otherwise)
}

// truth evaluates a condition.
func (in *interp) truth(e expr) (bool, error) {
	v, err := in.eval(e)
	if err != nil {
		return false, err
	}
	return truth(v), nil
}

func (n *logicExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.left)
	if err != nil || truth(v) != n.and {
		return v, err
	}
	return in.eval(n.right)
}

func (n *notExpr) eval(in *interp) (Value, error) {
	v, err := in.truth(n.operand)
	return !v, err
}

func (n *unaryExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.operand)
	if err != nil {
		return nil, err
	}
	return negate(n.op, v)
}

func (n *binaryExpr) eval(in *interp) (Value, error) {
	left, err := in.eval(n.left)
	if err != nil {
		return nil, err
	}
	right, err := in.eval(n.right)
	if err != nil {
		return nil, err
	}
	return in.arith(n.op, left, right)
}

func (n *concatExpr) eval(in *interp) (Value, error) {
	var b strings.Builder
	for _, part := range n.parts {
		v, err := in.eval(part)
		if err != nil {
			return nil, err
		}
		text, err := in.str(v)
		if err != nil {
			return nil, err
		}
		if err := in.charge(len(text)); err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (n *compareExpr) eval(in *interp) (Value, error) {
	left, err := in.eval(n.left)
	if err != nil {
		return nil, err
	}
	for _, c := range n.ops {
		right, err := in.eval(c.right)
		if err != nil {
			return nil, err
		}
		ok, err := in.compare(c.op, left, right)
		if err != nil || !ok {
			return false, err
		}
		left = right
	}
	return true, nil
}

func (n *attrExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	return in.getAttr(v, n.name)
}

func (n *itemExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	if s, ok := n.key.(*sliceExpr); ok {
		return in.slice(v, s)
	}
	key, err := in.eval(n.key)
	if err != nil {
		return nil, err
	}
	return in.getItem(v, key)
}

// eval is reached only by a slice inside a tuple of subscripts.
func (n *sliceExpr) eval(*interp) (Value, error) {
	return nil, fail(TypeError, "slices have to stand alone")
}

// slice evaluates v[start:stop:step].
func (in *interp) slice(v Value, s *sliceExpr) (Value, error) {
	var bounds [3]*int64
	for i, e := range [3]expr{s.start, s.stop, s.step} {
		if e == nil {
			continue
		}
		b, err := in.eval(e)
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		x, ok := toInt(b)
		if !ok {
			return nil, fail(TypeError, "slice indices must be integers or None or have an __index__ method")
		}
		bounds[i] = &x
	}
	switch v := v.(type) {
	case *undefined:
		return nil, v.err()
	case string:
		return in.sliceString(v, bounds)
	case *List:
		picked, err := sliceRange(len(v.Items), bounds)
		if err != nil {
			return nil, err
		}
		if err := in.charge(16 * len(picked)); err != nil {
			return nil, err
		}
		items := make([]Value, len(picked))
		for i, at := range picked {
			items[i] = v.Items[at]
		}
		return &List{Items: items, tuple: v.tuple}, nil
	case rangeValue:
		start, stop, step, err := sliceBounds(v.count, bounds)
		if err != nil {
			return nil, err
		}
		part := rangeValue{start: v.start + start*v.step, stop: v.start + stop*v.step, step: v.step * step}
		for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
			part.count++
		}
		return part, nil
	case *Dict:
		return nil, fail(TypeError, "unhashable type: 'slice'")
	}
	return nil, fail(TypeError, "'%s' object is not subscriptable", typeName(v))
}

func (in *interp) sliceString(s string, bounds [3]*int64) (Value, error) {
	if err := in.charge(len(s)); err != nil {
		return nil, err
	}
	runes := []rune(s)
	picked, err := sliceRange(len(runes), bounds)
	if err != nil {
		return nil, err
	}
	out := make([]rune, len(picked))
	for i, at := range picked {
		out[i] = runes[at]
	}
	return string(out), nil
}

// sliceBounds returns where Python's slice of n items starts and ends, and the
// step, which is cut to what n items need.
func sliceBounds(size int64, bounds [3]*int64) (start, stop, step int64, err error) {
	step = 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return 0, 0, 0, fail(ValueError, "slice step cannot be zero")
	}
	lo, hi := int64(0), size
	if step < 0 {
		lo, hi = -1, size-1
	}
	clip := func(b *int64, otherwise int64) int64 {
		if b == nil {
			return otherwise
		}
		x := *b
		if x < 0 {
			x += size
		}
		return min(max(x, lo), hi)
	}
	if step > 0 {
		return clip(bounds[0], 0), clip(bounds[1], size), min(step, size+1), nil
	}
	return clip(bounds[0], size-1), clip(bounds[1], -1), max(step, -size-1), nil
}

// sliceRange returns the indices that Python's slice picks out of n items.
func sliceRange(n int, bounds [3]*int64) ([]int, error) {
	start, stop, step, err := sliceBounds(int64(n), bounds)
	if err != nil {
		return nil, err
	}
	var out []int
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, int(i))
	}
	return out, nil
}

func (n *callExpr) eval(in *interp) (Value, error) {
	fn, err := in.eval(n.fn)
	if err != nil {
		return nil, err
	}
	a, err := in.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	return in.call(fn, a)
}

func (n *filterExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	return n.apply(in, v)
}

// apply runs a filter on a value.
func (n *filterExpr) apply(in *interp, v Value) (Value, error) {
	a, err := in.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	return in.filter(n.name, v, a)
}

func (n *testExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	a, err := in.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	return in.test(n.name, v, a)
}
