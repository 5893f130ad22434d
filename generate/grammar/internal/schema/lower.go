package schema

import (
	"strconv"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// lower returns the rule of the values of a formula in canonical form. Rules of values
// that lie in it are made later, by finish, so that a schema may lie in itself.
func (c *compiler) lower(f formula) rules.Expr {
	if e, ok := c.lowered[f]; ok {
		return e
	}
	e := c.b.Rule(c.nameOf(f))
	c.lowered[f] = e
	c.todo = append(c.todo, f)
	return e
}

// nameOf is the name of the rule of a formula.
func (c *compiler) nameOf(f formula) string { return c.prefix + "value " + strconv.Itoa(int(f)) }

// finish defines all rules that are asked for.
func (c *compiler) finish() error {
	for len(c.todo) > 0 {
		f := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		e, err := c.body(f)
		if err == nil {
			c.at = c.placeOf(f)
			err = c.tooLarge()
		}
		if err != nil {
			return err
		}
		c.b.Define(c.nameOf(f), e)
	}
	return nil
}

// body is what the rule of a formula stands for.
func (c *compiler) body(f formula) (rules.Expr, error) {
	b := c.b
	s, err := c.expand(f)
	if err != nil {
		return b.Nothing(), err
	}
	m, err := c.sequences(f)
	if err != nil {
		return b.Nothing(), err
	}
	c.at = c.placeOf(f)
	c.isNothing(s.num) // what takes too long is refused here
	c.isNothing(s.str)
	if err := c.tooLarge(); err != nil {
		return b.Nothing(), err
	}
	all := []rules.Expr{s.num, b.Concat(b.Bytes(`"`), s.str, b.Bytes(`"`))}
	for _, constant := range []struct {
		in   bool
		text string
	}{{s.null, "null"}, {s.yes, "true"}, {s.no, "false"}} {
		if constant.in {
			all = append(all, b.Bytes(constant.text))
		}
	}
	for _, a := range m.arrays {
		all = append(all, b.Concat(b.Bytes("["), c.states(a), b.Bytes("]")))
	}
	for _, o := range m.objects {
		all = append(all, b.Concat(b.Bytes("{"), c.states(o), b.Bytes("}")))
	}
	return b.Or(all...), nil
}

// states is what a sequence reads, from its first state on. States are made from the last
// one back, since edges lead only forward; a state knows nothing of whether something
// stands before it, so each has two forms.
func (c *compiler) states(s *sequence) rules.Expr {
	b := c.b
	separator := b.Bytes(jsonvalue.ItemSeparator)
	first := make([]rules.Expr, len(s.states))
	later := make([]rules.Expr, len(s.states))
	for _, i := range s.backward() {
		st := s.states[i]
		var again, onFirst, onLater []rules.Expr
		for _, e := range st.edges {
			item := c.item(e)
			if e.to == i {
				again = append(again, item)
				continue
			}
			item = b.Concat(item, later[e.to])
			onFirst = append(onFirst, item)
			onLater = append(onLater, item)
		}
		last := b.Nothing()
		if st.end {
			last = b.Empty()
		}
		if st.skip > 0 {
			onFirst, last = append(onFirst, first[st.skip]), b.Or(last, later[st.skip])
		} else {
			onFirst = append(onFirst, last)
		}
		loop := b.Or(again...)
		more := b.Repeat(b.Concat(separator, loop), 0, -1)
		later[i] = b.Concat(more, b.Or(b.Concat(separator, b.Or(onLater...)), last))
		first[i] = b.Or(append(onFirst, b.Concat(loop, later[i]))...)
	}
	return first[0]
}

// item is what an edge reads.
func (c *compiler) item(e edge) rules.Expr {
	b := c.b
	quote, colon := b.Bytes(`"`), b.Bytes(`"`+jsonvalue.KeySeparator)
	switch {
	case e.known:
		return b.Concat(quote, c.name(e.key), colon, c.lower(e.f))
	case e.names != rules.Expr{}:
		return b.Concat(quote, e.names, colon, c.lower(e.f))
	}
	return c.lower(e.f)
}

// backward lists the states so that each comes behind those that its edges lead to.
func (s *sequence) backward() []int {
	var list []int
	done := make([]bool, len(s.states))
	stack := []int{0}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		waits := false
		push := func(to int) {
			if !done[to] && to != i {
				stack = append(stack, to)
				waits = true
			}
		}
		for _, e := range s.states[i].edges {
			push(e.to)
		}
		if s.states[i].skip > 0 {
			push(s.states[i].skip)
		}
		if !waits {
			stack = stack[:len(stack)-1]
			if !done[i] {
				done[i] = true
				list = append(list, i)
			}
		}
	}
	return list
}
