package generate

import (
	"context"
	"fmt"
	"math"
)

// samplerChain turns the logits of one answer's steps into tokens: the repetition
// penalty, the caller's processors and the sampler, one after the other.
type samplerChain struct {
	penalty float32 // 0 where it is off
	// distinct holds the ids of prompt and answer, each once, and seen is the same
	// by id. A set would cost an allocation now and then.
	distinct   []int
	seen       []bool
	processors []Processor
	sampler    Sampler
	bound      *structured // the grammar, nil for none
	greedy     bool        // whether it is the likeliest token that is taken
	seed       uint64
}

// newSamplerChain returns the chain for opts, with s the settings in force; nil
// is greedy.
func newSamplerChain(s *Sampling, opts *Options) (*samplerChain, error) {
	c := &samplerChain{processors: opts.Processors, sampler: opts.Sampler}
	if s == nil {
		s = &Sampling{}
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.RepetitionPenalty != 1 {
		c.penalty = float32(s.RepetitionPenalty)
	}
	if c.sampler != nil {
		return c, nil
	}
	c.sampler, c.greedy = greedy{}, s.Temperature == 0
	if s.Temperature > 0 {
		c.seed = s.seed()
		c.sampler = newSampler(s, c.seed)
	}
	return c, nil
}

// accept adds ids to those that the repetition penalty makes less likely.
func (c *samplerChain) accept(ids ...int) {
	if c.penalty == 0 {
		return
	}
	for _, id := range ids {
		if id < 0 {
			continue
		}
		if id >= len(c.seen) {
			c.seen = append(c.seen, make([]bool, id+1-len(c.seen))...)
		}
		if !c.seen[id] {
			c.seen[id] = true
			c.distinct = append(c.distinct, id)
		}
	}
}

// sample returns the next token; ids are all tokens so far. It looks at ctx
// between the links of the chain, each of which may take its time.
func (c *samplerChain) sample(ctx context.Context, ids []int, logits []float32) (int, error) {
	if err := checkFinite(logits); err != nil {
		return 0, err
	}
	if err := c.process(ctx, ids, logits); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id, err := c.choose(ctx, logits)
	if err != nil {
		return 0, err
	}
	if id < 0 || id >= len(logits) {
		return 0, &TokenError{ID: id, Where: "the sampler's choice", Vocabulary: len(logits)}
	}
	return id, nil
}

// process applies the penalty and the processors.
func (c *samplerChain) process(ctx context.Context, ids []int, logits []float32) error {
	if c.penalty == 0 && len(c.processors) == 0 {
		return nil
	}
	if c.penalty > 0 {
		for _, id := range c.distinct {
			if id < len(logits) {
				logits[id] = penalise(logits[id], c.penalty)
			}
		}
	}
	for _, p := range c.processors {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.Process(ids, logits); err != nil {
			return fmt.Errorf("processor: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkFinite(logits); err != nil {
		return fmt.Errorf("after the penalty and the processors: %w", err)
	}
	return nil
}

// draw asks the sampler. The built-in one heeds the context itself.
func (c *samplerChain) draw(ctx context.Context, logits []float32) (int, error) {
	if s, ok := c.sampler.(*sampler); ok {
		return s.sample(ctx, logits)
	}
	id, err := c.sampler.Sample(logits)
	if err != nil {
		return 0, fmt.Errorf("sampler: %w", err)
	}
	return id, nil
}

// checkFinite refuses logits from which no token can be chosen. A -Inf rules
// out its own token only.
func checkFinite(logits []float32) error {
	top := float32(math.Inf(-1))
	for i, v := range logits {
		if v != v {
			return fmt.Errorf("%w: token %d has NaN", ErrNonFinite, i)
		}
		top = max(top, v)
	}
	if math.IsInf(float64(top), 0) {
		return fmt.Errorf("%w: the greatest of %d is %v", ErrNonFinite, len(logits), top)
	}
	return nil
}
