package generate

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Beams are the parameters of beam search, with transformers' meaning.
type Beams struct {
	// N is the number of beams, 1 to [MaxBeams].
	N int
	// Return is the number of answers, 1 to N; 0 means 1.
	Return int
	// LengthPenalty is the power of the length by which the sum of log-probabilities is
	// divided, -100 to 100: above 0 it is for long answers, below for short ones. Nil means 1.
	LengthPenalty *float64
	// EarlyStopping says when the search ends. Empty means [StopUnlikely].
	EarlyStopping EarlyStopping
}

// MaxBeams bounds the beams of a search.
const MaxBeams = 128

// EarlyStopping says when a beam search ends, besides at the limit of tokens.
type EarlyStopping string

// The values of transformers' early_stopping.
const (
	// StopUnlikely: as many answers have ended as there are beams, and a beam that ended
	// now would not be better than the worst of them (False).
	StopUnlikely EarlyStopping = "unlikely"
	// StopFirst: as many answers have ended as there are beams (True).
	StopFirst EarlyStopping = "first"
	// StopNever: no beam could become better than the worst of the answers ("never").
	StopNever EarlyStopping = "never"
)

// BeamResult is an answer of a beam search.
type BeamResult struct {
	Result
	// Score is the sum of the tokens' log-probabilities, after the processors, divided by
	// their number to the power of the length penalty.
	Score float64
}

// BeamSearch looks for the likeliest answers to a prompt, and returns the best of them,
// the best first. It is the search of transformers' generate: the same answers have the
// same scores. The beams share one reading of the prompt. They run side by side in as many
// states as are free, and one after the other in one where no other is.
//
// Biases, penalties and processors change the log-probabilities, which the sums are of.
// There is nothing to draw: a temperature, a Sampler, Guidance, LogProbs, Grammar,
// ToolChoice, Images, a ReasoningBudget and [OverflowSlide] are refused; the model's own temperature, where Options.Sampling is nil, is left out. Stats
// of the answers are those of the whole search, but for Tokens. A nil ctx never ends; a
// nil opts is the zero [Options].
func (g *Generator) BeamSearch(ctx context.Context, prompt Prompt, beams *Beams, opts *Options) ([]BeamResult, error) {
	ctx, g = background(ctx), g.made()
	results, err := g.beamSearch(ctx, &prompt, valueOr(beams, Beams{}), valueOr(prompt.options(opts), Options{}))
	return results, prefixed(err)
}

// validate refuses values out of range.
func (b *Beams) validate() error {
	switch {
	case b.N < 1 || b.N > MaxBeams:
		return configErrorf("Beams.N", "is %d, want 1 to %d", b.N, MaxBeams)
	case b.Return < 0 || b.Return > b.N:
		return configErrorf("Beams.Return", "is %d, want 1 to the number of beams, %d, or 0 for 1", b.Return, b.N)
	case b.LengthPenalty != nil && !(math.Abs(*b.LengthPenalty) <= 100):
		return configErrorf("Beams.LengthPenalty", "is %v, want -100 to 100", *b.LengthPenalty)
	}
	switch b.EarlyStopping {
	case "", StopUnlikely, StopFirst, StopNever:
		return nil
	}
	return configErrorf("Beams.EarlyStopping", "is %q, want %q, %q or %q", b.EarlyStopping, StopUnlikely, StopFirst, StopNever)
}

// checkBeamOptions refuses options that have no meaning without a draw, or are not had
// of beams.
func checkBeamOptions(o *Options) error {
	for _, c := range []struct {
		field string
		set   bool
	}{
		{"Sampling.Temperature", o.Sampling != nil && o.Sampling.Temperature > 0},
		{"Sampler", o.Sampler != nil},
		{"Guidance", o.Guidance.on()},
		{"LogProbs", o.LogProbs != 0},
		{"Grammar", o.Grammar != nil},
		{"ToolChoice", o.requiresCall()},
		{"Images", len(o.Images) > 0},
		{"ReasoningBudget", o.ReasoningBudget != 0},
		{"Overflow", o.Overflow == OverflowSlide},
	} {
		if c.set {
			return configErrorf(c.field, "is set, and does not go with beam search")
		}
	}
	return nil
}

func (g *Generator) beamSearch(ctx context.Context, p *Prompt, b Beams, opts Options) ([]BeamResult, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	if err := checkBeamOptions(&opts); err != nil {
		return nil, err
	}
	if opts.Sampling == nil {
		opts.Sampling = g.DefaultSampling()
		opts.Sampling.Temperature = 0
	}
	r, prompt, err := g.prepareAnswer(ctx, p, &opts)
	if err != nil {
		return nil, err
	}
	var results []BeamResult
	if r.bound.greedyOnly() {
		return nil, fmt.Errorf("%w: the package chooses its tokens itself (%s): there are no beams", ErrDriver, r.bound.outputName())
	}
	err = r.within(ctx, func(seq *Sequence) (err error) {
		s := newBeamSearch(r, &b, prompt)
		defer func() { err = s.lanes.close(err) }()
		logits, err := r.prefill(ctx, seq, prompt)
		if err != nil {
			return err
		}
		if err := s.lanes.open(ctx, seq, b.N); err != nil {
			return err
		}
		r.request.enter("generate.decode")
		start := time.Now()
		r.first, r.stats.FirstToken = start, start.Sub(r.start)
		if err := s.run(ctx, logits); err != nil {
			return err
		}
		r.stats.Decode = time.Since(start)
		if results, err = s.results(ctx); err != nil {
			return err
		}
		for i := range results {
			r.stats.Tokens += len(results[i].Tokens)
		}
		if len(results) > 0 {
			r.finished = results[0].Finish
		}
		return nil
	})
	return results, err
}
