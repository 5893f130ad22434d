package tokenizer

import "math/rand/v2"

// pairTable maps a pair of symbols to the rank of their merge and the symbol
// that it makes. Open addressing over plain words keeps a lookup to one or two
// cache lines, and it is most of the work of encoding.
type pairTable struct {
	keys  []uint64 // pair+1
	vals  []uint64 // rank<<32 | symbol
	mask  uint64
	mult  uint64
	shift uint
}

// noMerge is the value of a pair that no merge joins; it is larger than any
// merge's value.
const noMerge = ^uint64(0)

func newPairTable(n int) *pairTable {
	size := slotCount(n)
	bits := uint(0)
	for 1<<bits < size {
		bits++
	}
	// A random multiplier makes the places of a hostile file's pairs
	// unpredictable.
	return &pairTable{
		keys: make([]uint64, size), vals: make([]uint64, size),
		mask: uint64(size - 1), mult: rand.Uint64() | 1, shift: 64 - bits,
	}
}

func pairKey(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) + 1 }

func (t *pairTable) slot(key uint64) uint64 {
	key ^= key >> 29
	return (key * t.mult) >> t.shift
}

// put records a merge; the last of several for a pair wins.
func (t *pairTable) put(a, b int32, rank uint32, symbol int32) {
	key := pairKey(a, b)
	i := t.slot(key)
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & t.mask
	}
	t.keys[i] = key
	t.vals[i] = uint64(rank)<<32 | uint64(uint32(symbol))
}

// get returns the merge of a pair, or noMerge.
func (t *pairTable) get(a, b int32) uint64 {
	key := pairKey(a, b)
	for i := t.slot(key); ; i = (i + 1) & t.mask {
		switch t.keys[i] {
		case key:
			return t.vals[i]
		case 0:
			return noMerge
		}
	}
}
