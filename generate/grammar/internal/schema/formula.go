package schema

import (
	"encoding/binary"
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
)

// A formula is a set of JSON values: a schema, one value, or what the connectives of
// logic make of them. Equal formulas have the same number, so that a schema which
// refers to itself has finitely many of them.
//
// Formulas stay what they are until something asks for their values, see expand: only
// so can a schema lie within itself.
type formula int32

// The formulas that every compiler has.
const (
	always formula = 0 // every value
	never  formula = 1 // none
)

type operator uint8

const (
	opAlways operator = iota
	opNever
	opSchema // what a schema allows
	opValue  // the values equal to one
	opAnd
	opOr
	opNot
)

// term is what a formula is made of.
type term struct {
	op    operator
	node  *node
	value *jsonvalue.Value
	kids  []formula // sorted
	site  site      // what made it, for errors
}

// site is a keyword of a schema, which an error names.
type site struct {
	node    *node
	keyword string
}

// formulas holds the formulas of a compiler.
type formulas struct {
	terms   []term
	schemas map[*jsonvalue.Value]formula
	values  map[*jsonvalue.Value]formula
	made    map[string]formula
}

func newFormulas() formulas {
	return formulas{
		terms:   []term{{op: opAlways}, {op: opNever}},
		schemas: map[*jsonvalue.Value]formula{},
		values:  map[*jsonvalue.Value]formula{},
		made:    map[string]formula{},
	}
}

func (s *formulas) add(t term) formula {
	s.terms = append(s.terms, t)
	return formula(len(s.terms) - 1)
}

// schema is the formula of a schema.
func (s *formulas) schema(n *node) formula {
	switch {
	case n.value.Kind == jsonvalue.Bool && n.value.Bool, n.value.Kind == jsonvalue.Object && !n.asserts():
		return always
	case n.value.Kind == jsonvalue.Bool:
		return never
	}
	f, ok := s.schemas[n.value]
	if !ok {
		f = s.add(term{op: opSchema, node: n})
		s.schemas[n.value] = f
	}
	return f
}

// value is the formula of the values equal to v.
func (s *formulas) value(v *jsonvalue.Value) formula {
	f, ok := s.values[v]
	if !ok {
		f = s.add(term{op: opValue, value: v})
		s.values[v] = f
	}
	return f
}

// not is the formula of all other values.
func (s *formulas) not(f formula, at site) formula {
	switch {
	case f == always:
		return never
	case f == never:
		return always
	case s.terms[f].op == opNot:
		return s.terms[f].kids[0]
	}
	return s.combine(opNot, []formula{f}, at)
}

// and is the formula of the values that all of list hold.
func (s *formulas) and(at site, list ...formula) formula {
	return s.join(opAnd, never, always, list, at)
}

// or is the formula of the values that some of list hold.
func (s *formulas) or(at site, list ...formula) formula { return s.join(opOr, always, never, list, at) }

// join is and, or or: all is the formula that the result is as soon as one is it, and
// none the one that adds nothing.
func (s *formulas) join(op operator, all, none formula, list []formula, at site) formula {
	var kids []formula
	for _, f := range list {
		if s.terms[f].op == op {
			kids = append(kids, s.terms[f].kids...)
		} else if f != none {
			kids = append(kids, f)
		}
	}
	slices.Sort(kids)
	kids = slices.Compact(kids)
	for _, f := range kids {
		if f == all || s.terms[f].op == opNot && slices.Contains(kids, s.terms[f].kids[0]) {
			return all
		}
	}
	switch len(kids) {
	case 0:
		return none
	case 1:
		return kids[0]
	}
	return s.combine(op, kids, at)
}

func (s *formulas) combine(op operator, kids []formula, at site) formula {
	key := []byte{byte(op)}
	for _, f := range kids {
		key = binary.AppendVarint(key, int64(f))
	}
	f, ok := s.made[string(key)]
	if !ok {
		f = s.add(term{op: op, kids: kids, site: at})
		s.made[string(key)] = f
	}
	return f
}
