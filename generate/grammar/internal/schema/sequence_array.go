package schema

import (
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
)

// maxCounted is how many counts a state can hold.
const maxCounted = 4

// place is a state of an array's sequence: how many items were read, up to where the
// number stops to matter, and how many of them each of the conditions counts.
type place struct {
	items int
	used  uint64 // the values that were used, of an array without equal items
	count [maxCounted]int
}

// arraySequence makes the sequence of a shape.
func (c *compiler) arraySequence(a *array) (*sequence, error) {
	if len(a.has) > maxCounted {
		return nil, c.at.node.unsupported("contains", "comes together with more than %d others", maxCounted-1)
	}
	values, err := c.distinct(a)
	if err != nil && c.narrow && a.min <= 1 {
		// One item is different from all others.
		few := *a
		few.max = 1
		a, values, err = &few, nil, nil
	}
	if err != nil {
		return nil, err
	}
	last := max(len(a.prefix), a.min, a.max) // no more is counted than this
	for _, h := range a.has {
		last = max(last, h.from)
	}
	if last > maxItemsBound {
		keyword := "minItems"
		if a.max == last {
			keyword = "maxItems"
		}
		return nil, c.at.node.unsupported(keyword, "is above %d", maxItemsBound)
	}
	g := &grow[place]{}
	g.state(place{})
	for i := 0; i < len(g.keys); i++ {
		if len(g.keys) > maxStates {
			return nil, c.at.node.unsupported("contains", "needs more than %d states: use smaller bounds", maxStates)
		}
		p := g.keys[i]
		g.states[i].end = p.items >= a.min && !slices.ContainsFunc(indexed(a.has), func(h counted) bool { return p.count[h.i] < h.min })
		if a.max != unlimited && p.items >= a.max {
			continue
		}
		next := place{items: min(p.items+1, last), used: p.used, count: p.count}
		for _, w := range c.ways(a, p, next, values) {
			if w.f != never {
				g.states[i].edges = append(g.states[i].edges, edge{f: w.f, to: g.state(w.to)})
			}
		}
	}
	return &g.sequence, nil
}

// counted is a condition with its place in the counts.
type counted struct {
	contains
	i int
}

func indexed(has []contains) []counted {
	out := make([]counted, len(has))
	for i, h := range has {
		out[i] = counted{h, i}
	}
	return out
}

// way is one way to read the next item.
type way struct {
	f  formula
	to place
}

// ways are the ways to read the next item at p; next is the state without what
// conditions count.
//
// A condition without an upper bound may leave an item uncounted that it holds, which
// changes nothing that is allowed and needs no negation.
func (c *compiler) ways(a *array, p, next place, values []formula) []way {
	list := []way{{a.item(p.items), next}}
	for i, h := range a.has {
		if p.items < h.from {
			continue
		}
		var split []way
		for _, w := range list {
			if h.max == unlimited {
				split = append(split, w)
			} else {
				split = append(split, way{c.and(c.at, w.f, c.not(h.f, site{c.at.node, "contains"})), w.to})
			}
			if h.max == unlimited && w.to.count[i] >= h.min {
				continue // enough were counted
			}
			if w.to.count[i]++; h.max == unlimited || w.to.count[i] <= h.max {
				split = append(split, way{c.and(c.at, w.f, h.f), w.to})
			}
		}
		list = split
	}
	if values == nil {
		return list
	}
	var split []way
	for _, w := range list {
		for k, v := range values {
			if p.used>>k&1 == 0 {
				to := w.to
				to.used |= 1 << k
				split = append(split, way{c.and(c.at, w.f, v), to})
			}
		}
	}
	return split
}

// maxDistinct bounds the states of an array without equal items: each is a set of values
// that were used.
const maxDistinct = 2_000

// sets is how many sets there are of at most k of n values; maxDistinct+1 for more than
// that.
func sets(n, k int) int {
	sum, choose := 0, 1
	for i := 0; i <= min(n, k) && sum <= maxDistinct; i++ {
		sum += choose
		choose = choose * (n - i) / (i + 1)
	}
	return min(sum, maxDistinct+1)
}

// distinct lists the values that the items of an array without equal ones can have; nil
// where equal items are allowed or impossible. Without a list no automaton knows which
// values were used.
func (c *compiler) distinct(a *array) ([]formula, error) {
	if !a.unique || a.max != unlimited && a.max <= 1 {
		return nil, nil
	}
	items := a.prefix
	if a.max == unlimited || a.max > len(items) {
		items = append(slices.Clone(items), a.rest)
	}
	var values []*jsonvalue.Value
	list := []formula{}
	for _, f := range items {
		some, ok := c.candidates(f, 0)
		if !ok || len(some) > maxDistinct {
			return nil, c.at.node.unsupported("uniqueItems", "needs items from a list of values, by enum or const: no automaton remembers which of any others were there")
		}
		for _, v := range some {
			if !slices.ContainsFunc(values, func(w *jsonvalue.Value) bool { return jsonvalue.Equal(v, w) }) {
				values = append(values, v)
				list = append(list, c.value(v))
			}
		}
	}
	most := len(values)
	if a.max != unlimited {
		most = min(most, a.max)
	}
	const bits = 64 // of a state
	if len(values) > bits || sets(len(values), most) > maxDistinct {
		return nil, c.at.node.unsupported("uniqueItems", "has more than %d sets of values: name at most 10, or allow fewer items by maxItems", maxDistinct)
	}
	return list, nil
}

// candidateDepth is how far candidates follows a schema.
const candidateDepth = 20

// The values that schemas list without enum.
var (
	booleans = []*jsonvalue.Value{{Kind: jsonvalue.Bool}, {Kind: jsonvalue.Bool, Bool: true}}
	null     = &jsonvalue.Value{Kind: jsonvalue.Null}
)

// candidates lists values of which those of a formula are some; ok is false where it
// knows no end of them.
func (c *compiler) candidates(f formula, depth int) (list []*jsonvalue.Value, ok bool) {
	t := c.terms[f]
	if depth > candidateDepth {
		return nil, false
	}
	switch t.op {
	case opNever:
		return nil, true
	case opValue:
		return []*jsonvalue.Value{t.value}, true
	case opSchema:
		return c.candidatesOf(t.node, depth)
	case opAnd:
		return c.fewest(t.kids, depth)
	case opOr:
		return c.allCandidates(t.kids, depth)
	}
	return nil, false
}

// fewest is candidates of what holds all of some formulas.
func (c *compiler) fewest(kids []formula, depth int) (list []*jsonvalue.Value, ok bool) {
	for _, kid := range kids {
		if some, found := c.candidates(kid, depth+1); found && (!ok || len(some) < len(list)) {
			list, ok = some, true
		}
	}
	return list, ok
}

// allCandidates is candidates of what holds one of some formulas.
func (c *compiler) allCandidates(kids []formula, depth int) (list []*jsonvalue.Value, ok bool) {
	for _, kid := range kids {
		some, found := c.candidates(kid, depth+1)
		if !found {
			return nil, false
		}
		list = append(list, some...)
	}
	return list, true
}

func (c *compiler) candidatesOf(n *node, depth int) ([]*jsonvalue.Value, bool) {
	if v := n.get("enum"); v != nil {
		return v.Items, v.Kind == jsonvalue.Array
	}
	if v := n.get("const"); v != nil {
		return []*jsonvalue.Value{v}, true
	}
	if v := n.get("type"); v != nil && v.Kind == jsonvalue.String && n.get("nullable") == nil {
		switch v.Str {
		case "boolean":
			return booleans, true
		case "null":
			return []*jsonvalue.Value{null}, true
		}
	}
	if n.get("$ref") != nil {
		if target, err := c.doc.resolve(n, "$ref"); err == nil {
			if list, ok := c.candidates(c.schema(target), depth+1); ok {
				return list, true
			}
		}
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		if n.get(keyword) == nil {
			continue
		}
		kids, err := c.branches(n, keyword)
		if err != nil {
			return nil, false
		}
		search := c.allCandidates
		if keyword == "allOf" {
			search = c.fewest
		}
		if list, ok := search(kids, depth); ok {
			return list, true
		}
	}
	return nil, false
}
