package rules

// derivative returns what may follow the byte b in the texts of n that begin with it
// (Brzozowski, "Derivatives of regular expressions", 1964). n has no rules in it.
func (t *table) derivative(n *node, b byte) *node {
	switch n.kind {
	case kindSet:
		if n.set.has(b) {
			return t.empty
		}
		return t.nothing
	case kindConcat:
		return t.deriveChain(n, b)
	case kindRepeat:
		return t.concat(t.derive(n.kids[0], b), t.repeat(n.kids[0], max(n.low-1, 0), less(n.high)))
	case kindAutomaton:
		return t.inState(n.high, t.machines[n.high].step(n.low, b))
	case kindNot:
		return t.not(t.derive(n.kids[0], b))
	case kindOr, kindAnd:
		kids := make([]*node, len(n.kids))
		for k, kid := range n.kids {
			kids[k] = t.derive(kid, b)
			if n.kind == kindAnd && kids[k] == t.nothing {
				return t.nothing
			}
		}
		if n.kind == kindAnd {
			return t.and(kids...)
		}
		return t.or(kids...)
	}
	return t.nothing
}

// deriveChain is the derivative of a concat: of its first part, and of the rest where
// the first part may be empty, and so on.
func (t *table) deriveChain(n *node, b byte) *node {
	var alternatives []*node
	for ; n.kind == kindConcat; n = n.kids[1] {
		if d := t.derive(n.kids[0], b); d != t.nothing {
			alternatives = append(alternatives, t.concat(d, n.kids[1]))
		}
		if !n.kids[0].nullable {
			return t.or(alternatives...)
		}
	}
	return t.or(append(alternatives, t.derive(n, b))...)
}

// less returns the bound of a repetition after one more was read.
func less(high int) int {
	if high == unbounded {
		return unbounded
	}
	return high - 1
}

// derivation is a key of the derivatives that are kept.
type derivation struct {
	of    uint64
	class uint8
}

// derive is derivative, which is kept for all the bytes that no expression tells
// apart.
func (t *table) derive(n *node, b byte) *node {
	if n.kind == kindSet {
		return t.derivative(n, b)
	}
	key := derivation{n.id, t.classes.of[b]}
	if d, ok := t.derived[key]; ok {
		return d
	}
	d := t.derivative(n, b)
	if t.err == nil {
		t.derived[key] = d
		t.memory += derivationSize
	}
	return d
}

// derivationSize is about what a derivative that is kept takes.
const derivationSize = 40

// byteClasses are the bytes by what the expressions tell apart.
type byteClasses struct {
	of    [256]uint8
	first []byte // a byte of each class
	count []int  // how many bytes it has
}

// split makes the classes of sets.
func split(sets []byteSet) byteClasses {
	var c byteClasses
	of := [256]int{}
	count := 1
	for _, s := range sets {
		// A class with bytes inside and outside of the set becomes two.
		moved := map[int]int{}
		var in, all [256]int
		for b := range of {
			all[of[b]]++
			if s.has(byte(b)) {
				in[of[b]]++
			}
		}
		for b := range of {
			k := of[b]
			if in[k] == all[k] || !s.has(byte(b)) {
				continue
			}
			if _, ok := moved[k]; !ok {
				moved[k] = count
				count++
			}
			of[b] = moved[k]
		}
	}
	for b := range of {
		c.of[b] = uint8(of[b])
	}
	c.first, c.count = make([]byte, count), make([]int, count)
	for b := 255; b >= 0; b-- {
		c.first[c.of[b]] = byte(b)
		c.count[c.of[b]]++
	}
	return c
}

// isLive reports whether some text fits n. Only an intersection has to be searched;
// what was found out is kept. A search that takes too long counts as none, so that a
// program never goes where it does not know a way out.
func (t *table) isLive(n *node) bool {
	if !n.ands {
		return n.kind != kindNothing
	}
	if n.mark == unknown {
		n.mark = dead
		if t.findLive(n) {
			n.mark = live
		} else if t.err != nil {
			n.mark = unknown
		}
	}
	return n.mark == live
}

// findLive is isLive for a node with ands that is not marked.
func (t *table) findLive(n *node) bool {
	switch n.kind {
	case kindConcat:
		first := n
		for ; n.kind == kindConcat && n.mark != live; n = n.kids[1] {
			if !t.isLive(n.kids[0]) {
				return false
			}
		}
		if !t.isLive(n) {
			return false
		}
		for ; first != n; first = first.kids[1] {
			first.mark = live
		}
		return true
	case kindOr:
		for _, k := range n.kids {
			if t.isLive(k) {
				return true
			}
		}
		return false
	case kindRepeat:
		return n.low == 0 || t.isLive(n.kids[0])
	case kindRule:
		return true
	}
	return t.search(n)
}

// search looks for a text of n, step by step through its derivatives, and marks what it
// learns of them: those on the way to an end are live, and all are dead if there is none.
func (t *table) search(start *node) bool {
	from := map[*node]*node{start: nil}
	queue := []*node{start}
	for k := 0; k < len(queue); k++ {
		n := queue[k]
		if n.nullable || n.mark == live || !n.ands {
			for ; n != nil; n = from[n] {
				n.mark = live
			}
			return true
		}
		t.searched++
		if len(queue) > t.limits.Search {
			t.lost = true
			return false
		}
		if n.mark == dead && n != start {
			continue
		}
		for _, b := range t.classes.first {
			d := t.derive(n, b)
			if _, seen := from[d]; !seen && d != t.nothing {
				from[d] = n
				queue = append(queue, d)
			}
		}
	}
	for _, n := range queue {
		n.mark = dead
	}
	return false
}

// tell reports whether s is a union of classes.
func (c *byteClasses) tell(s *byteSet) bool {
	for b := range 256 {
		if s.has(byte(b)) != s.has(c.first[c.of[b]]) {
			return false
		}
	}
	return true
}

// refresh makes the classes anew where expressions were made that need finer ones.
func (t *table) refresh() {
	if !t.stale {
		return
	}
	var sets []byteSet
	for _, n := range t.nodes {
		if n.kind == kindSet {
			sets = append(sets, n.set)
		}
	}
	t.reclass(sets)
}

// reclass makes the classes of sets. Derivatives by the old ones are forgotten.
func (t *table) reclass(sets []byteSet) {
	t.classes, t.stale = split(sets), false
	t.derived = map[derivation]*node{}
}
