package vocab

import (
	"slices"
)

// BuildTrie makes the trie of the bytes of tokens. Sorted tokens share their
// beginnings with the one before, which counts the nodes.
func BuildTrie(v *Vocab, order []uint32) *PairTable {
	slices.SortFunc(order, func(a, b uint32) int {
		if x, y := v.Token(a), v.Token(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return int(a) - int(b)
	})
	nodes, last := 1, ""
	for _, id := range order {
		token := v.Token(id)
		nodes += len(token) - common(last, token)
		last = token
	}
	trie := NewPairTable(nodes)
	next := int32(1)
	for _, id := range order {
		token := v.Token(id)
		node := int32(0)
		for i := range len(token) {
			end := i == len(token)-1
			val := trie.Get(node, int32(token[i]))
			child, ends := int32(uint32(val)), uint32(val>>32)
			if val == NoMerge {
				child, ends = next, 0
				next++
			}
			if end {
				ends = id + 1
			}
			if val == NoMerge || end {
				trie.Put(node, int32(token[i]), ends, child)
			}
			node = child
		}
	}
	return trie
}

// common returns the length of the common beginning of two strings.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
