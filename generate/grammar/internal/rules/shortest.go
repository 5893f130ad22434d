package rules

import "slices"

// endless is a length beyond all that count. Two of them fit into an int of 32 bits.
const endless = 1 << 29

// shortest returns the bytes of a shortest text of n, which is live.
func (t *table) shortest(n *node) int {
	if n.nullable {
		return 0
	}
	if n.least != 0 {
		return n.least
	}
	least := endless
	switch n.kind {
	case kindSet:
		least = 1
	case kindConcat:
		return t.shortestChain(n)
	case kindOr:
		for _, k := range n.kids {
			if t.isLive(k) {
				least = min(least, t.shortest(k))
			}
		}
	case kindRepeat:
		if least = t.shortest(n.kids[0]); least > endless/n.low {
			least = endless
		} else {
			least *= n.low
		}
	case kindAnd, kindNot, kindAutomaton:
		least = len(t.shortestSearch(n))
	}
	n.least = min(least, endless)
	return n.least
}

// shortestChain is shortest for a concat, whose links it walks along.
func (t *table) shortestChain(n *node) int {
	var chain []*node
	for ; n.kind == kindConcat && n.least == 0; n = n.kids[1] {
		chain = append(chain, n)
	}
	least := t.shortest(n)
	for _, link := range slices.Backward(chain) {
		least = min(least+t.shortest(link.kids[0]), endless)
		link.least = least
	}
	return least
}

// shortestSearch returns a shortest text of an intersection, nothing where the search
// takes too long.
func (t *table) shortestSearch(start *node) string {
	type visit struct {
		n    *node
		from int
		b    byte
	}
	queue := []visit{{start, -1, 0}}
	seen := map[*node]bool{start: true}
	for k := 0; k < len(queue) && len(queue) < t.limits.Search; k++ {
		n := queue[k].n
		if n.nullable {
			var text []byte
			for at := k; queue[at].from >= 0; at = queue[at].from {
				text = append(text, queue[at].b)
			}
			slices.Reverse(text)
			return string(text)
		}
		for _, b := range t.classes.first {
			if d := t.derive(n, b); d != t.nothing && !seen[d] && t.isLive(d) {
				seen[d] = true
				queue = append(queue, visit{d, k, b})
			}
		}
	}
	return ""
}

// settleLengths finds the shortest texts of rules: lengths grow less until nothing
// changes, as in Knuth's generalisation of Dijkstra's algorithm (1977), without its
// order.
func (r *resolver) settleLengths(start *node) {
	bodies := r.bodies
	refs := map[int][]*node{}
	seen := map[*node]bool{}
	for k := -1; k < len(r.order); k++ {
		stack := []*node{start}
		if k >= 0 {
			stack[0] = bodies[r.order[k]]
		}
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[n] || !n.rules {
				continue
			}
			seen[n] = true
			if n.kind == kindRule {
				n.least = endless
				refs[n.low] = append(refs[n.low], n)
			}
			stack = append(stack, n.kids...)
		}
	}
	for changed := true; changed; {
		changed = false
		for n := range seen {
			if n.kind != kindRule {
				n.least = 0 // computed anew
			}
		}
		for _, k := range r.order {
			if r.bodies[k].kind == kindNothing {
				continue
			}
			least := r.t.shortest(bodies[k])
			for _, n := range refs[k] {
				if least < n.least {
					n.least, changed = least, true
				}
			}
		}
	}
}

// Shortest returns the bytes of a shortest text that leads from s to an end; 0 where s
// can end or is dead.
func (s State) Shortest() int {
	if s.s == nil || s.s.canEnd || len(s.s.ways) == 0 {
		return 0
	}
	if n := s.s.least.Load(); n > 0 {
		return int(n)
	}
	p := s.s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	least, _ := p.shortestWay(s.s)
	if p.t.err != nil {
		p.t.err = nil
		p.forget()
		return least
	}
	s.s.least.Store(int64(least))
	return least
}

// shortestWay returns the alternative with the shortest way to an end.
func (p *Program) shortestWay(s *state) (least int, way alternative) {
	least = endless
	for _, w := range s.ways {
		n := p.t.shortestHead(w.head)
		for r := w.rest; r != nil && n < least; r = r.next {
			n += p.t.shortest(r.top)
		}
		if n < least {
			least, way = n, w
		}
	}
	return least, way
}

// shortestHead is shortest for a head, which has to read a byte at least: where it
// could be left out, another alternative does so.
func (t *table) shortestHead(n *node) int { return max(t.shortest(n), 1) }

// Ending returns a shortest text that leads from s to an end, false where it has more
// than limit bytes.
func (s State) Ending(limit int) (string, bool) {
	if s.Shortest() > limit || s.Dead() {
		return "", false
	}
	var text []byte
	for !s.CanEnd() {
		if len(text) > limit {
			return "", false
		}
		best, next := byte(0), State{}
		for _, b := range s.s.program.classes.first {
			if n := s.Step(b); !n.Dead() && (next.Dead() || n.Shortest() < next.Shortest()) {
				best, next = b, n
			}
		}
		if next.Dead() {
			return "", false
		}
		text, s = append(text, best), next
	}
	return string(text), true
}
