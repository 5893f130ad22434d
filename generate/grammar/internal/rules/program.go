package rules

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
)

// Program reads texts byte by byte. It is safe for concurrent use.
type Program struct {
	bodies  []*node // of the rules, by index
	classes byteClasses
	start   *state
	first   *node

	mu     sync.Mutex // guards what follows
	t      *table
	base   int // the memory that the program takes without its cache
	stacks map[stackKey]*stack
	states map[string]*state
	nextID uint64
	work   worker
}

// stack is what has to follow, from the top on. Stacks are interned.
type stack struct {
	id   uint64
	top  *node
	next *stack
}

type stackKey struct{ top, next uint64 }

// alternative is one way to go on: head, which reads the next byte, and then rest.
type alternative struct {
	head *node // a set, a repetition, or an intersection
	rest *stack
}

// state is the set of all ways to go on. States are interned.
type state struct {
	program *Program
	ways    []alternative
	canEnd  bool
	err     error                   // why it is dead, if that is not the text's fault
	next    []atomic.Pointer[state] // by class of byte
	least   atomic.Int64            // the bytes of the shortest way to an end, 0 while they are not known
}

// stackSize, stateSize and waySize are about what a stack, a state and each of its
// alternatives take with their entries in the tables.
const (
	stackSize = 100
	stateSize = 250
	waySize   = 40
)

func newProgram(t *table, first *node, bodies []*node) *Program {
	p := &Program{bodies: bodies, t: t, first: first}
	p.work.p = p
	var sets []byteSet
	reach(first, bodies, func(n *node) {
		switch n.kind {
		case kindSet:
			sets = append(sets, n.set)
		case kindAutomaton:
			for _, c := range []byte(t.machines[n.high].distinct) {
				sets = append(sets, single(c))
			}
		}
	})
	t.reclass(sets)
	p.classes = t.classes
	p.base = t.memory
	t.limits.Memory += p.base
	t.limits.Depth *= 2 // derivatives of the deepest are a little deeper
	p.forget()
	p.start = p.work.first()
	return p
}

// reach calls found with each node below first, through rules too.
func reach(first *node, bodies []*node, found func(*node)) {
	seen := map[*node]bool{}
	stack := []*node{first}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		found(n)
		if n.kind == kindRule {
			stack = append(stack, bodies[n.low])
		}
		stack = append(stack, n.kids...)
	}
}

// forget empties the cache. States that are in use stay what they are.
func (p *Program) forget() {
	p.t.recent = map[string]*node{}
	p.t.derived = map[derivation]*node{}
	p.t.memory = p.base
	p.stacks = map[stackKey]*stack{}
	p.states = map[string]*state{}
}

// push returns the stack with n on top.
func (p *Program) push(n *node, rest *stack) *stack {
	key := stackKey{top: n.id}
	if rest != nil {
		key.next = rest.id
	}
	if s, ok := p.stacks[key]; ok {
		return s
	}
	p.nextID++
	s := &stack{id: p.nextID, top: n, next: rest}
	p.stacks[key] = s
	p.t.memory += stackSize
	return s
}

// state returns the state of ways, which it may sort.
func (p *Program) state(ways []alternative, canEnd bool) *state {
	key := make([]byte, 0, 64)
	if canEnd {
		key = append(key, 1)
	}
	for _, w := range ways {
		key = binary.AppendUvarint(key, w.head.id)
		if w.rest == nil {
			key = append(key, 0)
		} else {
			key = binary.AppendUvarint(key, w.rest.id)
		}
	}
	if s, ok := p.states[string(key)]; ok {
		return s
	}
	s := &state{program: p, ways: slices.Clone(ways), canEnd: canEnd}
	if len(ways) > 0 {
		s.next = make([]atomic.Pointer[state], len(p.classes.first))
	}
	p.states[string(key)] = s
	p.t.memory += stateSize + len(key) + waySize*len(ways) + 8*len(s.next)
	return s
}

// step finds the state behind a byte of class c.
func (p *Program) step(s *state, c uint8) *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := s.next[c].Load(); n != nil {
		return n // somebody was quicker
	}
	if p.t.memory-p.base > (p.t.limits.Memory-p.base)/2 {
		p.forget()
	}
	n := p.work.step(s, p.classes.first[c])
	if err := p.t.err; err != nil {
		n, p.t.err = &state{program: p, err: err}, nil
		p.forget()
	}
	s.next[c].Store(n)
	return n
}
