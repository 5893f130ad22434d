package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// set is a set of JSON values, apart by type. Numbers and strings are regular
// languages over their canonical spelling, the latter without the quotes; arrays and
// objects are any of some shapes.
//
// Nothing in a set changes once it is made.
type set struct {
	null, yes, no bool
	num, str      rules.Expr
	arr           []*array
	obj           []*object
}

// everything is the set of all values.
func (c *compiler) everything() *set {
	return &set{
		null: true, yes: true, no: true, num: c.anyNumber, str: c.anyString,
		arr: []*array{anyArray()}, obj: []*object{c.anyObject()},
	}
}

// nothing is the set without values.
func (c *compiler) nothing() *set { return &set{num: c.b.Nothing(), str: c.b.Nothing()} }

// meet is the set of the values that both sets have.
func (c *compiler) meet(a, b *set) (*set, error) {
	s := &set{
		null: a.null && b.null, yes: a.yes && b.yes, no: a.no && b.no,
		num: c.common(a.num, b.num, c.anyNumber), str: c.common(a.str, b.str, c.anyString),
	}
	for _, x := range a.arr {
		for _, y := range b.arr {
			if m := c.meetArrays(x, y); m != nil {
				s.arr = append(s.arr, m)
			}
		}
		if c.spent() {
			return nil, c.tooMany()
		}
	}
	for _, x := range a.obj {
		for _, y := range b.obj {
			if m := c.meetObjects(x, y); m != nil {
				s.obj = append(s.obj, m)
			}
		}
		if c.spent() {
			return nil, c.tooMany()
		}
	}
	return s, c.bound(s)
}

// join is the set of the values that one of the sets has.
func (c *compiler) join(a, b *set) (*set, error) {
	s := &set{
		null: a.null || b.null, yes: a.yes || b.yes, no: a.no || b.no,
		num: c.b.Or(a.num, b.num), str: c.b.Or(a.str, b.str),
	}
	s.arr = append(append(s.arr, a.arr...), b.arr...)
	s.obj = append(append(s.obj, a.obj...), b.obj...)
	return s, c.bound(s)
}

// subtract is the set of the values of a that b lacks. What two schemas have evaluated
// counts only for the first.
func (c *compiler) subtract(a, b *set) (*set, error) {
	s := &set{
		null: a.null && !b.null, yes: a.yes && !b.yes, no: a.no && !b.no,
		num: c.without(a.num, b.num, c.anyNumber), str: c.without(a.str, b.str, c.anyString),
		arr: a.arr, obj: a.obj,
	}
	for _, y := range b.arr {
		left, err := subtractShape(c, s.arr, y, c.meetArrays, c.isEmptyArray, c.notArray)
		if err != nil {
			return nil, err
		}
		s.arr = left
	}
	for _, y := range b.obj {
		left, err := subtractShape(c, s.obj, y, c.meetObjects, c.isEmptyObject, c.notObject)
		if err != nil {
			return nil, err
		}
		s.obj = left
	}
	return s, c.bound(s)
}

// subtractShape takes a shape y out of shapes. One that has nothing in common with y,
// as the branches of a oneOf with a tag have, stays as it is; any other is parted by
// each way not to be y.
func subtractShape[S any](c *compiler, shapes []*S, y *S,
	meet func(a, b *S) *S, empty func(*S) bool, not func(*S) ([]*S, error),
) ([]*S, error) {
	var left []*S
	var others []*S
	for _, x := range shapes {
		if m := meet(x, y); m == nil || empty(m) {
			left = append(left, x)
			continue
		}
		if others == nil {
			var err error
			if others, err = not(y); err != nil {
				return nil, err
			}
		}
		for _, z := range others {
			if m := meet(x, z); m != nil && !empty(m) {
				left = append(left, m)
			}
		}
		if len(left) > maxShapes || c.spent() {
			return nil, c.tooMany()
		}
	}
	return left, nil
}

// common is the intersection of two languages within all.
func (c *compiler) common(a, b, all rules.Expr) rules.Expr {
	switch {
	case a == all || a == b:
		return b
	case b == all:
		return a
	}
	return c.b.And(a, b)
}

// without is what of a does not lie in b; both lie within all.
func (c *compiler) without(a, b, all rules.Expr) rules.Expr {
	nothing := c.b.Nothing()
	switch {
	case a == b || b == all:
		return nothing
	case b == nothing || a == nothing:
		return a
	}
	return c.b.And(a, c.b.Not(b))
}

// Bounds of what one schema may become. They keep a compilation to some tens of
// milliseconds and megabytes; no schema that people write comes near them.
const (
	maxShapes   = 2_000   // of arrays or objects in one set
	maxWork     = 200_000 // members and items of all shapes together
	maxFormulas = 50_000
	maxSearched = 100_000 // states of regular languages
	maxOpen     = 2_000   // schemas that refer to each other in place
	maxStates   = 20_000  // of the members of one object or the items of one array
)

// bound simplifies a set that was made, and returns an error when it has too many shapes
// or all of them are too much.
func (c *compiler) bound(s *set) error {
	s.arr, s.obj = simplify(s.arr, c.arrayWithin), simplify(s.obj, c.objectWithin)
	if len(s.arr) > maxShapes || len(s.obj) > maxShapes || c.spent() {
		return c.tooMany()
	}
	return nil
}

// spent reports whether the schema has taken all that it may. It stays so: what follows
// fails at once.
func (c *compiler) spent() bool {
	return c.work > maxWork || len(c.terms) > maxFormulas || c.b.Searched() > maxSearched
}

// tooMany is the error of a keyword that makes too much of a schema.
func (c *compiler) tooMany() error {
	return c.at.node.unsupported(c.at.keyword, "combines too many alternatives: name fewer, or give the alternatives a required property with different constants")
}
