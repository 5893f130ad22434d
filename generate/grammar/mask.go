package grammar

import (
	"math"
	"math/bits"
	"sync"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// Mask is the tokens that may follow. It does not change and is safe for concurrent use.
type Mask struct {
	words  []uint64 // a bit for each token; nil where there are few
	few    []int32  // the tokens, in rising order, where there are few
	count  int
	canEnd bool
}

// Allows reports whether a token may follow. It is asked of tokens with a text; whether
// those that end a text may is [Mask.CanEnd].
func (m *Mask) Allows(id int) bool {
	if m.words == nil {
		for _, k := range m.few {
			if int(k) == id {
				return true
			}
		}
		return false
	}
	return id >= 0 && id/64 < len(m.words) && m.words[id/64]>>(id%64)&1 != 0
}

// Len returns the number of tokens that may follow.
func (m *Mask) Len() int { return m.count }

// CanEnd reports whether the text may end.
func (m *Mask) CanEnd() bool { return m.canEnd }

// Apply sets the logits of all tokens that may not follow to minus infinity. Ends are the
// tokens that end a text: they may follow where the text may end, and nowhere else.
// Scratch is memory for it, which is returned, grown as needed.
func (m *Mask) Apply(logits []float32, ends []int, scratch []float32) []float32 {
	scratch = scratch[:0]
	for _, id := range ends {
		if id < len(logits) {
			scratch = append(scratch, logits[id])
		}
	}
	out := float32(math.Inf(-1))
	if m.words == nil {
		scratch = m.keepFew(logits, scratch)
	} else {
		m.keepWords(logits)
	}
	k := 0
	for _, id := range ends {
		if id >= len(logits) {
			continue
		}
		logits[id] = out
		if m.canEnd {
			logits[id] = scratch[k]
		}
		k++
	}
	return scratch
}

// keepFew is Apply for few tokens.
func (m *Mask) keepFew(logits, scratch []float32) []float32 {
	at := len(scratch)
	for _, id := range m.few {
		if int(id) < len(logits) {
			scratch = append(scratch, logits[id])
		}
	}
	out := float32(math.Inf(-1))
	for k := range logits {
		logits[k] = out
	}
	for k, v := range scratch[at:] {
		logits[m.few[k]] = v
	}
	return scratch
}

// keepWords is Apply for many tokens.
func (m *Mask) keepWords(logits []float32) {
	out := float32(math.Inf(-1))
	for k, w := range m.words {
		if 64*k >= len(logits) {
			return
		}
		row := logits[64*k : min(64*k+64, len(logits))]
		if w == 0 {
			for i := range row {
				row[i] = out
			}
			continue
		}
		for w = ^w; w != 0; w &= w - 1 {
			if i := bits.TrailingZeros64(w); i < len(row) {
				row[i] = out
			}
		}
	}
	for k := 64 * len(m.words); k < len(logits); k++ {
		logits[k] = out
	}
}

// fewest is how many tokens are kept as a list.
const fewest = 256

// newMask makes a mask of bits, which it may keep.
func newMask(words []uint64, canEnd bool) *Mask {
	m := &Mask{words: words, canEnd: canEnd}
	for _, w := range words {
		m.count += bits.OnesCount64(w)
	}
	if m.count > fewest {
		return m
	}
	m.words, m.few = nil, make([]int32, 0, m.count)
	for k, w := range words {
		for ; w != 0; w &= w - 1 {
			m.few = append(m.few, int32(64*k+bits.TrailingZeros64(w)))
		}
	}
	return m
}

// size returns about how many bytes the mask takes.
func (m *Mask) size() int { return 200 + 8*len(m.words) + 4*len(m.few) }

// maskCaches are the caches of a grammar: one for each vocabulary that it was used with,
// and for the tokens at the beginning of a text.
type maskCaches struct {
	mu   sync.Mutex
	list []*maskCache
}

// maxCaches is how many caches a grammar keeps.
const maxCaches = 8

// of returns the cache for tokens.
func (c *maskCaches) of(t *tokens) *maskCache {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.list {
		if m.tokens == t {
			return m
		}
	}
	if len(c.list) == maxCaches {
		c.list = c.list[1:]
	}
	m := &maskCache{tokens: t}
	m.forget()
	c.list = append(c.list, m)
	return m
}

// memory returns about how many bytes the masks take.
func (c *maskCaches) memory() (bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.list {
		m.mu.Lock()
		bytes += int64(m.bytes + m.oldBytes + m.headBytes)
		m.mu.Unlock()
	}
	return bytes
}

// maxMasks is how many bytes the masks of a grammar and a vocabulary may take.
const maxMasks = 64 << 20

// maskCache keeps masks, by what may follow. When it is half full, those that were not
// used since it was half full the last time are forgotten.
type maskCache struct {
	tokens *tokens

	mu         sync.Mutex
	masks, old map[rules.State]*Mask
	heads      map[rules.State]*headMask
	bytes      int // of masks
	oldBytes   int
	headBytes  int
}

// forget makes the cache an empty one.
func (c *maskCache) forget() {
	c.masks, c.old, c.bytes, c.oldBytes = map[rules.State]*Mask{}, nil, 0, 0
	c.heads, c.headBytes = map[rules.State]*headMask{}, 0
}

// mask returns the mask of a state.
func (c *maskCache) mask(s rules.State) *Mask {
	c.mu.Lock()
	m, ok := c.masks[s]
	if !ok {
		if m, ok = c.old[s]; ok {
			c.keep(s, m)
		}
	}
	c.mu.Unlock()
	if ok {
		return m
	}
	m = c.compute(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(s, m)
	return m
}

// keep puts a mask into the cache.
func (c *maskCache) keep(s rules.State, m *Mask) {
	if c.bytes += m.size(); c.bytes > maxMasks/2 {
		c.oldBytes = c.bytes - m.size()
		c.masks, c.old, c.bytes = map[rules.State]*Mask{}, c.masks, m.size()
	}
	c.masks[s] = m
}

// spans are the lengths of tokens for which repetitions with room for more count as
// unbounded.
var spans = [...]int{64, 16}

// compute finds the tokens that may follow.
func (c *maskCache) compute(s rules.State) *Mask {
	words := make([]uint64, (len(c.tokens.text)+63)/64)
	set := func(ids []int32) {
		for _, id := range ids {
			words[id/64] |= 1 << (id % 64)
		}
	}
	for _, n := range spans {
		r := s.Within(n)
		if r == s {
			continue
		}
		c.mask(r).addTo(words)
		long := c.tokens.longer(n)
		for _, id := range long.ids {
			words[id/64] &^= 1 << (id % 64)
		}
		long.walk(s, set)
		return newMask(words, s.CanEnd())
	}
	set(c.tokens.blank)
	wide := s.Wide()
	drop := make([]bool, len(wide))
	for k, head := range wide {
		h := c.head(head)
		if drop[k] = !h.narrow; h.narrow {
			continue
		}
		for i, w := range h.inside {
			words[i] |= w
		}
		h.across.walk(s, set)
	}
	c.tokens.tree.walk(s.Without(drop), set)
	return newMask(words, s.CanEnd())
}

// addTo sets the bits of the mask's tokens.
func (m *Mask) addTo(words []uint64) {
	for k, w := range m.words {
		words[k] |= w
	}
	for _, id := range m.few {
		words[id/64] |= 1 << (id % 64)
	}
}

// head returns the mask of a part of states. One that is hardly met again gets none
// before it is.
func (c *maskCache) head(s rules.State) *headMask {
	c.mu.Lock()
	h, ok := c.heads[s]
	if !ok && s.Passing() {
		c.heads[s] = nil
	}
	c.mu.Unlock()
	switch {
	case h != nil:
		return h
	case !ok && s.Passing():
		return &headMask{narrow: true}
	}
	h = newHeadMask(c.tokens, s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.headBytes += 200 + 8*len(h.inside) + h.across.size(); c.headBytes > maxMasks/2 {
		c.heads, c.headBytes = map[rules.State]*headMask{}, 0
	}
	c.heads[s] = h
	return h
}
