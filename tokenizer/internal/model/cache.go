package model

import (
	"hash/maphash"
)

// CacheTokens is the number of ids that an entry has room for.
const CacheTokens = 6

// An entry takes 50 bytes, so that finding it touches one or two cache lines; the
// slots take a hundred kilobytes.
const (
	cacheSlots = 1 << 11
	cacheKey   = 23
)

// WordCache remembers the ids of short words. It has a fixed size and no
// pointers: each word has one slot, and the last word to want it has it.
type WordCache struct {
	seed  maphash.Seed
	slots []cacheEntry
}

// cacheEntry is a word with its ids, in arrays so that the whole table is one piece
// of memory that the garbage collector need not look into.
type cacheEntry struct {
	IDs   [CacheTokens]int32
	key   [cacheKey]byte
	len   uint8
	Count uint8
}

// NewWordCache returns an empty cache.
func NewWordCache() WordCache {
	return WordCache{seed: maphash.MakeSeed(), slots: make([]cacheEntry, cacheSlots)}
}

// Find returns the slot of a word, nil if it is too long, and whether the slot
// holds it.
func (c *WordCache) Find(word string) (*cacheEntry, bool) {
	if len(word) > cacheKey {
		return nil, false
	}
	e := &c.slots[maphash.String(c.seed, word)%cacheSlots]
	return e, int(e.len) == len(word) && string(e.key[:e.len]) == word
}

// Store puts a word into the slot in the place of the one before. A word of more ids
// than there is room for is not kept: such words are rare, and room for them would make
// every entry longer.
func (e *cacheEntry) Store(word string, ids []int32) {
	if len(ids) > CacheTokens {
		return
	}
	e.len = uint8(copy(e.key[:], word))
	e.Count = uint8(copy(e.IDs[:], ids))
}
