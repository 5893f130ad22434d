package generate

import (
	"context"
	"errors"
	"sync"
	"time"
)

// GeneratorStats are the measures of a generator: what it does at the moment, and sums
// of all answers that have ended.
type GeneratorStats struct {
	// States is the number of states that are in use, by answers, sessions and sequences,
	// and FreeStates of those that are kept for the next. StateBytes is what both take.
	States, FreeStates int
	StateBytes         int64
	// Waiting is the number of callers that wait for a state, and WaitingPrompts of
	// those that have one and wait for their prompt's turn.
	Waiting, WaitingPrompts int
	// Active is the number of answers that have begun and not ended.
	Active int
	// Answers is the number of those that have begun: each of [Generator.Answers] and of a
	// batch counts, and a beam search as one. Of those that have ended, Cancelled
	// did with the end of their context, and Failed with another error or by a panic.
	Answers, Cancelled, Failed uint64
	// PromptTokens, CachedTokens and Tokens are the sums of those of [Stats], and so are
	// Prefill and Decode. Wait is the time for which answers waited for a state.
	PromptTokens, CachedTokens, Tokens uint64
	Prefill, Decode, Wait              time.Duration
	// SharedPasses is the number of passes over the weights that served steps of several
	// answers, and SharedSteps the number of these steps.
	SharedPasses, SharedSteps uint64
	// Speculation is the sum of that of all answers; its Off is empty.
	Speculation SpeculationStats
}

// sums is what Stats adds up.
type sums struct {
	mu sync.Mutex
	GeneratorStats
}

// add adds the measures of an answer that has ended with err.
func (s *sums) add(a *Stats, waited time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Active--
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		s.Cancelled++
	default:
		s.Failed++
	}
	s.PromptTokens += uint64(a.PromptTokens)
	s.CachedTokens += uint64(a.CachedTokens)
	s.Tokens += uint64(a.Tokens)
	s.Prefill += a.Prefill
	s.Decode += a.Decode
	s.Wait += waited
	if d := a.Speculation; d != nil {
		s.Speculation.Drafted += d.Drafted
		s.Speculation.Accepted += d.Accepted
		s.Speculation.Blocks += d.Blocks
		s.Speculation.Steps += d.Steps
	}
}

// Stats returns the measures of the generator, all of one moment but for those of steps
// that are under way. It may be called at any time, also after Close.
func (g *Generator) Stats() GeneratorStats {
	g = g.made()
	g.sums.mu.Lock()
	out := g.sums.GeneratorStats
	g.sums.mu.Unlock()
	out.WaitingPrompts = g.turns.length()
	g.pool.count(&out)
	for _, b := range g.allBound() {
		for stage := range b.stages {
			for _, fn := range b.stageFunctions(stage) {
				out.SharedPasses += fn.steps.passes.Load()
				out.SharedSteps += fn.steps.joined.Load()
			}
		}
	}
	return out
}

// count notes the lanes of a pool.
func (p *pool) count(s *GeneratorStats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.States, s.FreeStates, s.Waiting, s.StateBytes = p.live, len(p.free), len(p.waiting), p.taken
	for i := range p.free {
		s.StateBytes += p.free[i].of.stateBytes
	}
}

// allBound returns the functions that answer, each once.
func (g *Generator) allBound() []*boundModel {
	out := []*boundModel{g.bound}
	if g.functions == nil {
		return out
	}
	g.functions.mu.Lock()
	defer g.functions.mu.Unlock()
	for _, b := range g.functions.others {
		out = append(out, b)
	}
	return out
}
