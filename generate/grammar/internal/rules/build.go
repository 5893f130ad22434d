package rules

import "slices"

// Build makes the program of the texts that fit start, and ends the use of the builder.
// Its errors are [*LimitError], [*RuleError] for a rule that is not defined or begins
// with itself, and [ErrNothing].
func (b *Builder) Build(start Expr) (*Program, error) {
	r := &resolver{b: b, t: b.t}
	n, bodies, err := r.resolve(b.node(start))
	if err == nil {
		err = b.t.err
	}
	if err != nil {
		return nil, err
	}
	p := newProgram(b.t, n, bodies)
	b.t = &table{limits: b.t.limits, nothing: b.t.nothing, empty: b.t.empty, bytes: b.t.bytes, text: b.t.text, err: errSealed}
	return p, nil
}

// resolver turns rules into what a program runs: rules that can be are put in the place
// of their references, and those that no text fits are taken out.
type resolver struct {
	b        *Builder
	t        *table
	order    []int // the rules that are used, those that a rule uses before it
	nullable []bool
	some     []bool // some text fits
	bodies   []*node
	inline   []bool
	done     map[*node]*node
}

func (r *resolver) resolve(start *node) (*node, []*node, error) {
	count := len(r.b.bodies)
	if err := r.sort(start); err != nil {
		return nil, nil, err
	}
	r.t.refresh()
	r.nullable, r.some = make([]bool, count), make([]bool, count)
	r.settle()
	if r.t.lost {
		return nil, nil, &LimitError{What: "states", Limit: r.t.limits.Search}
	}
	if err := r.leftRecursion(); err != nil {
		return nil, nil, err
	}
	r.bodies, r.inline = make([]*node, count), make([]bool, count)
	r.done = map[*node]*node{}
	for _, k := range r.order {
		r.bodies[k] = r.rebuild(r.b.bodies[k])
		r.inline[k] = !r.bodies[k].rules && small(r.bodies[k])
	}
	n := r.rebuild(start)
	r.t.refresh()
	if r.t.err == nil && !r.t.isLive(n) {
		if r.t.lost {
			return nil, nil, &LimitError{What: "states", Limit: r.t.limits.Search}
		}
		return nil, nil, ErrNothing
	}
	r.settleLengths(n)
	return n, r.bodies, nil
}

// references calls found with the index of each rule in n.
func references(n *node, found func(rule int)) {
	seen := map[*node]bool{}
	stack := []*node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !n.rules || seen[n] {
			continue
		}
		seen[n] = true
		if n.kind == kindRule {
			found(n.low)
		}
		for _, k := range n.kids {
			if k.rules && !seen[k] {
				stack = append(stack, k)
			}
		}
	}
}

// sort fills in the order of the rules.
func (r *resolver) sort(start *node) (err error) {
	var stack []int
	state := make([]uint8, len(r.b.bodies)) // 1: on its way, 2: in the order
	visit := func(k int) {
		if r.b.bodies[k] == nil && err == nil {
			err = &RuleError{Rule: r.b.names[k], Problem: "is not defined"}
		}
		if state[k] == 0 {
			stack = append(stack, k)
		}
	}
	references(start, visit)
	for len(stack) > 0 && err == nil {
		k := stack[len(stack)-1]
		if state[k] == 0 {
			state[k] = 1
			references(r.b.bodies[k], visit)
			continue
		}
		stack = stack[:len(stack)-1]
		if state[k] == 1 {
			state[k] = 2
			r.order = append(r.order, k)
		}
	}
	return err
}

// settle finds out which rules fit the empty text and which fit some: both sets grow
// until nothing is added.
func (r *resolver) settle() {
	for changed := true; changed; {
		changed = false
		seen := map[*node]facts{}
		for _, k := range r.order {
			if r.nullable[k] && r.some[k] {
				continue
			}
			f := r.factsOf(r.b.bodies[k], seen)
			if f != (facts{r.nullable[k], r.some[k]}) {
				r.nullable[k], r.some[k] = f.nullable, f.some
				changed = true
				clear(seen)
			}
		}
	}
}

// facts is what settle finds out of a node.
type facts struct{ nullable, some bool }

func (r *resolver) factsOf(n *node, seen map[*node]facts) facts {
	if !n.rules {
		return facts{n.nullable, r.t.isLive(n)}
	}
	if f, ok := seen[n]; ok {
		return f
	}
	var f facts
	switch n.kind {
	case kindRule:
		return facts{r.nullable[n.low], r.some[n.low]}
	case kindConcat:
		f = facts{true, true}
		at := n
		for part := range parts(n) {
			p := r.factsOf(part, seen)
			f = facts{f.nullable && p.nullable, f.some && p.some}
		}
		n = at
	case kindOr:
		for _, kid := range n.kids {
			k := r.factsOf(kid, seen)
			f = facts{f.nullable || k.nullable, f.some || k.some}
		}
	case kindRepeat:
		k := r.factsOf(n.kids[0], seen)
		f = facts{n.low == 0 || k.nullable, n.low == 0 || k.some}
	}
	seen[n] = f
	return f
}

// parts yields what stands in a concat one after the other.
func parts(n *node) func(yield func(*node) bool) {
	return func(yield func(*node) bool) {
		for ; n.kind == kindConcat; n = n.kids[1] {
			if !yield(n.kids[0]) {
				return
			}
		}
		yield(n)
	}
}

// leftRecursion returns an error if a rule may begin with itself: the reader would
// expand it forever.
func (r *resolver) leftRecursion() error {
	first := make([][]int, len(r.b.bodies))
	for _, k := range r.order {
		first[k] = r.firsts(r.b.bodies[k])
	}
	state := make([]uint8, len(r.b.bodies)) // 1: on the path, 2: done
	for _, k := range r.order {
		stack := []int{k}
		for len(stack) > 0 {
			k := stack[len(stack)-1]
			if state[k] != 0 {
				state[k] = 2
				stack = stack[:len(stack)-1]
				continue
			}
			state[k] = 1
			for _, f := range first[k] {
				if state[f] == 1 {
					return &RuleError{Rule: r.b.names[f], Problem: "begins with itself (left recursion); write it as a repetition"}
				}
				if state[f] == 0 {
					stack = append(stack, f)
				}
			}
		}
	}
	return nil
}

// firsts returns the rules with which a text of n may begin.
func (r *resolver) firsts(n *node) []int {
	var found []int
	seen := map[*node]bool{}
	facts := map[*node]facts{}
	stack := []*node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !n.rules || seen[n] {
			continue
		}
		seen[n] = true
		switch n.kind {
		case kindRule:
			found = append(found, n.low)
		case kindConcat:
			for part := range parts(n) {
				stack = append(stack, part)
				if !r.factsOf(part, facts).nullable {
					break
				}
			}
		default:
			stack = append(stack, n.kids...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// rebuild returns n with rules resolved. It is made anew, as what is known of its rules
// decides what is made of it.
func (r *resolver) rebuild(n *node) *node {
	if !n.rules {
		if !r.t.isLive(n) {
			return r.t.nothing
		}
		return n
	}
	if made, ok := r.done[n]; ok {
		return made
	}
	made := r.rebuilt(n)
	r.done[n] = made
	return made
}

func (r *resolver) rebuilt(n *node) *node {
	switch n.kind {
	case kindRule:
		switch {
		case !r.some[n.low]:
			return r.t.nothing
		case r.inline[n.low]:
			return r.bodies[n.low]
		case !r.nullable[n.low]:
			return n // as it is known
		}
		// The high tells it from a rule that is not resolved.
		return r.t.intern(node{kind: kindRule, rules: true, nullable: r.nullable[n.low], low: n.low, high: 1})
	case kindConcat:
		list := slices.Collect(parts(n))
		made := r.t.empty
		for _, part := range slices.Backward(list) {
			made = r.t.concat(r.rebuild(part), made)
		}
		return made
	case kindOr:
		kids := make([]*node, len(n.kids))
		for k, kid := range n.kids {
			kids[k] = r.rebuild(kid)
		}
		return r.t.or(kids...)
	}
	return r.t.repeat(r.rebuild(n.kids[0]), n.low, n.high)
}

// inlineSize is how many nodes an expression may have to be put in the place of the
// rules that name it.
const inlineSize = 256

// small reports whether n has at most inlineSize nodes.
func small(n *node) bool {
	seen := map[*node]bool{n: true}
	stack := []*node{n}
	for len(stack) > 0 && len(seen) <= inlineSize {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, k := range n.kids {
			if !seen[k] {
				seen[k] = true
				stack = append(stack, k)
			}
		}
	}
	return len(seen) <= inlineSize
}
