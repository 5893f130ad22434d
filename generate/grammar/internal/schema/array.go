package schema

import "slices"

// unlimited is the most of what has no bound.
const unlimited = -1

// array is a shape of arrays: all of its conditions hold.
type array struct {
	prefix   []formula // of the first items
	rest     formula   // of all others
	min, max int       // number of items
	has      []contains
	unique   bool

	// What the schemas have evaluated, for unevaluatedItems: the first seen items
	// (unlimited: all), and those that one of seenIf holds.
	seen   int
	seenIf []formula
}

// contains says how many of the items from an index on hold a formula.
type contains struct {
	from     int
	f        formula
	min, max int
}

func anyArray() *array { return &array{rest: always, max: unlimited} }

// least is the smaller of two upper bounds, most the larger.
func least(a, b int) int {
	if a == unlimited || b != unlimited && b < a {
		return b
	}
	return a
}

func most(a, b int) int {
	if a == unlimited || b == unlimited {
		return unlimited
	}
	return max(a, b)
}

// item is the formula of the item at an index.
func (a *array) item(i int) formula {
	if i < len(a.prefix) {
		return a.prefix[i]
	}
	return a.rest
}

// meetArrays is the shape of the arrays that both shapes hold, nil for none.
func (c *compiler) meetArrays(x, y *array) *array {
	c.work += 1 + len(x.prefix) + len(y.prefix) + len(x.has) + len(y.has)
	m := &array{
		rest: c.and(c.at, x.rest, y.rest),
		min:  max(x.min, y.min), max: least(x.max, y.max),
		unique: x.unique || y.unique,
		seen:   most(x.seen, y.seen),
		seenIf: union(x.seenIf, y.seenIf),
		has:    union(x.has, y.has),
	}
	for i := range max(len(x.prefix), len(y.prefix)) {
		m.prefix = append(m.prefix, c.and(c.at, x.item(i), y.item(i)))
	}
	return m.settle()
}

// union is a with what b has besides.
func union[T comparable](a, b []T) []T {
	out := slices.Clip(a)
	for _, v := range b {
		if !slices.Contains(a, v) {
			out = append(out, v)
		}
	}
	return out
}

// settle brings a shape that is being made into its simplest form, nil if plainly
// nothing has it.
func (a *array) settle() *array {
	if i := slices.Index(a.prefix, never); i >= 0 {
		a.max = least(a.max, i)
	}
	if a.rest == never {
		a.max = least(a.max, len(a.prefix))
	}
	var has []contains
	for _, h := range a.has {
		if h.f == never {
			if h.min > 0 {
				return nil
			}
			continue
		}
		if h.max != unlimited && h.min > h.max {
			return nil
		}
		if h.f == always {
			// Every item counts.
			if h.min > 0 {
				a.min = max(a.min, h.from+h.min)
			}
			if h.max != unlimited {
				a.max = least(a.max, h.from+h.max)
			}
			continue
		}
		if h.min > 0 {
			a.min = max(a.min, h.from+h.min)
		}
		if h.min > 0 || h.max != unlimited {
			has = append(has, h)
		}
	}
	a.has = has
	if a.max != unlimited && a.min > a.max {
		return nil
	}
	if a.max != unlimited && len(a.prefix) >= a.max {
		a.prefix, a.rest = a.prefix[:a.max], never
	}
	for n := len(a.prefix); n > 0 && a.prefix[n-1] == a.rest; n-- {
		a.prefix = a.prefix[:n-1]
	}
	return a
}

// notArray are the ways not to have a shape.
func (c *compiler) notArray(a *array) ([]*array, error) {
	if a.unique {
		return nil, c.at.node.unsupported(c.at.keyword, "negates uniqueItems, which no automaton decides: leave one of them out")
	}
	var out []*array
	add := func(n *array) {
		if n = n.settle(); n != nil {
			out = append(out, n)
		}
	}
	if a.min > 0 {
		add(&array{rest: always, max: a.min - 1})
	}
	if a.max != unlimited {
		add(&array{rest: always, min: a.max + 1, max: unlimited})
	}
	for i, f := range a.prefix {
		if f != always {
			n := &array{rest: always, min: i + 1, max: unlimited, prefix: slices.Repeat([]formula{always}, i+1)}
			n.prefix[i] = c.not(f, c.at)
			add(n)
		}
	}
	if a.rest != always {
		n := anyArray()
		n.has = []contains{{from: len(a.prefix), f: c.not(a.rest, c.at), min: 1, max: unlimited}}
		add(n)
	}
	for _, h := range a.has {
		if h.min > 0 {
			n := anyArray()
			n.has = []contains{{from: h.from, f: h.f, max: h.min - 1}}
			add(n)
		}
		if h.max != unlimited {
			n := anyArray()
			n.has = []contains{{from: h.from, f: h.f, min: h.max + 1, max: unlimited}}
			add(n)
		}
	}
	return out, nil
}

// isEmptyArray reports whether it is plain that no array has a shape.
func (c *compiler) isEmptyArray(a *array) bool {
	for i := range min(a.min, len(a.prefix)+1) {
		if c.isEmpty(a.item(i)) {
			return true
		}
	}
	return slices.ContainsFunc(a.has, func(h contains) bool {
		return h.min > 0 && c.isEmpty(c.and(c.at, h.f, a.rest)) && h.from >= len(a.prefix)
	})
}
