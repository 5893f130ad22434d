package grammar

import (
	"cmp"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// tokens are the texts of a vocabulary and the tree of their bytes.
type tokens struct {
	text []string // by id, empty for what is no text
	tree tree
	// blank are the tokens that have no text at the beginning and one behind others, as
	// the space that SentencePiece puts before a text.
	blank []int32
	// everyByte says that each byte of UTF-8 is a token, so that every text can be
	// written, with as many tokens as it has bytes.
	everyByte bool

	mu   sync.Mutex
	long map[int]*tree // the trees of the tokens of more bytes than the key
}

// tree has texts as paths from its root: a node for each byte. The nodes are in the
// order in which a walk meets them, so that what lies below a node follows it.
type tree struct {
	char  []byte
	depth []uint16 // from 1 for the first byte
	next  []int32  // the node behind all that lie below
	first []int32  // the first of the tokens that end at a node, in ids; one more entry than nodes
	ids   []int32
}

func newTokens(text []string) *tokens {
	t := &tokens{text: text, long: map[int]*tree{}}
	var ids []int32
	for id, s := range text {
		if s != "" {
			ids = append(ids, int32(id))
		}
	}
	slices.SortFunc(ids, func(a, b int32) int { return cmp.Or(cmp.Compare(text[a], text[b]), cmp.Compare(a, b)) })
	t.tree = t.treeOf(ids)
	single := 0
	for n, d := range t.tree.depth {
		if d == 1 && t.tree.first[n] < t.tree.first[n+1] && t.tree.char[n] != 0xC0 && t.tree.char[n] != 0xC1 && t.tree.char[n] < 0xF5 {
			single++
		}
	}
	t.everyByte = single == 0xF5-2
	return t
}

// longer returns the tree of the tokens of more than n bytes.
func (t *tokens) longer(n int) *tree {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.long[n] == nil {
		l := t.among(func(id int32) bool { return len(t.text[id]) > n })
		t.long[n] = &l
	}
	return t.long[n]
}

// among returns the tree of those tokens that keep wants.
func (t *tokens) among(keep func(id int32) bool) tree {
	var ids []int32
	for _, id := range t.tree.ids {
		if keep(id) {
			ids = append(ids, id)
		}
	}
	return t.treeOf(ids)
}

// treeOf makes the tree of tokens that are sorted by their texts.
func (t *tokens) treeOf(ids []int32) tree {
	r := tree{ids: ids}
	var path []int32 // the nodes from the root to the last one
	last := ""
	leave := func(depth int) {
		for _, n := range path[depth:] {
			r.next[n] = int32(len(r.char))
		}
		path = path[:depth]
	}
	for k, id := range ids {
		s := t.text[id]
		common := 0
		for common < len(s) && common < len(last) && s[common] == last[common] {
			common++
		}
		leave(common)
		for d := common; d < len(s); d++ {
			path = append(path, int32(len(r.char)))
			r.char = append(r.char, s[d])
			r.depth = append(r.depth, uint16(d+1))
			r.next = append(r.next, 0)
			r.first = append(r.first, int32(k)) // tokens before this one end before this node
		}
		last = s
	}
	leave(0)
	r.first = append(r.first, int32(len(ids)))
	return r
}

// size returns about how many bytes the tree takes.
func (r *tree) size() int { return 11*len(r.char) + 4*len(r.ids) }

// walk reads the tree from a state on and calls found for the tokens of each node that
// can be reached.
func (r *tree) walk(s rules.State, found func(ids []int32)) {
	r.walkStates(s, func(ids []int32, _ rules.State) { found(ids) })
}

// walkStates is walk that tells the state behind the tokens too.
func (r *tree) walkStates(s rules.State, found func(ids []int32, s rules.State)) {
	if s.Dead() {
		return
	}
	states := make([]rules.State, 1, 64)
	states[0] = s
	for n := 0; n < len(r.char); {
		d := r.depth[n]
		next := states[d-1].Step(r.char[n])
		if next.Dead() {
			n = int(r.next[n])
			continue
		}
		states = append(states[:d], next)
		if from, to := r.first[n], r.first[n+1]; from < to {
			found(r.ids[from:to], next)
		}
		n++
	}
}
