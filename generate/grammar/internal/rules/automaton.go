package rules

// Automaton is a language that is given by what a reader of it remembers: for languages
// whose expressions would be far larger, such as the multiples of a number. Its methods
// are pure functions. Two of one builder that are equal must read the same.
type Automaton interface {
	comparable
	// Start returns the state before the first byte. States are 0 or above.
	Start() int
	// Step returns the state behind a byte; it is negative if no text goes on so.
	Step(state int, b byte) int
	// Accepts reports whether the text may end in a state.
	Accepts(state int) bool
	// Distinct returns the bytes that Step tells apart from each other and from all
	// that it does not return, which must be ASCII.
	Distinct() string
}

// machine is an [Automaton] of any type.
type machine struct {
	step     func(state int, b byte) int
	accepts  func(state int) bool
	distinct string
}

// OfAutomaton returns the texts that an automaton accepts. A state is found live by
// search, so those from which no text is accepted are harmless.
func OfAutomaton[A Automaton](b *Builder, a A) Expr {
	t := b.t
	if t.machineOf == nil {
		t.machineOf = map[any]int{}
	}
	k, ok := t.machineOf[a]
	if !ok {
		k = len(t.machines)
		t.machineOf[a] = k
		t.machines = append(t.machines, machine{a.Step, a.Accepts, a.Distinct()})
	}
	for _, c := range []byte(t.machines[k].distinct) {
		t.ofSet(single(c)) // so that the classes of bytes tell it apart
	}
	return Expr{t.inState(k, a.Start())}
}

// inState returns what a machine accepts from a state on.
func (t *table) inState(k, state int) *node {
	if state < 0 {
		return t.nothing
	}
	return t.intern(node{kind: kindAutomaton, ands: true, nullable: t.machines[k].accepts(state), low: state, high: k})
}

// single is the set of one byte.
func single(b byte) (s byteSet) {
	s.add(b, b)
	return s
}
