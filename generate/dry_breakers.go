package generate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gocoreml/coreml/tokenizer"
)

const (
	maxBreaker  = 40 // bytes, as in llama.cpp
	maxBreakers = 64
	// maxTail is the number of tokens behind the first one of a breaker, as in llama.cpp.
	maxTail = 20
)

// breakers are the sequences of tokens that a breaker may be written with, by the first
// token: the tokens that may follow it. An empty list is of a token that holds a whole
// breaker.
type breakers [][][]int

// newBreakers looks for texts in a vocabulary.
func newBreakers(ctx context.Context, t *tokenizer.Tokenizer, texts []string) (breakers, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	b := make(breakers, t.VocabSize())
	for id := range b {
		if err := atStride(ctx, id); err != nil {
			return nil, err
		}
		word := t.Decode([]int{id}, false)
		for _, text := range texts {
			if err := b.add(t, id, word, text); err != nil {
				return nil, fmt.Errorf("sequence breaker %q: %w", text, err)
			}
		}
	}
	return b, nil
}

// add notes how a text may begin with, or within, a token.
func (b breakers) add(t *tokenizer.Tokenizer, id int, word, text string) error {
	if strings.Contains(word, text) {
		b.note(id, []int{})
		return nil
	}
	for at := max(len(word)-len(text)+1, 0); at < len(word); at++ {
		if !strings.HasPrefix(text, word[at:]) {
			continue
		}
		tail, err := t.Encode(text[len(word)-at:], false)
		if err != nil {
			return err
		}
		b.note(id, tail[:min(len(tail), maxTail)])
	}
	return nil
}

// note adds a sequence once.
func (b breakers) note(id int, tail []int) {
	if !slices.ContainsFunc(b[id], func(other []int) bool { return slices.Equal(other, tail) }) {
		b[id] = append(b[id], tail)
	}
}

// single reports whether a token holds a whole breaker.
func (b breakers) single(id int) bool {
	return id < len(b) && slices.ContainsFunc(b[id], func(tail []int) bool { return len(tail) == 0 })
}

// limit returns how many tokens there are behind the last breaker of ids.
func (b breakers) limit(ids []int) int {
	for i := range ids {
		id := ids[len(ids)-1-i]
		if id < 0 || id >= len(b) {
			continue
		}
		behind := ids[len(ids)-i:]
		longest := -1
		for _, tail := range b[id] {
			if len(tail) > longest && len(tail) <= i && slices.Equal(behind[:len(tail)], tail) {
				longest = len(tail)
			}
		}
		if longest >= 0 {
			return i - longest
		}
	}
	return len(ids)
}

// breakerCache keeps what was found of some lists of breakers: a large vocabulary takes
// as long to go through as some tokens of an answer.
type breakerCache struct {
	mu    sync.Mutex
	found map[string]breakers
}

// maxCachedBreakers bounds the lists that are kept.
const maxCachedBreakers = 8

// get returns the breakers of a list.
func (c *breakerCache) get(ctx context.Context, t *tokenizer.Tokenizer, texts []string) (breakers, error) {
	key := strings.Join(texts, "\x00")
	c.mu.Lock()
	b, ok := c.found[key]
	c.mu.Unlock()
	if ok {
		return b, nil
	}
	// Not under the lock: who waits for it could not be cancelled.
	b, err := newBreakers(ctx, t, texts)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil || len(c.found) >= maxCachedBreakers {
		c.found = map[string]breakers{}
	}
	c.found[key] = b
	return b, nil
}
