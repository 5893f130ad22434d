package jinja

import (
	"errors"
	"slices"
)

// eval of a constant takes no step beside that of its node.
func (n *constant) eval(*interp) (Value, error) { return n.value, nil }

// A name that nothing is known of is no error: templates ask `if tools` and `x is
// defined` all the time. The value knows its name for the message.
func (n *name) eval(in *interp) (Value, error) {
	v, ok, walked := in.scope.lookup(n.name)
	if walked > nearScopes {
		// Far out, or nowhere: each scope on the way was asked.
		if err := in.spend(walked >> 2); err != nil {
			return nil, err
		}
	}
	// none is a value like any other here.
	if ok {
		return v, nil
	}
	return &undefined{msg: "'" + brief(n.name) + "' is undefined"}, nil
}

// Values of a template are charged when they are made; that they are freed again is
// not counted, since a loop can keep them all.
func (n *listExpr) eval(in *interp) (Value, error) {
	items, err := in.evalAll(n.items)
	if err != nil {
		return nil, err
	}
	return &List{Items: items, tuple: n.tuple}, in.charge(listBytes + itemBytes*len(items))
}

// A key that is there twice keeps its first place and takes the last value.
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
		// Lists and mappings cannot be keys, as in Python.
		if err := in.set(d, key, value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Only the branch that is taken is evaluated, so that it may use what the condition
// asks for.
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

// truth(v) != n.and holds if the left operand decides: false for and, true for or.
func (n *logicExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.left)
	if err != nil || truth(v) != n.and {
		return v, err
	}
	return in.eval(n.right)
}

// eval of a not gives a boolean, unlike and and or.
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

// eval of an operator evaluates both operands, the left one first, before it
// looks at their types.
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
	if n.escaping.on(in) {
		parts, err := in.evalAll(n.parts)
		if err != nil {
			return nil, err
		}
		return in.joinedMarkup(parts)
	}
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

// The chain ends at the first link that fails, and what is to the right of it is not
// evaluated.
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

// eval of a member: what it does not find is a value too, and knows the
// object's type for its message.
func (n *attrExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	return in.getAttr(v, n.name)
}

// A slice is no value of its own here: outside of brackets there is no syntax for
// one.
func (n *itemExpr) eval(in *interp) (Value, error) {
	v, err := in.eval(n.object)
	if err != nil {
		return nil, err
	}
	if s, ok := n.key.(*sliceExpr); ok {
		part, err := in.slice(v, s)
		return n.folded(part, err)
	}
	key, err := in.eval(n.key)
	if err != nil {
		return nil, err
	}
	return in.getItem(v, key)
}

// folded makes what is undefined of a TypeError of a slice that is constant: jinja2
// works such a slice out when it compiles, by the way of an item. All others are
// slices of Python there, whose errors end the rendering.
func (n *itemExpr) folded(part Value, err error) (Value, error) {
	var e *Error
	if !errors.As(err, &e) || e.Kind != TypeError || !isConstant(n.object) || !isConstant(n.key) {
		return part, err
	}
	return &undefined{msg: e.Msg, kind: e.Kind}, nil
}

// isConstant reports whether a node is made of literals alone. The operators that
// jinja2 works out as well are not looked into.
func isConstant(e expr) bool {
	var parts []expr
	switch e := e.(type) {
	case nil, *constant:
	case *listExpr:
		parts = e.items
	case *dictExpr:
		parts = slices.Concat(e.keys, e.values)
	case *unaryExpr:
		parts = []expr{e.operand}
	case *sliceExpr:
		parts = []expr{e.start, e.stop, e.step}
	default:
		return false
	}
	return !slices.ContainsFunc(parts, func(part expr) bool { return !isConstant(part) })
}

// eval is reached only by a slice inside a tuple of subscripts.
func (n *sliceExpr) eval(*interp) (Value, error) {
	return nil, fail(TypeError, "slices have to stand alone")
}

// The function is evaluated before its arguments, as in Python: an error in it is
// the one that is reported.
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

// apply runs a filter on a value. It is apart from eval for filter blocks, whose
// first filter has no operand.
func (n *filterExpr) apply(in *interp, v Value) (Value, error) {
	a, err := in.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	return in.filter(n.name, v, a)
}

// eval of a test hands an undefined value over as it is: defined and undefined
// are there to ask about it.
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
