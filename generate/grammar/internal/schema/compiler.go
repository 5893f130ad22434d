package schema

import (
	"errors"

	"github.com/gocoreml/coreml/generate/grammar/internal/ecma"
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// compiler turns the schemas of a document into sets of values, and these into rules.
type compiler struct {
	formulas
	doc    *document
	b      *rules.Builder
	prefix string // of the names of its rules
	narrow bool   // keywords that no automaton decides allow less

	sets     map[formula]*set
	open     map[formula]bool // being expanded
	empty    map[formula]bool // what isEmpty has found out
	machines map[formula]*machines
	lowered  map[formula]rules.Expr
	patterns map[string]rules.Expr

	todo []formula // whose rules are to be made

	at    site // the keyword that is being read, for errors
	work  int  // how much was made, against maxWork
	depth int  // how deep isEmpty looks

	character, anyString, anyNumber, integer rules.Expr
}

func newCompiler(doc *document, b *rules.Builder, prefix string) *compiler {
	c := &compiler{
		formulas: newFormulas(),
		doc:      doc,
		b:        b,
		prefix:   prefix,
		sets:     map[formula]*set{},
		open:     map[formula]bool{},
		empty:    map[formula]bool{never: true, always: false},
		machines: map[formula]*machines{},
		lowered:  map[formula]rules.Expr{},
		patterns: map[string]rules.Expr{},
		at:       site{node: doc.root},
	}
	c.character = c.charsOf([]rules.Range{{Lo: 0, Hi: maxRune}})
	c.anyString = c.b.Repeat(c.character, 0, -1)
	c.numbers()
	return c
}

// ecma returns the compiler of patterns of strings.
func (c *compiler) ecma() *ecma.Compiler {
	return &ecma.Compiler{Builder: c.b, Char: c.charsOf, Any: c.anyString}
}

// errLoop says that a schema is asked for while it is being read.
var errLoop = errors.New("the schema refers to itself")

// expand returns the values of a formula.
func (c *compiler) expand(f formula) (*set, error) {
	if s, ok := c.sets[f]; ok {
		return s, nil
	}
	if c.open[f] {
		return nil, errLoop
	}
	if len(c.open) > maxOpen {
		return nil, c.tooMany()
	}
	c.open[f] = true
	before := c.at
	s, err := c.expandTerm(c.terms[f])
	c.at = before
	delete(c.open, f)
	if err == nil {
		err = c.tooLarge()
	}
	if err != nil {
		return nil, err
	}
	c.sets[f] = s
	return s, nil
}

// tooLarge is the error of a schema that takes more than the builder allows.
func (c *compiler) tooLarge() error {
	err := c.b.Err()
	if err == nil {
		return nil
	}
	return c.at.node.unsupported(c.at.keyword, "makes too much of the schema: %s", err)
}

func (c *compiler) expandTerm(t term) (*set, error) {
	if t.site.node != nil {
		c.at = t.site
	}
	switch t.op {
	case opAlways:
		return c.everything(), nil
	case opNever:
		return c.nothing(), nil
	case opSchema:
		return c.expandSchema(t.node)
	case opValue:
		return c.expandValue(t.value)
	case opNot:
		s, err := c.expand(t.kids[0])
		if err != nil {
			return nil, err
		}
		return c.subtract(c.everything(), s)
	}
	merge := c.meet
	if t.op == opOr {
		merge = c.join
	}
	s, err := c.expand(t.kids[0])
	for _, kid := range t.kids[1:] {
		if err != nil {
			return nil, err
		}
		var next *set
		if next, err = c.expand(kid); err == nil {
			s, err = merge(s, next)
		}
	}
	return s, err
}

// expandValue returns the values equal to one.
func (c *compiler) expandValue(v *jsonvalue.Value) (*set, error) {
	s := c.nothing()
	switch v.Kind {
	case jsonvalue.Null:
		s.null = true
	case jsonvalue.Bool:
		s.yes, s.no = v.Bool, !v.Bool
	case jsonvalue.Number:
		var err error
		if s.num, err = c.number(v.Num); err != nil {
			return nil, err
		}
	case jsonvalue.String:
		s.str = c.name(v.Str)
	case jsonvalue.Array:
		a := &array{rest: never, min: len(v.Items), max: len(v.Items)}
		for _, item := range v.Items {
			a.prefix = append(a.prefix, c.value(item))
		}
		s.arr = []*array{a}
	case jsonvalue.Object:
		o := c.anyObject()
		names := make([]rules.Expr, 0, len(v.Members))
		for _, m := range v.Members {
			o.props = append(o.props, property{m.Key, c.value(m.Value), true})
			names = append(names, c.name(m.Key))
		}
		o.pats = []pattern{{c.without(c.anyString, c.b.Or(names...), c.anyString), never}}
		s.obj = []*object{o}
	}
	return s, nil
}

// emptyDepth is how deep isEmpty looks for what makes a value impossible: a tag is
// seldom deeper.
const emptyDepth = 4

// isEmpty reports whether it is plain that a formula has no values. What it does not
// find out costs time only: a grammar has no ways without an end.
func (c *compiler) isEmpty(f formula) bool {
	if known, ok := c.empty[f]; ok {
		return known
	}
	if c.depth >= emptyDepth || c.open[f] {
		return false
	}
	s, err := c.expand(f)
	if err != nil {
		c.empty[f] = false // whoever needs the values hears of it
		return false
	}
	c.depth++
	empty := c.isEmptySet(s)
	c.depth--
	if empty || c.depth == 0 {
		c.empty[f] = empty
	}
	return empty
}

func (c *compiler) isEmptySet(s *set) bool {
	if s.null || s.yes || s.no || !c.isNothing(s.num) || !c.isNothing(s.str) {
		return false
	}
	for _, a := range s.arr {
		if !c.isEmptyArray(a) {
			return false
		}
	}
	for _, o := range s.obj {
		if !c.isEmptyObject(o) {
			return false
		}
	}
	return true
}

// isNothing reports whether a language has no texts.
func (c *compiler) isNothing(e rules.Expr) bool {
	nothing, err := c.b.IsNothing(e)
	return err == nil && nothing
}
