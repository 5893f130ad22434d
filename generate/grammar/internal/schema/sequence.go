package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// sequence is an automaton over the items of an array or the members of an object. Both
// the rules of a grammar and the canonical form are made from it, so that the one takes
// what the other writes.
//
// Its edges lead to later states or back to the same one.
type sequence struct {
	states []step
}

// step is a state of a sequence.
type step struct {
	end   bool // the sequence may end here
	edges []edge
	skip  int // the state that one may go to without an item, 0 for none
}

// edge reads one item, or one member, with a value that a formula holds.
type edge struct {
	key   string // of a member of a known name
	known bool
	names rules.Expr // of one of any other name
	f     formula
	to    int
}

// machines are the sequences of the shapes of a formula.
type machines struct {
	arrays  []*sequence
	objects []*sequence
	order   []string // the names that the shapes know, in the order in which they are written
}

// sequences makes the sequences of a formula.
func (c *compiler) sequences(f formula) (*machines, error) {
	if m, ok := c.machines[f]; ok {
		return m, nil
	}
	s, err := c.expand(f)
	if err != nil {
		return nil, err
	}
	before := c.at
	defer func() { c.at = before }()
	c.at = c.placeOf(f)
	m := &machines{order: order(s.obj)}
	for _, a := range s.arr {
		made, err := c.arraySequence(a)
		if err != nil {
			return nil, err
		}
		m.arrays = append(m.arrays, made)
	}
	for _, o := range s.obj {
		made, err := c.objectSequence(o, m.order)
		if err != nil {
			return nil, err
		}
		m.objects = append(m.objects, made)
	}
	c.machines[f] = m
	return m, nil
}

// placeOf is the keyword or the schema that a formula comes from, for errors.
func (c *compiler) placeOf(f formula) site {
	for {
		t := c.terms[f]
		switch {
		case t.op == opSchema:
			return site{t.node, t.node.keyword()}
		case t.site.node != nil:
			return t.site
		case len(t.kids) == 0:
			return site{c.doc.root, c.doc.root.keyword()}
		}
		f = t.kids[0]
	}
}

// order lists the names that shapes know: those of the first shape, then those that the
// second has besides, and so on.
func order(shapes []*object) []string {
	var names []string
	seen := map[string]bool{}
	for _, o := range shapes {
		for _, p := range o.props {
			if !seen[p.key] {
				seen[p.key] = true
				names = append(names, p.key)
			}
		}
	}
	return names
}

// grow is a sequence that is being made: states are known by what they stand for.
type grow[K comparable] struct {
	sequence
	index map[K]int
	keys  []K
}

// state returns the number of a state, which is new if it was not asked for before.
func (g *grow[K]) state(k K) int {
	if g.index == nil {
		g.index = map[K]int{}
	}
	i, ok := g.index[k]
	if !ok {
		i = len(g.keys)
		g.index[k] = i
		g.keys = append(g.keys, k)
		g.states = append(g.states, step{})
	}
	return i
}
