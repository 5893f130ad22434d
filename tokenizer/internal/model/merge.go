package model

import (
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// shortWord is the number of symbols up to which a scan for the best pair is
// faster than a heap.
const shortWord = 48

// node is a symbol of a long word, linked to its neighbours.
type node struct {
	id         int32 // -1 once it was joined to the symbol before it
	prev, next int32
}

// candidate is a merge that a long word allowed when it was pushed: its rank and,
// in the lower half, the place of its first symbol. The least one comes first.
type candidate uint64

// Merger joins symbols. Its memory is that of one encoder.
type Merger struct {
	May   *budget.Budget
	nodes []node
	heap  []candidate
	// Note is told each merge that MergeLong proposes, if it is set.
	Note func(left, right, made int32)
}

// Reset lets go of the memory that a very long word took.
func (g *Merger) Reset() { g.nodes, g.heap = budget.Kept(g.nodes), budget.Kept(g.heap) }

// Merge joins symbols in place, always the pair of the lowest rank and of
// several the leftmost, until none of them can be joined. A pair of lower rank that a
// merge makes possible goes before all others that wait.
func (g *Merger) Merge(pairs *vocab.PairTable, symbols []int32) []int32 {
	switch n := len(symbols); {
	case n < 2:
		return symbols
	case n <= shortWord:
		return mergeShort(pairs, symbols)
	default:
		return g.MergeLong(pairs, symbols)
	}
}

// mergeShort keeps the value of each pair of neighbours in a row, of which it takes
// the least again and again. That is quadratic, and still faster than a heap for a
// word of usual length: the row lies on the stack and nothing else is written.
func mergeShort(pairs *vocab.PairTable, symbols []int32) []int32 {
	var vals [shortWord]uint64
	n := len(symbols)
	for i := range n - 1 {
		vals[i] = pairs.Get(symbols[i], symbols[i+1])
	}
	for n > 1 {
		best, at := vocab.NoMerge, -1
		for i, v := range vals[:n-1] {
			if v < best {
				// Of several merges of one rank the leftmost wins, whatever
				// they make.
				best, at = v&^(1<<32-1), i
			}
		}
		if at < 0 {
			break
		}
		symbols[at] = int32(uint32(vals[at]))
		copy(symbols[at+1:n-1], symbols[at+2:n])
		copy(vals[at+1:], vals[min(at+2, n-1):n-1])
		n--
		if at < n-1 {
			vals[at] = pairs.Get(symbols[at], symbols[at+1])
		}
		if at > 0 {
			vals[at-1] = pairs.Get(symbols[at-1], symbols[at])
		}
	}
	return symbols[:n]
}

// MergeLong keeps the possible merges in a heap, so that a long word takes
// n log n steps. Entries whose symbols have changed meanwhile are recognised
// by their value and dropped.
func (g *Merger) MergeLong(pairs *vocab.PairTable, symbols []int32) []int32 {
	if !g.link(symbols) {
		return symbols
	}
	// A list of millions that grows is copied, which takes longer than a look at the
	// context may wait.
	g.heap = budget.Sized(g.heap, len(g.nodes))
	for i := range len(g.nodes) - 1 {
		if !g.May.Spend(1) {
			return symbols
		}
		g.propose(pairs, int32(i))
	}
	for len(g.heap) > 0 && g.May.Spend(4) {
		g.join(pairs, g.pop())
	}
	return g.joined(symbols[:0])
}

// joined appends the symbols that are left.
func (g *Merger) joined(out []int32) []int32 {
	for i := int32(0); i >= 0 && g.May.Spend(1); i = g.nodes[i].next {
		out = append(out, g.nodes[i].id)
	}
	return out
}

// link makes a list of symbols. Like all loops here it asks the budget in between: a
// text of many megabytes can be one word.
func (g *Merger) link(symbols []int32) bool {
	nodes := budget.Sized(g.nodes, len(symbols))
	for i, id := range symbols {
		if i%budget.LookAfter == budget.LookAfter-1 && !g.May.Spend(budget.LookAfter/4) {
			return false
		}
		nodes = append(nodes, node{id, int32(i) - 1, int32(i) + 1})
	}
	nodes[len(nodes)-1].next = -1
	g.nodes = nodes
	return true
}

// join makes a merge that was proposed, unless its symbols are no longer there, and
// proposes those of the new symbol with its neighbours.
func (g *Merger) join(pairs *vocab.PairTable, c candidate) {
	pos := int32(uint32(c))
	left := &g.nodes[pos]
	if left.id < 0 || left.next < 0 {
		return
	}
	right := &g.nodes[left.next]
	// A merge of the same rank that came to this place later is the one to
	// make now: it is in the heap too, and goes stale by this.
	val := pairs.Get(left.id, right.id)
	if val == vocab.NoMerge || val>>32 != uint64(c)>>32 {
		return
	}
	left.id = int32(uint32(val))
	left.next = right.next
	right.id = -1
	if left.next >= 0 {
		g.nodes[left.next].prev = pos
	}
	if left.prev >= 0 {
		g.propose(pairs, left.prev)
	}
	g.propose(pairs, pos)
}

// propose pushes the merge of the symbol at pos with the one after it. The order of
// the heap, by rank and then by place, is that of the numbers themselves.
func (g *Merger) propose(pairs *vocab.PairTable, pos int32) {
	next := g.nodes[pos].next
	if next < 0 {
		return
	}
	val := pairs.Get(g.nodes[pos].id, g.nodes[next].id)
	if val == vocab.NoMerge {
		return
	}
	if g.Note != nil {
		g.Note(g.nodes[pos].id, g.nodes[next].id, int32(uint32(val)))
	}
	h := append(g.heap, candidate(val&^(1<<32-1)|uint64(uint32(pos))))
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if h[i] >= h[up] {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	g.heap = h
}

// pop takes the least candidate. The heap is written out: container/heap calls an
// interface for each comparison.
func (g *Merger) pop() candidate {
	h := g.heap
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1] < h[child] {
			child++
		}
		if h[child] >= h[i] {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	g.heap = h
	return top
}
