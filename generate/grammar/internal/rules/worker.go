package rules

import (
	"cmp"
	"slices"
)

// worker computes states, one at a time.
type worker struct {
	p      *Program
	ways   []alternative
	canEnd bool
	seen   map[entry]bool
}

// entry is an expression that was entered above a stack.
type entry struct {
	n    *node
	rest *stack
}

// begin empties the worker.
func (w *worker) begin() {
	w.ways, w.canEnd = w.ways[:0], false
	if len(w.seen) > 1000 {
		w.seen = nil // clearing a large table takes longer than making a small one
	}
	if w.seen == nil {
		w.seen = map[entry]bool{}
	}
	clear(w.seen)
}

// first returns the state at the beginning of a text.
func (w *worker) first() *state {
	w.begin()
	w.enter(w.p.first, nil)
	if w.p.first.nullable {
		w.leave(nil)
	}
	return w.end()
}

// step returns the state behind s and a byte.
func (w *worker) step(s *state, b byte) *state {
	w.begin()
	for _, way := range s.ways {
		d := w.p.t.derive(way.head, b)
		if d == w.p.t.nothing || !w.p.t.isLive(d) {
			continue
		}
		w.enter(d, way.rest)
		if d.nullable {
			w.leave(way.rest)
		}
	}
	return w.end()
}

// end returns the state of what was collected.
func (w *worker) end() *state {
	slices.SortFunc(w.ways, func(a, b alternative) int {
		return cmp.Or(cmp.Compare(a.head.id, b.head.id), cmp.Compare(a.rest.key(), b.rest.key()))
	})
	w.ways = slices.Compact(w.ways)
	if limit := w.p.t.limits.Alternatives; len(w.ways) > limit {
		w.p.t.fail(&LimitError{What: "ways to read one text", Limit: limit})
	}
	if w.p.t.err != nil {
		return nil
	}
	return w.p.state(w.ways, w.canEnd)
}

func (s *stack) key() uint64 {
	if s == nil {
		return 0
	}
	return s.id
}

// enter collects the ways to begin n and go on with rest. That n may be left out as a
// whole is the caller's concern.
func (w *worker) enter(n *node, rest *stack) {
	switch n.kind {
	case kindNothing, kindEmpty:
		return
	case kindSet:
		w.ways = append(w.ways, alternative{n, rest})
		return
	}
	e := entry{n, rest}
	if w.seen[e] || w.p.t.err != nil {
		return
	}
	w.seen[e] = true
	if limit := 8 * w.p.t.limits.Alternatives; len(w.seen) > limit {
		w.p.t.fail(&LimitError{What: "ways to read one text", Limit: limit})
		return
	}
	switch n.kind {
	case kindConcat:
		w.enterChain(n, rest)
	case kindOr:
		for _, k := range n.kids {
			w.enter(k, rest)
		}
	case kindRule:
		w.enter(w.p.bodies[n.low], rest)
	case kindRepeat:
		if !n.rules {
			w.ways = append(w.ways, alternative{n, rest})
			return
		}
		more := w.p.t.repeat(n.kids[0], max(n.low-1, 0), less(n.high))
		if more.kind != kindEmpty {
			rest = w.p.push(more, rest)
		}
		w.enter(n.kids[0], rest)
	case kindAnd, kindNot, kindAutomaton:
		if w.p.t.isLive(n) {
			w.ways = append(w.ways, alternative{n, rest})
		}
	}
}

// enterChain is enter for a concat.
func (w *worker) enterChain(n *node, rest *stack) {
	if !w.p.t.isLive(n) {
		return
	}
	for ; n.kind == kindConcat; n = n.kids[1] {
		w.enter(n.kids[0], w.p.push(n.kids[1], rest))
		if !n.kids[0].nullable {
			return
		}
	}
	w.enter(n, rest)
}

// leave collects the ways to go on where all above rest is read.
func (w *worker) leave(rest *stack) {
	for ; rest != nil; rest = rest.next {
		w.enter(rest.top, rest.next)
		if !rest.top.nullable {
			return
		}
	}
	w.canEnd = true
}
