package schema

import (
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// writer writes values in canonical form.
type writer struct {
	c     *compiler
	known map[written]result
}

type written struct {
	f formula
	v *jsonvalue.Value
}

type result struct {
	text []byte
	ok   bool
}

// value returns the canonical form of v where a formula is asked for; ok is false if v
// does not hold it.
func (w *writer) value(f formula, v *jsonvalue.Value) (result, error) {
	key := written{f, v}
	if r, ok := w.known[key]; ok {
		return r, nil
	}
	r, err := w.find(f, v)
	w.known[key] = r
	return r, err
}

func (w *writer) find(f formula, v *jsonvalue.Value) (result, error) {
	s, err := w.c.expand(f)
	if err != nil {
		return result{}, err
	}
	plain := func(in bool) (result, error) { return result{jsonvalue.Append(nil, v), in}, nil }
	switch v.Kind {
	case jsonvalue.Null:
		return plain(s.null)
	case jsonvalue.Bool:
		return plain(v.Bool && s.yes || !v.Bool && s.no)
	case jsonvalue.Number:
		return plain(w.c.b.Matches(s.num, v.Num.String()))
	case jsonvalue.String:
		return plain(w.c.matches(s.str, v.Str))
	}
	m, err := w.c.sequences(f)
	if err != nil {
		return result{}, err
	}
	if v.Kind == jsonvalue.Array {
		elements := make([]element, len(v.Items))
		for i, item := range v.Items {
			elements[i].v = item
		}
		return w.first(m.arrays, elements, "[", "]")
	}
	return w.first(m.objects, arrange(v.Members, m.order), "{", "}")
}

// element is one item of an array or one member of an object.
type element struct {
	key, body string // the name, and its canonical form
	v         *jsonvalue.Value
}

// arrange lists members in an order of names; others follow as they come.
func arrange(members []jsonvalue.Member, order []string) []element {
	place := make(map[string]int, len(order))
	for i, key := range order {
		place[key] = i
	}
	elements := make([]element, len(members))
	for i, m := range members {
		elements[i] = element{m.Key, string(jsonvalue.AppendBody(nil, m.Key)), m.Value}
	}
	rank := func(e element) int {
		if i, ok := place[e.key]; ok {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(elements, func(a, b element) int { return rank(a) - rank(b) })
	return elements
}

// first writes elements by the first of some sequences that reads them.
func (w *writer) first(sequences []*sequence, elements []element, open, end string) (result, error) {
	for _, s := range sequences {
		texts, err := w.run(s, elements)
		if err != nil {
			return result{}, err
		}
		if texts == nil {
			continue
		}
		out := []byte(open)
		for i, text := range texts {
			if i > 0 {
				out = append(out, jsonvalue.ItemSeparator...)
			}
			out = append(out, text...)
		}
		return result{append(out, end...), true}, nil
	}
	return result{}, nil
}

// position is a state of a sequence behind some elements.
type position struct{ state, read int }

// hop is how a position was reached.
type hop struct {
	from position
	text []byte
}

// run finds a way through a sequence that reads elements, and returns the texts of them;
// nil for none.
func (w *writer) run(s *sequence, elements []element) ([][]byte, error) {
	start := position{}
	reached := map[position]hop{start: {}}
	stack := []position{start}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		st := s.states[p.state]
		if p.read == len(elements) && st.end {
			return trace(reached, p), nil
		}
		visit := func(to position, text []byte) {
			if _, ok := reached[to]; !ok {
				reached[to] = hop{p, text}
				stack = append(stack, to)
			}
		}
		if st.skip > 0 {
			visit(position{st.skip, p.read}, nil)
		}
		if p.read == len(elements) {
			continue
		}
		el := elements[p.read]
		for _, e := range st.edges {
			if !w.named(e, el) {
				continue
			}
			if _, ok := reached[position{e.to, p.read + 1}]; ok {
				continue
			}
			r, err := w.value(e.f, el.v)
			if err != nil {
				return nil, err
			}
			if r.ok {
				visit(position{e.to, p.read + 1}, el.text(e, r.text))
			}
		}
	}
	return nil, nil
}

// named reports whether an edge reads members of an element's name.
func (w *writer) named(e edge, el element) bool {
	switch {
	case e.known:
		return e.key == el.key
	case e.names != rules.Expr{}:
		return w.c.b.Matches(e.names, el.body)
	}
	return true
}

// text is the element with the text of its value, as an edge reads it.
func (el element) text(e edge, value []byte) []byte {
	if !e.known && e.names == (rules.Expr{}) {
		return value
	}
	return append(append(jsonvalue.AppendString(nil, el.key), jsonvalue.KeySeparator...), value...)
}

// trace returns the texts on the way to a position.
func trace(reached map[position]hop, p position) [][]byte {
	texts := make([][]byte, p.read)
	for p != (position{}) {
		h := reached[p]
		if h.from.read < p.read {
			texts[p.read-1] = h.text
		}
		p = h.from
	}
	return texts
}
