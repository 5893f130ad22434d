package rules

import "slices"

// ofSet returns the expression of one byte of a set.
func (t *table) ofSet(s byteSet) *node {
	if s == (byteSet{}) {
		return t.nothing
	}
	ascii := s[2] == 0 && s[3] == 0
	return t.intern(node{kind: kindSet, set: s, utf8: ascii})
}

// byte returns the expression of one byte.
func (t *table) byte(c byte) *node {
	if t.single[c] == nil || t.err != nil {
		var set byteSet
		set.add(c, c)
		t.single[c] = t.ofSet(set)
	}
	return t.single[c]
}

// concat returns a and then b. A concat on the left is turned into a chain to the
// right, so that what is next to be read always stands in front.
func (t *table) concat(a, b *node) *node {
	switch {
	case a.kind == kindNothing || b.kind == kindNothing:
		return t.nothing
	case a.kind == kindEmpty:
		return b
	case b.kind == kindEmpty:
		return a
	}
	well := a.utf8 && b.utf8
	var chain []*node
	for ; a.kind == kindConcat; a = a.kids[1] {
		chain = append(chain, a.kids[0])
	}
	made := t.pair(a, b)
	for _, k := range slices.Backward(chain) {
		made = t.pair(k, made)
	}
	if well && made.kind != kindNothing {
		made.utf8 = true
	}
	return made
}

// pair is concat of what is neither nothing nor empty, and no concat on the left.
func (t *table) pair(a, b *node) *node {
	return t.intern(node{
		kind: kindConcat, nullable: a.nullable && b.nullable, utf8: a.utf8 && b.utf8,
		kids: []*node{a, b},
	})
}

// or returns any of nodes.
func (t *table) or(nodes ...*node) *node {
	var (
		set   byteSet
		empty bool
	)
	count := len(nodes)
	for _, n := range nodes {
		count += len(n.kids)
	}
	kids := make([]*node, 0, count)
	add := func(n *node) {
		switch n.kind {
		case kindNothing:
		case kindEmpty:
			empty = true
		case kindSet:
			set.join(n.set)
		default:
			kids = append(kids, n)
		}
	}
	for _, n := range nodes {
		if n.kind != kindOr {
			add(n)
			continue
		}
		for _, k := range n.kids {
			add(k)
		}
	}
	if set != (byteSet{}) {
		kids = append(kids, t.ofSet(set))
	}
	nullable, well := false, true
	for _, k := range kids {
		nullable = nullable || k.nullable
		well = well && k.utf8
	}
	if empty && !nullable {
		nullable = true
		kids = append(kids, t.empty)
	}
	kids = sorted(kids)
	switch {
	case len(kids) == 0:
		return t.nothing
	case len(kids) == 1:
		return kids[0]
	case slices.Contains(kids, t.bytes):
		return t.bytes
	}
	return t.intern(node{kind: kindOr, nullable: nullable, utf8: well, kids: kids})
}

// and returns what all of nodes have in common.
func (t *table) and(nodes ...*node) *node {
	kids := make([]*node, 0, len(nodes))
	for _, n := range nodes {
		if n.kind == kindAnd {
			kids = append(kids, n.kids...)
		} else {
			kids = append(kids, n)
		}
	}
	kids = sorted(slices.DeleteFunc(kids, func(n *node) bool { return n == t.bytes }))
	well := slices.ContainsFunc(kids, func(n *node) bool { return n.utf8 && n != t.text })
	if well {
		kids = slices.DeleteFunc(kids, func(n *node) bool { return n == t.text })
	}
	switch {
	case len(kids) == 0:
		return t.bytes
	case len(kids) == 1:
		return kids[0]
	case kids[0].kind == kindNothing: // its id is the least
		return t.nothing
	}
	return t.meet(kids)
}

// meet is and of two or more different nodes.
func (t *table) meet(kids []*node) *node {
	nullable, well := true, false
	set, sets := byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}, 0
	for _, k := range kids {
		nullable = nullable && k.nullable
		well = well || k.utf8
		if k.kind == kindSet {
			set.meet(k.set)
			sets++
		}
	}
	switch {
	case kids[0].kind == kindEmpty: // its id is the least but one
		if nullable {
			return t.empty
		}
		return t.nothing
	case sets == len(kids):
		return t.ofSet(set)
	case sets > 0 && set == byteSet{}:
		return t.nothing
	}
	return t.intern(node{kind: kindAnd, nullable: nullable, utf8: well, ands: true, kids: kids})
}

// not returns every string of bytes that is none of n's.
func (t *table) not(n *node) *node {
	if n.kind == kindNot {
		return n.kids[0]
	}
	return t.intern(node{kind: kindNot, nullable: !n.nullable, ands: true, kids: []*node{n}})
}

// repeat returns n from low to high times; a negative high is no bound.
func (t *table) repeat(n *node, low, high int) *node {
	if n.nullable {
		low = 0 // what is less than low can be made up by empty texts
	}
	switch {
	case n.kind == kindNothing && low > 0:
		return t.nothing
	case high == 0, n.kind == kindEmpty, n.kind == kindNothing:
		return t.empty
	case high == 1 && (low == 1 || n.nullable):
		return n
	}
	if n.kind == kindRepeat {
		if m, ok := t.repeatOfRepeat(n, low, high); ok {
			return m
		}
	}
	return t.intern(node{kind: kindRepeat, nullable: low == 0, utf8: n.utf8, low: low, high: high, kids: []*node{n}})
}

// repeatOfRepeat joins two repetitions where the product of their bounds says the
// same: both without a least number, or both with an exact one.
func (t *table) repeatOfRepeat(n *node, low, high int) (*node, bool) {
	switch exact := n.low == n.high && low == high; {
	case n.low == 0 && (n.high == unbounded || high == unbounded):
		// low is 0 here, as n is nullable.
		return t.repeat(n.kids[0], 0, unbounded), true
	case n.low == 0 || exact:
		if n.high > maxCount/high {
			return t.fail(&LimitError{What: "repetitions", Limit: maxCount}), true
		}
		return t.repeat(n.kids[0], n.low*low, n.high*high), true
	}
	return nil, false
}

// maxCount is the largest bound of a repetition: far beyond any answer of a model.
const maxCount = 1 << 30
