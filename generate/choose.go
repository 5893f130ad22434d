package generate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// chooser turns the logits of one stream's steps into tokens.
type chooser struct {
	penalty    float32
	distinct   []int  // the ids of the context, each once
	seen       []bool // by id
	processors []Processor
	sampler    Sampler
	greedy     bool // whether it is the likeliest token that is taken
	seed       uint64
}

// newChooser returns the chooser for cfg, with s the settings in force.
func newChooser(s *Sampling, cfg *Config) (*chooser, error) {
	c := &chooser{processors: cfg.Processors, sampler: cfg.Sampler}
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
		c.seed = rand.Uint64()
		if s.Seed != nil {
			c.seed = *s.Seed
		}
		c.sampler = newSampler(s, c.seed)
	}
	return c, nil
}

// note takes ids into the context that the repetition penalty looks at.
func (c *chooser) note(ids ...int) {
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

// choose returns the next token. Ids are all tokens so far.
func (c *chooser) choose(ctx context.Context, ids []int, logits []float32) (int, error) {
	if err := checkFinite(logits); err != nil {
		return 0, err
	}
	width := len(logits)
	if c.penalty > 0 {
		for _, id := range c.distinct {
			if id < len(logits) {
				logits[id] = penalise(logits[id], c.penalty)
			}
		}
	}
	for _, p := range c.processors {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := p.Process(ids, logits); err != nil {
			return 0, fmt.Errorf("processor: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if c.penalty > 0 || len(c.processors) > 0 {
		if err := checkFinite(logits); err != nil {
			return 0, fmt.Errorf("after the penalty and the processors: %w", err)
		}
	}
	id, err := c.sample(ctx, logits)
	if err != nil {
		return 0, err
	}
	if id < 0 || id >= width {
		return 0, &TokenError{ID: id, Where: "the sampler's choice", Vocabulary: width}
	}
	return id, nil
}

// sample asks the sampler. The built-in one heeds the context itself.
func (c *chooser) sample(ctx context.Context, logits []float32) (int, error) {
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
