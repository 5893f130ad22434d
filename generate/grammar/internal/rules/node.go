package rules

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// kind says what a node is.
type kind uint8

const (
	kindNothing   kind = iota // no text
	kindEmpty                 // the empty text
	kindSet                   // one byte of a set
	kindConcat                // kids[0], which is no concat, and then kids[1]
	kindOr                    // any of kids, which are sorted and no ors
	kindAnd                   // all of kids, which are sorted and no ands
	kindNot                   // every string of bytes but those of kids[0]
	kindRepeat                // kids[0] from low to high times
	kindRule                  // what the rule of index low says
	kindAutomaton             // what the machine of index high accepts from the state low on
)

// unbounded is the high of a repetition without an end.
const unbounded = -1

// node is an expression. Nodes are interned: equal ones are the same pointer.
// Nothing but mark and least changes after a node was made.
type node struct {
	id       uint64
	kind     kind
	nullable bool // the empty text fits; of a rule only known in a program
	ands     bool // an and or a not lies in it
	rules    bool // a rule lies in it
	utf8     bool // all its texts are well-formed
	mark     mark // what is known of its emptiness
	depth    int
	least    int // the bytes of its shortest text, 0 while they are not known
	low      int // of a repetition; of a rule its index
	high     int
	set      byteSet
	kids     []*node
}

// mark is what is known of a node with ands in it.
type mark uint8

const (
	unknown mark = iota
	live         // some text fits
	dead         // none does
)

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(lo, hi byte) {
	for b := int(lo); b <= int(hi); b++ {
		s[b>>6] |= 1 << (b & 63)
	}
}

func (s *byteSet) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }

func (s *byteSet) join(o byteSet) {
	for k := range s {
		s[k] |= o[k]
	}
}

func (s *byteSet) meet(o byteSet) {
	for k := range s {
		s[k] &= o[k]
	}
}

// nodeSize is about what a node takes with its entry in the table, and kidSize what
// each of its kids does.
const (
	nodeSize = 240
	kidSize  = 16
)

// table holds the nodes that were made, so that equal ones are made once.
type table struct {
	limits Limits
	nodes  map[string]*node
	recent map[string]*node // of a program: what was made since its cache was emptied
	next   uint64
	memory int
	key    []byte     // memory for keys
	single [256]*node // the nodes of one byte
	err    error      // the first limit that was passed; what is made from then on is nothing

	classes byteClasses
	stale   bool // there is a set that the classes do not tell apart
	derived map[derivation]*node
	lost    bool // a search ended without a result

	nothing *node
	empty   *node
	bytes   *node // every string of bytes
	text    *node // every well-formed text

	searched  int // states that searches have looked at
	machines  []machine
	machineOf map[any]int // by the Automaton
}

func newTable(limits Limits) *table {
	t := &table{limits: limits, nodes: map[string]*node{}, derived: map[derivation]*node{}, classes: split(nil)}
	t.nothing = &node{kind: kindNothing, utf8: true}
	t.empty = &node{id: 1, kind: kindEmpty, nullable: true, utf8: true}
	t.next = 2
	t.bytes = t.not(t.nothing)
	t.text = t.repeat(t.class([]Range{{0, maxRune}}), 0, unbounded)
	return t
}

// fail keeps the first error and returns the node that stands for what failed.
func (t *table) fail(err error) *node {
	if t.err == nil {
		t.err = err
	}
	return t.nothing
}

// intern returns the node like n, which it keeps if it is new.
func (t *table) intern(n node) *node {
	if t.err != nil {
		return t.nothing
	}
	key := append(t.key[:0], byte(n.kind))
	switch n.kind {
	case kindSet:
		for _, w := range n.set {
			key = binary.LittleEndian.AppendUint64(key, w)
		}
	case kindRepeat, kindRule, kindAutomaton:
		key = binary.AppendVarint(key, int64(n.low))
		key = binary.AppendVarint(key, int64(n.high))
	}
	for _, k := range n.kids {
		key = binary.AppendUvarint(key, k.id)
		n.ands = n.ands || k.ands
		n.rules = n.rules || k.rules
		n.depth = max(n.depth, k.depth+1)
	}
	if n.kind == kindConcat {
		// A chain is walked along, not into.
		n.depth = max(n.kids[0].depth+1, n.kids[1].depth)
	}
	t.key = key
	known, ok := t.nodes[string(key)]
	if !ok && t.recent != nil {
		known, ok = t.recent[string(key)]
	}
	if ok {
		known.utf8 = known.utf8 || n.utf8
		return known
	}
	size := nodeSize + len(key) + kidSize*len(n.kids)
	switch {
	case t.recent == nil && len(t.nodes) >= t.limits.Nodes:
		return t.fail(&LimitError{What: "expressions", Limit: t.limits.Nodes})
	case t.memory+size > t.limits.Memory:
		return t.fail(&LimitError{What: "bytes of expressions", Limit: t.limits.Memory})
	case n.depth > t.limits.Depth:
		return t.fail(&LimitError{What: "expressions in each other", Limit: t.limits.Depth})
	}
	t.memory += size
	n.id = t.next
	t.next++
	made := &n
	if t.recent != nil {
		t.recent[string(key)] = made
	} else {
		t.nodes[string(key)] = made
	}
	if n.kind == kindSet && !t.classes.tell(&n.set) {
		t.stale = true
	}
	return made
}

// sorted returns nodes in the order of their ids, each once. It may change the slice.
func sorted(nodes []*node) []*node {
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.id, b.id) })
	return slices.Compact(nodes)
}
