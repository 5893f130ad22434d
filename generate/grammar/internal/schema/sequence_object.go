package schema

import "github.com/gocoreml/coreml/generate/grammar/internal/rules"

// spot is a state of an object's sequence: the next of the known names, how many members
// were read, up to where the number stops to matter, and which of the names that have to
// be there in some form were.
type spot struct {
	next  int
	count int
	met   uint64
}

// kin are the names that a shape does not know and treats alike.
type kin struct {
	names rules.Expr
	f     formula
	met   uint64 // which of the shape's some the names are in
}

// maxKin bounds the kinds of names that patterns part.
const maxKin = 64

// objectSequence makes the sequence of a shape whose names are written in an order,
// which may hold some that the shape does not know.
func (c *compiler) objectSequence(o *object, order []string) (*sequence, error) {
	props, required := c.ordered(o, order)
	others, err := c.others(o, order)
	if err != nil {
		return nil, err
	}
	if c.narrow && o.min > required+1 {
		others = nil // the names are different, as each comes once
	}
	if len(others) > 0 && o.min > required+1 {
		return nil, c.at.node.unsupported("minProperties", "asks for %d members of which %d are required: no automaton tells whether any other names are different, so name the members in required", o.min, required)
	}
	most := o.min // no more members are counted than this; unlimited: they need not be
	if o.max != unlimited {
		most = o.max
	}
	if o.min <= required && (o.max == unlimited || len(others) == 0 && o.max >= len(props)) {
		most = unlimited // it is met anyhow
	}
	if most > maxItemsBound {
		return nil, c.at.node.unsupported("maxProperties", "is above %d", maxItemsBound)
	}
	g := &grow[spot]{}
	g.state(spot{})
	for i := 0; i < len(g.keys); i++ {
		if len(g.keys) > maxStates {
			return nil, c.at.node.unsupported("minProperties", "needs more than %d states with these properties: name fewer of them", maxStates)
		}
		c.fromSpot(g, i, o, props, others, most)
	}
	return &g.sequence, nil
}

// fromSpot fills in the edges of a state.
func (c *compiler) fromSpot(g *grow[spot], i int, o *object, props []member, others []kin, most int) {
	p := g.keys[i]
	counts := most != unlimited
	full := counts && o.max != unlimited && p.count >= o.max
	count := 0
	if counts {
		count = min(p.count+1, most)
	}
	read := func(e edge, next int, met uint64) {
		if full || e.f == never {
			return
		}
		e.to = g.state(spot{next, count, p.met | met})
		g.states[i].edges = append(g.states[i].edges, e)
	}
	if p.next < len(props) {
		m := props[p.next]
		read(edge{key: m.key, known: true, f: m.f}, p.next+1, m.met)
		if !m.required {
			skip := g.state(spot{p.next + 1, p.count, p.met})
			g.states[i].skip = skip
		}
		return
	}
	all := uint64(1)<<len(o.some) - 1
	g.states[i].end = (!counts || p.count >= o.min) && p.met == all
	for _, k := range others {
		read(edge{names: k.names, f: k.f}, p.next, k.met)
	}
}

// member is a property as a sequence reads it.
type member struct {
	property
	met uint64
}

// ordered returns the members of a shape in an order, with those that it does not know
// but allows, and how many of them are required.
func (c *compiler) ordered(o *object, order []string) (props []member, required int) {
	at := o.index()
	for _, key := range order {
		m := member{property: property{key: key, f: always}}
		if i, ok := at[key]; ok {
			m.property = o.props[i]
		} else {
			m.f = c.patterned(always, key, o.pats)
		}
		for k, names := range o.some {
			if c.matches(names, key) {
				m.met |= 1 << k
			}
		}
		if m.required {
			required++
		}
		if m.f != never || m.required {
			props = append(props, m)
		}
	}
	return props, required
}

// others returns the names that no schema of the place knows, apart by what the shape
// asks of their values.
func (c *compiler) others(o *object, order []string) ([]kin, error) {
	known := make([]rules.Expr, 0, len(order))
	for _, key := range order {
		known = append(known, c.name(key))
	}
	list := []kin{{names: c.without(c.anyString, c.b.Or(known...), c.anyString), f: always}}
	part := func(names rules.Expr, inside func(k *kin)) {
		var split []kin
		for _, k := range list {
			in, out := k, k
			in.names = c.common(k.names, names, c.anyString)
			out.names = c.without(k.names, names, c.anyString)
			inside(&in)
			for _, k := range []kin{in, out} {
				if k.f != never && !c.isNothing(k.names) {
					split = append(split, k)
				}
			}
		}
		list = split
	}
	const bits = 60
	if len(o.some) > bits {
		return nil, c.tooMany()
	}
	for _, p := range o.pats {
		part(p.names, func(k *kin) { k.f = c.and(c.at, k.f, p.f) })
		if len(list) > maxKin || c.spent() {
			return nil, c.at.node.unsupported("patternProperties", "parts the names into too many kinds: use fewer patterns")
		}
	}
	for i, names := range o.some {
		part(names, func(k *kin) { k.met |= 1 << i })
	}
	if c.spent() {
		return nil, c.tooMany()
	}
	return list, c.tooLarge()
}
