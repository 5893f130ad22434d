package jinja

// loop is the variable loop. Items are read as they are needed, because the
// condition of a for may depend on what its body sets. So a loop with a
// condition reads ahead only when something asks: loop.last reads one item
// more, loop.length all. jinja2 wraps an iterator in the same way.
type loop struct {
	stmt    *forStmt
	in      *interp
	outer   *scope
	items   []Value
	read    int // items that were looked at
	depth   int
	index   int // of the current item, -1 before the first
	current Value
	before  Value
	ahead   []Value // items that were read before their turn
	changed Value
	marked  bool
}

// pull reads the next item that the loop's condition lets through. The
// condition sees the targets and what is around the loop, but not loop itself,
// which counts only what passes. It is evaluated in a scope of its own so that
// it leaves no variables behind.
//
// LoopContext of jinja2/runtime.py gets a generator that has the condition in it,
// which the compiler writes (CodeGenerator.visit_For).
func (l *loop) pull() (Value, bool, error) {
	for l.read < len(l.items) {
		item := l.items[l.read]
		l.read++
		if l.stmt.filter == nil {
			return item, true, nil
		}
		// The condition may use the names that the loop assigns.
		sc := &scope{parent: l.outer}
		if err := l.in.assign(sc, &l.stmt.target, item); err != nil {
			return nil, false, err
		}
		outer := l.in.scope
		l.in.scope = sc
		ok, err := l.in.truth(l.stmt.filter)
		l.in.scope = outer
		if err != nil {
			return nil, false, err
		}
		if ok {
			return item, true, nil
		}
	}
	return nil, false, nil
}

// next moves to the next item. Items that were read ahead come first.
func (l *loop) next() (Value, bool, error) {
	var item Value
	if len(l.ahead) > 0 {
		item, l.ahead = l.ahead[0], l.ahead[1:]
	} else {
		var ok bool
		var err error
		if item, ok, err = l.pull(); !ok || err != nil {
			return nil, false, err
		}
	}
	l.before, l.current = l.current, item
	l.index++
	return item, true, nil
}

// peek returns the item after the current one.
func (l *loop) peek() (Value, bool, error) {
	if len(l.ahead) == 0 {
		item, ok, err := l.pull()
		if !ok || err != nil {
			return nil, false, err
		}
		l.ahead = append(l.ahead, item)
	}
	return l.ahead[0], true, nil
}

// length returns the number of items of the loop. With a condition all items
// have to be tried: those that pass are kept for their turn.
//
// LoopContext.length makes a list of its iterator in the same way.
func (l *loop) length() (int, error) {
	if l.stmt.filter == nil {
		return len(l.items), nil
	}
	for {
		item, ok, err := l.pull()
		if err != nil {
			return 0, err
		}
		if !ok {
			return l.index + 1 + len(l.ahead), nil
		}
		// Nothing is pulled for free: an item that is kept takes memory.
		if err := l.in.charge(2 * itemBytes); err != nil {
			return 0, err
		}
		l.ahead = append(l.ahead, item)
	}
}

// attr returns an attribute of the loop variable. A name that it does not have
// is undefined with the message of jinja2, which knows the loop as an object of
// a class.
func (l *loop) attr(id string) (Value, error) {
	switch id {
	case "index":
		return int64(l.index + 1), nil
	case "index0":
		return int64(l.index), nil
	case "first":
		return l.index == 0, nil
	// The last item is the one that has none behind it.
	case "last":
		_, ok, err := l.peek()
		return !ok, err
	case "length", "revindex", "revindex0":
		n, err := l.length()
		switch id {
		case "revindex":
			n -= l.index
		case "revindex0":
			n -= l.index + 1
		}
		return int64(n), err
	case "depth":
		return int64(l.depth + 1), nil
	case "depth0":
		return int64(l.depth), nil
	// Undefined and not none in the first round: `is defined` is the way to
	// ask.
	case "previtem":
		if l.index == 0 {
			return &undefined{msg: "there is no previous item"}, nil
		}
		return l.before, nil
	case "nextitem":
		v, ok, err := l.peek()
		if !ok && err == nil {
			return &undefined{msg: "there is no next item"}, nil
		}
		return v, err
	// By the round, so that every call within one round gives the same item.
	case "cycle":
		return &function{"cycle", l.cycle}, nil
	// It compares with the values of the last call, whichever place in the body
	// made it. The first call always says true.
	case "changed":
		return &function{"changed", l.hasChanged}, nil
	}
	return &undefined{msg: "'jinja2.runtime.LoopContext object' has no attribute '" + brief(id) + "'"}, nil
}

// cycle is loop.cycle.
func (l *loop) cycle(_ *interp, a *args) (Value, error) {
	if len(a.pos) == 0 {
		return nil, fail(TypeError, "no items for cycling given")
	}
	return a.pos[l.index%len(a.pos)], nil
}

// hasChanged is loop.changed.
func (l *loop) hasChanged(in *interp, a *args) (Value, error) {
	value := newTuple(a.pos...)
	if l.marked {
		same, err := in.equal(l.changed, value)
		if err != nil || same {
			return false, err
		}
	}
	l.changed, l.marked = value, true
	return true, nil
}

// call is loop(items) in a recursive loop. The inner loop runs the same body
// over other items, in the scope around the outermost one: it does not see the
// variables of the round that called it.
//
// LoopContext.__call__, which has the function that the compiler made of the loop.
func (l *loop) call(in *interp, a *args) (Value, error) {
	if !l.stmt.recursive {
		return nil, fail(TypeError, "The loop must have the 'recursive' marker to be called recursively.")
	}
	if len(a.pos) != 1 || len(a.named) > 0 {
		return nil, fail(TypeError, "loop() takes one argument")
	}
	if in.depth > maxEval {
		return nil, fail(LimitError, "the template is nested too deeply")
	}
	return in.captureFunc(func() error { return l.stmt.run(in, a.pos[0], l.outer, l.depth+1) })
}

// The items are evaluated outside of the loop's scope, so {% for x in x %}
// works.
func (s *forStmt) exec(in *interp) (signal, error) {
	items, err := in.eval(s.items)
	if err != nil {
		return normal, err
	}
	return normal, s.at(s.run(in, items, in.scope, 0))
}

// run goes over items; outer is the scope around the loop. Each round has a
// scope of its own: what it sets is gone in the next, which surprises everyone
// who comes from Python and is why namespace exists.
//
// A round costs a step beside what is in it, so that an empty body over a long list
// comes to an end as well. The items were paid for by what made the list.
func (s *forStmt) run(in *interp, items Value, outer *scope, depth int) error {
	list, err := in.iterate(items)
	if err != nil {
		return err
	}
	l := &loop{stmt: s, in: in, outer: outer, items: list, depth: depth, index: -1}
	// What follows else runs unless an iteration has come to its end; one that
	// breaks off or continues has not.
	ended, broken := false, false
	for !broken {
		item, ok, err := l.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := in.spend(1); err != nil {
			return err
		}
		sc := &scope{parent: outer}
		if err := in.assign(sc, &s.target, item); err != nil {
			return err
		}
		// Behind the targets, since none of them may be named loop.
		sc.set("loop", l)
		sig, err := in.within(sc, s.body)
		if err != nil {
			return err
		}
		// A break ends the loop and takes the way past else only if some round
		// was complete: jinja2 keeps a flag that the end of a round clears.
		broken = sig == breakLoop
		ended = ended || sig == normal
	}
	if !ended && s.otherwise != nil {
		_, err := in.within(&scope{parent: outer}, s.otherwise)
		return err
	}
	return nil
}
