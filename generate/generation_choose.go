package generate

import (
	"context"
	"maps"
	"slices"
)

// bindSampler prepares what the sampler's chain needs of the generator.
func (r *generation) bindSampler(ctx context.Context, s *Sampling) error {
	if s != nil && s.DRY.on() {
		b, err := r.g.breakers.get(ctx, r.g.tok, s.DRY.breakers())
		if err != nil {
			return err
		}
		r.sampler.dry = newDRY(s.DRY, b)
	}
	if n := r.opts.LogProbs; n != 0 {
		r.logProbs = newLogProbs(max(n, 0))
	}
	return nil
}

// begin tells the sampler's chain of the prompt.
func (r *generation) begin(prompt []int) {
	r.endIDs = slices.Sorted(maps.Keys(r.ends))
	r.endIDs = append(r.endIDs, r.opts.EndTokens...)
	r.endIDs = append(r.endIDs, r.turnEnd) // the last one: see keepThinking
	most := min(len(prompt)+r.limit, r.bound.context+1)
	var answer []int
	if r.resumed != nil { // its tokens so far are no part of the prompt
		n := max(0, len(prompt)-len(r.resumed.last.Answer))
		prompt, answer = prompt[:n], prompt[n:]
	}
	r.sampler.begin(prompt, most, r.endIDs)
	for _, id := range answer {
		r.sampler.accept(id)
	}
}

// keepThinking lets a token that ends the turn come where it ends a thought: only what
// ends the answer is kept away.
func (r *generation) keepThinking() {
	if s := &r.sampler.settings; r.turnEnd < 0 || r.tools == nil || s.MinTokens+s.MinNewTokens == 0 {
		return
	}
	last := &r.endIDs[len(r.endIDs)-1]
	if *last = r.turnEnd; r.tools.endsThinking(r.turnEnd) {
		*last = -1
	}
}

// choose returns the token that follows ids, and notes how likely it and others were.
func (r *generation) choose(ctx context.Context, ids []int, logits []float32) (int, error) {
	if r.logProbs != nil {
		r.logProbs.take(logits)
	}
	if r.guide != nil {
		if err := r.guide.lead(ctx, ids, logits); err != nil {
			return 0, err
		}
	}
	return r.pick(ctx, ids, logits)
}
