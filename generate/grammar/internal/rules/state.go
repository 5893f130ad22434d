package rules

// State is how far a text was read. It is a small value, may be compared and be the key
// of a map, and is safe for concurrent use: a step gives another one. Of equal states the
// same may follow; that two are different does not say the contrary. The zero state is
// dead.
type State struct{ s *state }

// Start returns the state at the beginning of a text.
func (p *Program) Start() State { return State{p.start} }

// Step returns the state behind one more byte.
func (s State) Step(b byte) State {
	if s.s == nil || s.s.next == nil {
		return State{}
	}
	c := s.s.program.classes.of[b]
	n := s.s.next[c].Load()
	if n == nil {
		n = s.s.program.step(s.s, c)
	}
	return State{n}
}

// CanEnd reports whether the text may end here.
func (s State) CanEnd() bool { return s.s != nil && s.s.canEnd }

// Dead reports whether no text that fits begins like this one. A state that is not dead
// leads to an end.
func (s State) Dead() bool { return s.s == nil || !s.s.canEnd && len(s.s.ways) == 0 }

// Err returns why a dead state is dead, if it is for a limit and not for the text.
func (s State) Err() error {
	if s.s == nil {
		return nil
	}
	return s.s.err
}

// Next returns the bytes that may follow.
func (s State) Next() (next []byte) {
	if s.s == nil || s.s.next == nil {
		return nil
	}
	var allowed [256]bool
	for c, b := range s.s.program.classes.first {
		allowed[c] = !s.Step(b).Dead()
	}
	for b := range 256 {
		if allowed[s.s.program.classes.of[b]] {
			next = append(next, byte(b))
		}
	}
	return next
}

// Match reports whether text as a whole fits the program.
func (p *Program) Match(text string) bool {
	s := p.Start()
	for k := range len(text) {
		if s = s.Step(text[k]); s.Dead() {
			return false
		}
	}
	return s.CanEnd()
}
