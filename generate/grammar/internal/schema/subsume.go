package schema

import "slices"

// mostCompared is how many shapes of a set are compared with each other.
const mostCompared = 300

// simplify leaves out of shapes those that hold no value that another one of them does
// not hold. What it does not see costs time only.
func simplify[S any](shapes []*S, within func(x, y *S) bool) []*S {
	if len(shapes) < 2 || len(shapes) > mostCompared {
		return shapes
	}
	var kept []*S
	for _, x := range shapes {
		if slices.ContainsFunc(kept, func(y *S) bool { return within(x, y) }) {
			continue
		}
		kept = slices.DeleteFunc(kept, func(y *S) bool { return within(y, x) })
		kept = append(kept, x)
	}
	return kept
}

// implies reports whether it is plain that each value of f is one of g.
func (s *formulas) implies(f, g formula) bool {
	if f == g || f == never || g == always {
		return true
	}
	switch t := s.terms[g]; t.op {
	case opAnd:
		return !slices.ContainsFunc(t.kids, func(kid formula) bool { return !s.implies(f, kid) })
	case opOr:
		if slices.Contains(t.kids, f) {
			return true
		}
	}
	t := s.terms[f]
	return t.op == opAnd && slices.Contains(t.kids, g)
}

// arrayWithin reports whether it is plain that y holds each array that x holds.
func (c *compiler) arrayWithin(x, y *array) bool {
	if y.min > x.min || least(x.max, y.max) != x.max || y.unique && !x.unique {
		return false
	}
	if c.doc.tracked && (x.seen != y.seen || !slices.Equal(x.seenIf, y.seenIf)) {
		return false
	}
	for i := range max(len(x.prefix), len(y.prefix)) + 1 {
		if !c.implies(x.item(i), y.item(i)) {
			return false
		}
	}
	return !slices.ContainsFunc(y.has, func(h contains) bool { return !slices.Contains(x.has, h) })
}

// objectWithin reports whether it is plain that y holds each object that x holds.
func (c *compiler) objectWithin(x, y *object) bool {
	if y.min > x.min || least(x.max, y.max) != x.max || c.doc.tracked && x.seen != y.seen {
		return false
	}
	for _, p := range y.pats {
		if !slices.Contains(x.pats, p) {
			return false
		}
	}
	for _, s := range y.some {
		if !slices.Contains(x.some, s) {
			return false
		}
	}
	at := 0 // properties mostly come in one order
	for _, p := range y.props {
		q := property{f: always}
		for range x.props {
			at = (at + 1) % len(x.props)
			if x.props[at].key == p.key {
				q = x.props[at]
				break
			}
		}
		if p.required && !q.required || !c.implies(q.f, p.f) {
			return false
		}
	}
	return true
}
