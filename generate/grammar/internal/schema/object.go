package schema

import (
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// object is a shape of objects: all of its conditions hold.
type object struct {
	props    []property // in the order in which their names are written
	pats     []pattern  // of all names; those of props hold them already
	some     []rules.Expr
	min, max int // number of members

	// seen is the language of the names that the schemas have evaluated, for
	// unevaluatedProperties.
	seen rules.Expr
}

// property is a member of a known name.
type property struct {
	key      string
	f        formula // of its value; never forbids the name
	required bool
}

// pattern holds for the value of every name of a language. Names are regular languages
// over what stands between the quotes.
type pattern struct {
	names rules.Expr
	f     formula
}

func (c *compiler) anyObject() *object { return &object{max: unlimited, seen: c.b.Nothing()} }

// index returns where the names of properties stand.
func (o *object) index() map[string]int {
	at := make(map[string]int, len(o.props))
	for i, p := range o.props {
		at[p.key] = i
	}
	return at
}

// patterned is a formula with those of the patterns that have a name.
func (c *compiler) patterned(f formula, key string, pats []pattern) formula {
	for _, p := range pats {
		if f != never && c.matches(p.names, key) {
			f = c.and(c.at, f, p.f)
		}
	}
	return f
}

// meetObjects is the shape of the objects that both shapes hold, nil for none.
func (c *compiler) meetObjects(x, y *object) *object {
	c.work += 1 + (len(x.props)+len(y.props))/8 + len(x.pats) + len(y.pats)
	m := &object{
		min: max(x.min, y.min), max: least(x.max, y.max),
		seen: c.b.Or(x.seen, y.seen),
		pats: union(x.pats, y.pats),
		some: union(x.some, y.some),
	}
	m.props = make([]property, 0, len(x.props)+len(y.props))
	inX, inY := x.index(), y.index()
	for _, p := range x.props {
		if i, ok := inY[p.key]; ok {
			p.f = c.and(c.at, p.f, y.props[i].f)
			p.required = p.required || y.props[i].required
		} else {
			p.f = c.patterned(p.f, p.key, y.pats)
		}
		m.props = append(m.props, p)
	}
	for _, p := range y.props {
		if _, ok := inX[p.key]; !ok {
			p.f = c.patterned(p.f, p.key, x.pats)
			m.props = append(m.props, p)
		}
	}
	return m.settle()
}

// settle returns a shape that is being made, nil if plainly nothing has it.
func (o *object) settle() *object {
	required := 0
	for _, p := range o.props {
		if p.required {
			required++
			if p.f == never {
				return nil
			}
		}
	}
	if o.max != unlimited && max(o.min, required) > o.max {
		return nil
	}
	return o
}

// notObject are the ways not to have a shape.
func (c *compiler) notObject(o *object) ([]*object, error) {
	var out []*object
	add := func(change func(n *object)) {
		n := c.anyObject()
		change(n)
		if n = n.settle(); n != nil {
			out = append(out, n)
		}
	}
	names := []rules.Expr{}
	for _, p := range o.props {
		names = append(names, c.name(p.key))
		if p.f != always {
			add(func(n *object) { n.props = []property{{p.key, c.not(p.f, c.at), true}} })
		}
		if p.required {
			add(func(n *object) { n.props = []property{{p.key, never, false}} })
		}
	}
	for _, p := range o.pats {
		others := c.without(p.names, c.b.Or(names...), c.anyString)
		if p.f == always || c.isNothing(others) {
			continue
		}
		if p.f != never {
			// A name could come twice, and the second value be the one that counts.
			return nil, c.at.node.unsupported(c.at.keyword,
				"asks for a member of any name with a value that a schema does not allow: use properties in place of patternProperties and additionalProperties")
		}
		add(func(n *object) { n.some = []rules.Expr{others} })
	}
	for _, s := range o.some {
		add(func(n *object) { n.pats = []pattern{{s, never}} })
	}
	if o.min > 0 {
		add(func(n *object) { n.max = o.min - 1 })
	}
	if o.max != unlimited {
		add(func(n *object) { n.min = o.max + 1 })
	}
	return out, nil
}

// isEmptyObject reports whether it is plain that no object has a shape.
func (c *compiler) isEmptyObject(o *object) bool {
	return slices.ContainsFunc(o.props, func(p property) bool { return p.required && c.isEmpty(p.f) })
}

// name is the language of one name.
func (c *compiler) name(key string) rules.Expr {
	return c.b.Bytes(string(jsonvalue.AppendBody(nil, key)))
}

// matches reports whether a name lies in a language.
func (c *compiler) matches(names rules.Expr, key string) bool {
	return c.b.Matches(names, string(jsonvalue.AppendBody(nil, key)))
}
