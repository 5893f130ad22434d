package vocab

import (
	"math/rand/v2"
)

// PairTable maps a pair of symbols to the rank of their merge and the symbol
// that it makes. Open addressing over plain words keeps a lookup to one or two
// cache lines, and it is most of the work of encoding.
type PairTable struct {
	slots []pairSlot
	mask  uint64
	mult  uint64
	shift uint
}

// pairSlot is a merge; the key, the pair plus one, is 0 for none.
type pairSlot struct {
	key uint64
	val uint64 // rank<<32 | symbol
}

// NoMerge is the value of a pair that no merge joins; it is larger than any
// merge's value.
const NoMerge = ^uint64(0)

// NewPairTable returns a table with room for n pairs.
func NewPairTable(n int) *PairTable {
	size := SlotCount(n)
	bits := uint(0)
	for 1<<bits < size {
		bits++
	}
	// A random multiplier makes the places of a hostile file's pairs
	// unpredictable.
	return &PairTable{
		slots: make([]pairSlot, size),
		mask:  uint64(size - 1), mult: rand.Uint64() | 1, shift: 64 - bits,
	}
}

// pairKey is the key of a pair, which is never 0: no symbol is -1 on both sides.
func pairKey(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) + 1 }

// slot returns where to look for a key first: the upper bits of a product depend on
// all bits of the key, where the lower ones of a sum would not.
func (t *PairTable) slot(key uint64) uint64 {
	key ^= key >> 29
	return (key * t.mult) >> t.shift
}

// Put records a merge; the last of several for a pair wins.
func (t *PairTable) Put(a, b int32, rank uint32, symbol int32) {
	key := pairKey(a, b)
	i := t.slot(key)
	for t.slots[i].key != 0 && t.slots[i].key != key {
		i = (i + 1) & t.mask
	}
	t.slots[i] = pairSlot{key, uint64(rank)<<32 | uint64(uint32(symbol))}
}

// Get returns the merge of a pair, or NoMerge.
func (t *PairTable) Get(a, b int32) uint64 {
	key := pairKey(a, b)
	slots := t.slots
	for i := t.slot(key); i < uint64(len(slots)); i = (i + 1) & t.mask {
		s := &slots[i]
		if s.key == key {
			return s.val
		}
		if s.key == 0 {
			break
		}
	}
	return NoMerge
}
