package jinja

func (n *constant) eval(*interp) (Value, error) { return n.value, nil }

func (n *name) eval(in *interp) (Value, error) {
	v, ok, walked := in.scope.lookup(n.name)
	if walked > nearScopes {
		// Far out, or nowhere: each scope on the way was asked.
		if err := in.spend(walked >> 2); err != nil {
			return nil, err
		}
	}
	if ok {
		return v, nil
	}
	return &undefined{msg: "'" + brief(n.name) + "' is undefined"}, nil
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
	return &List{Items: items, tuple: n.tuple}, in.charge(listBytes + itemBytes*len(items))
}

func (n *dictExpr) eval(in *interp) (Value, error) {
	if err := in.charge(pairBytes); err != nil {
		return nil, err
	}
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
		if err := in.set(d, key, value); err != nil {
			return nil, err
		}
	}
	return d, nil
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
	if err := in.payBig(v); err != nil {
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
	texts := make([]string, len(n.parts))
	for i, part := range n.parts {
		v, err := in.eval(part)
		if err != nil {
			return nil, err
		}
		if texts[i], err = in.str(v); err != nil {
			return nil, err
		}
	}
	return in.concat(texts...)
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
		start, step, n, err := sliceRange(int64(len(v.Items)), bounds)
		if err != nil {
			return nil, err
		}
		items, err := in.pickItems(v.Items, start, step, n)
		return &List{Items: items, tuple: v.tuple}, err
	case rangeValue:
		start, step, n, err := sliceRange(v.count, bounds)
		if err != nil {
			return nil, err
		}
		part := rangeValue{start: v.start + start*v.step, step: v.step * step, count: n}
		part.stop = part.start + n*part.step
		return part, nil
	case *Dict:
		return nil, fail(TypeError, "unhashable type: 'slice'")
	}
	return nil, fail(TypeError, "'%s' object is not subscriptable", typeName(v))
}

// pickItems returns n items from start on, step apart, in a new list.
func (in *interp) pickItems(items []Value, start, step, n int64) ([]Value, error) {
	if err := in.charge(listBytes + itemBytes*int(n)); err != nil {
		return nil, err
	}
	out := make([]Value, n)
	for i := range out {
		if err := in.every(i); err != nil {
			return nil, err
		}
		out[i] = items[start+int64(i)*step]
	}
	return out, nil
}

// sliceString returns characters of a text. With a step of 1, which is what
// templates ask for, the result is a part of the same memory.
func (in *interp) sliceString(s string, bounds [3]*int64) (Value, error) {
	if bounds[2] == nil || *bounds[2] == 1 {
		from, to, err := in.span(s, bounds[0], bounds[1])
		if err != nil || from >= to {
			return "", err
		}
		return s[from:to], nil
	}
	runes, err := in.runes(s)
	if err != nil {
		return nil, err
	}
	start, step, n, err := sliceRange(int64(len(runes)), bounds)
	if err != nil {
		return nil, err
	}
	return in.fromRunes(runes, start, step, n)
}

// span returns where s[start:stop] begins and ends in bytes; it is empty where
// it ends before it begins. What is outside of the bounds is not gone over.
func (in *interp) span(s string, start, stop *int64) (from, to int, err error) {
	place := func(b *int64, otherwise int) (int, error) {
		switch {
		case b == nil:
			return otherwise, nil
		case *b < 0:
			at, _, err := in.offsetBack(s, -*b)
			return at, err
		}
		at, _, err := in.offset(s, *b)
		return at, err
	}
	if from, err = place(start, 0); err != nil {
		return 0, 0, err
	}
	to, err = place(stop, len(s))
	return from, to, err
}

// sliceRange returns which of size items Python's slice picks: where it
// begins, the step, which is cut to what the items need, and how many.
func sliceRange(size int64, bounds [3]*int64) (start, step, n int64, err error) {
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
	var stop int64
	if step > 0 {
		start, stop, step = clip(bounds[0], 0), clip(bounds[1], size), min(step, size+1)
		n = (stop - start + step - 1) / step
	} else {
		start, stop, step = clip(bounds[0], size-1), clip(bounds[1], -1), max(step, -size-1)
		n = (start - stop - step - 1) / -step
	}
	return start, step, max(n, 0), nil
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
