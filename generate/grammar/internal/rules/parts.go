package rules

// What a state says beside its next one, for those who look at many texts at once: the
// tokens of a vocabulary.

// Wide returns, for each alternative of s that may read text of any kind and length, the
// state that has it alone and ends where it ends. Most tokens that may follow inside of a
// text in quotation marks lie in such a part as a whole, whatever comes after it, so that
// what is found out of one can be kept for all states that have it.
func (s State) Wide() []State {
	if s.s == nil {
		return nil
	}
	var out []State
	p := s.s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range s.s.ways {
		if w.head.wide() {
			out = append(out, State{p.state([]alternative{{head: w.head}}, w.head.nullable)})
		}
	}
	return out
}

// wide reports whether a head is one of [State.Wide].
func (n *node) wide() bool { return n.kind == kindRepeat || n.kind == kindAnd }

// Without returns s without the alternatives of [State.Wide] for which drop says so. It
// may be dead.
func (s State) Without(drop []bool) State {
	if s.s == nil {
		return s
	}
	p := s.s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	ways, k := make([]alternative, 0, len(s.s.ways)), 0
	for _, w := range s.s.ways {
		if w.head.wide() {
			k++
			if drop[k-1] {
				continue
			}
		}
		ways = append(ways, w)
	}
	return State{p.state(ways, s.s.canEnd)}
}

// Within returns a state from which the same texts of at most n bytes can be read as
// from s, and which many others have in common with s: whether a repetition has room
// for 100 or 99 more makes no difference to the next few bytes.
func (s State) Within(n int) State {
	if s.s == nil || s.s.next == nil {
		return s
	}
	p := s.s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	ways, changed := make([]alternative, len(s.s.ways)), false
	w := &p.work
	w.begin()
	for k, way := range s.s.ways {
		if h := way.head; h.kind == kindRepeat && (h.low > n || h.high > n) {
			// Each repetition takes a byte at least.
			low, high := min(h.low, n), h.high
			if high > n {
				high = unbounded
			}
			way.head, changed = p.t.repeat(h.kids[0], low, high), true
		}
		ways[k] = way
	}
	if !changed || p.t.err != nil {
		p.t.err = nil
		return s
	}
	w.ways, w.canEnd = append(w.ways[:0], ways...), s.s.canEnd
	if n := w.end(); n != nil {
		return State{n}
	}
	p.t.err = nil
	return s
}

// Passing reports whether s, one of [State.Wide], is of an intersection: most of them
// are others after each byte.
func (s State) Passing() bool {
	return s.s != nil && len(s.s.ways) == 1 && s.s.ways[0].head.kind == kindAnd
}

// Only returns the byte that has to follow, if there is one alone and the text may not
// end.
func (s State) Only() (only byte, ok bool) {
	if s.s == nil || s.s.canEnd || s.s.next == nil {
		return 0, false
	}
	for c, b := range s.s.program.classes.first {
		if s.Step(b).Dead() {
			continue
		}
		if ok || s.s.program.classes.count[c] > 1 {
			return 0, false
		}
		only, ok = b, true
	}
	return only, ok
}
