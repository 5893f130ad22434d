package tokenizer

import "hash/maphash"

// state is the memory that one encoding works in. States are pooled: a
// tokenizer is used by many goroutines, each encoding has its own state.
type state struct {
	budget
	encoder encoder
	ids     []int     // of a piece, where they are counted
	pieces  [][]piece // one list for each stage of the pre-tokenizer
	matches []match
	// counting says that the ids are counted and not kept: those of pieces that
	// are done are in counted.
	counting bool
	counted  int
}

// maxKept bounds the slices that a state keeps between encodings.
const maxKept = 1 << 16

// sized returns an empty list with room for n, in the memory of list if it is
// large enough. Unlike slices.Grow it does not touch new memory, which for a text
// of many megabytes would take longer than a look at the context may wait.
func sized[T any](list []T, n int) []T {
	if n <= cap(list) {
		return list[:0]
	}
	return make([]T, 0, n)
}

// kept returns a list for the next encoding, empty, and without the memory that a
// very long text took.
func kept[T any](list []T) []T {
	if cap(list) > maxKept {
		return nil
	}
	return list[:0]
}

// reset prepares a state for the pool, without what a very long text left.
func (st *state) reset() {
	st.budget, st.counting, st.counted = budget{}, false, 0
	st.encoder.reset()
	st.ids = kept(st.ids)
	for i := range st.pieces {
		st.pieces[i] = kept(st.pieces[i])
	}
	st.matches = kept(st.matches)
}

const (
	cacheSlots  = 1 << 11
	cacheKey    = 23
	cacheTokens = 6
)

// wordCache remembers the ids of short words. It has a fixed size and no
// pointers: each word has one slot, and the last word to want it has it.
type wordCache struct {
	seed  maphash.Seed
	slots []cacheEntry
}

type cacheEntry struct {
	ids   [cacheTokens]int32
	key   [cacheKey]byte
	len   uint8
	count uint8
}

func newWordCache() wordCache {
	return wordCache{seed: maphash.MakeSeed(), slots: make([]cacheEntry, cacheSlots)}
}

// find returns the slot of a word, nil if it is too long, and whether the slot
// holds it.
func (c *wordCache) find(word string) (*cacheEntry, bool) {
	if len(word) > cacheKey {
		return nil, false
	}
	e := &c.slots[maphash.String(c.seed, word)%cacheSlots]
	return e, int(e.len) == len(word) && string(e.key[:e.len]) == word
}

func (e *cacheEntry) store(word string, ids []int32) {
	if len(ids) > cacheTokens {
		return
	}
	e.len = uint8(copy(e.key[:], word))
	e.count = uint8(copy(e.ids[:], ids))
}
