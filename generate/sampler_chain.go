package generate

import (
	"context"
	"fmt"
	"math"
)

// samplerChain turns the logits of one answer's steps into tokens: the built-in
// processors, the caller's and the sampler, one after the other.
type samplerChain struct {
	settings   Sampling
	history    history
	dry        *dryProcessor // nil where it is off
	own        []Processor   // what the settings ask for
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
	if err := s.validate(0); err != nil {
		return nil, err
	}
	c.settings = *s
	c.history.on = s.penalises()
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

// begin takes the prompt of an answer.
func (c *samplerChain) begin(prompt []int, most int, ends []int) {
	c.history.reset()
	for _, id := range prompt {
		c.history.add(id, false)
	}
	c.own = c.links(answerPlace{prompt: len(prompt), most: most, ends: ends})
}

// accept adds a token of the answer to what penalties look at.
func (c *samplerChain) accept(id int) { c.history.add(id, true) }

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

// process applies the built-in processors and the caller's.
func (c *samplerChain) process(ctx context.Context, ids []int, logits []float32) error {
	if len(c.own)+len(c.processors) == 0 {
		return nil
	}
	if err := c.apply(ctx, ids, logits); err != nil {
		return err
	}
	if err := checkFinite(logits); err != nil {
		return fmt.Errorf("after the penalties and the processors: %w", err)
	}
	return nil
}

// apply is process without the look at what comes of it.
func (c *samplerChain) apply(ctx context.Context, ids []int, logits []float32) error {
	c.history.grow(len(logits))
	for _, list := range [2][]Processor{c.own, c.processors} {
		for _, p := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.Process(ids, logits); err != nil {
				return fmt.Errorf("processor: %w", err)
			}
		}
	}
	return ctx.Err()
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
	if math.IsInf(float64(top), -1) {
		return fmt.Errorf("%w: all %d are -Inf, which rules every token out", ErrNonFinite, len(logits))
	}
	if math.IsInf(float64(top), 1) {
		return fmt.Errorf("%w: the greatest of %d is %v", ErrNonFinite, len(logits), top)
	}
	return nil
}
