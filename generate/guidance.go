package generate

import (
	"context"
	"math"
)

// Guidance is classifier-free guidance (Sanchez et al., "Stay on topic with
// Classifier-Free Guidance", 2023): the model reads the answer behind another prompt too,
// and the difference between the two distributions is multiplied. It takes a second state,
// which is waited for together with the first, and twice the time. With [OverflowSlide] the
// text behind the other prompt is slid along too. The definition is that of transformers'
// UnbatchedClassifierFreeGuidanceLogitsProcessor.
type Guidance struct {
	// Scale multiplies the difference, -1e6 to 1e6. Above 1 the answer is led away from
	// Negative, and below 1 towards it. 1 is off.
	Scale float64
	// Negative is the other prompt. Nil is the last token of the prompt alone.
	Negative *Prompt
}

// on reports whether there is guidance.
func (g *Guidance) on() bool { return g != nil && g.Scale != 1 }

// validate refuses a scale out of range, and tokens that a model with width logits
// lacks.
func (g *Guidance) validate(width int) error {
	if g == nil {
		return nil
	}
	if math.IsNaN(g.Scale) || math.Abs(g.Scale) > maxBias {
		return configErrorf("Guidance.Scale", "is %v, want -1e+06 to 1e+06; 1 is off", g.Scale)
	}
	if g.Negative != nil && g.Negative.Options != nil {
		return configErrorf("Guidance.Negative.Options", "are not used: the options of the call hold")
	}
	if g.Negative == nil {
		return nil
	}
	return checkIDs(g.Negative.Tokens, width, "Guidance.Negative")
}

// guide reads the answer behind the negative prompt. It is for one answer at a time.
type guide struct {
	scale    float64
	negative []int
	seq      *Sequence
	begun    bool
	slides   bool      // its middle is dropped where it is full
	first    []float32 // the logits behind the negative prompt
}

// full reports whether the guiding text has no room for a further token.
func (g *guide) full() bool { return g != nil && g.begun && !g.slides && g.isFull() }

func (g *guide) isFull() bool { return len(g.seq.ids) >= g.seq.bound.context }

// acquire takes the sequence of an answer, and a second one where there is guidance.
func (r *generation) acquire(ctx context.Context) (*Sequence, error) {
	if !r.opts.Guidance.on() {
		return r.sequence(ctx)
	}
	r.guide = &guide{scale: r.opts.Guidance.Scale, slides: r.opts.Overflow == OverflowSlide}
	pool := r.g.pool
	switch {
	case pool.size < 2:
		return nil, configErrorf("Guidance", "takes two states, and Config.MaxStates allows 1")
	case pool.most(r.bound) < 2:
		return nil, configErrorf("Guidance", "takes two states, and Config.MaxStateBytes allows 1")
	}
	if n := r.opts.Guidance.Negative; n != nil {
		var err error
		if r.guide.negative, err = n.encode(ctx, r.g, &r.opts); err != nil {
			return nil, err
		}
		if err := r.checkPrompt(r.guide.negative); err != nil {
			return nil, err
		}
	}
	list, err := r.sequences(ctx, 2)
	if err != nil {
		return nil, err
	}
	r.guide.seq = list[1]
	return list[0], nil
}

// rewind takes the guide back to the end of its prompt, for another answer.
func (g *guide) rewind(ctx context.Context) error {
	if g == nil || !g.begun {
		return nil
	}
	g.begun = false
	return g.seq.returnTo(ctx, g.negative)
}

// lead changes the logits that follow ids.
func (g *guide) lead(ctx context.Context, ids []int, logits []float32) error {
	other, err := g.logits(ctx, ids[len(ids)-1:])
	if err != nil {
		return err
	}
	own, total := logSumExp(logits), logSumExp(other)
	for i := range logits {
		c, u := float64(logits[i])-own, float64(other[i])-total
		if math.IsInf(c, -1) || math.IsInf(u, -1) {
			logits[i] = float32(c) // what one distribution rules out has no difference
			continue
		}
		logits[i] = float32(float64(g.scale*(c-u)) + u)
	}
	return nil
}

// logits returns those of the guiding text, which the last token is added to.
func (g *guide) logits(ctx context.Context, last []int) ([]float32, error) {
	if g.begun && g.slides && g.isFull() {
		return g.slide(ctx, last)
	}
	if g.begun {
		return g.seq.append(ctx, last, nil)
	}
	g.begun = true
	if g.first != nil {
		return g.first, nil
	}
	if g.negative == nil {
		g.negative = []int{last[0]}
	}
	logits, err := g.seq.append(ctx, g.negative, nil)
	if err != nil {
		return nil, err
	}
	g.first = append([]float32{}, logits...)
	return g.first, g.seq.reserve(g.seq.bound.context)
}

// slide drops the middle of the full guiding text behind its prompt, and adds a token.
func (g *guide) slide(ctx context.Context, last []int) ([]float32, error) {
	most := g.seq.bound.context
	kept := min(len(g.negative), most/2)
	rest := slid(append(g.seq.Tokens(), last...), kept, most)
	if err := g.seq.truncate(kept); err != nil {
		return nil, err
	}
	return g.seq.append(ctx, rest[kept:], nil)
}
