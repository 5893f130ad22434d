package generate

import (
	"context"
	"slices"

	"github.com/gocoreml/coreml/internal/samebits"
	"github.com/gocoreml/coreml/tokenizer"
)

// DRY ("don't repeat yourself", by p-e-w) makes tokens less likely with which the text
// would go on as it did before, the more the longer the repetition is: the definition of
// llama.cpp. Where the last n tokens stand earlier in the text too, and n is at least
// AllowedLength, Multiplier·Base^(n-AllowedLength) is taken off the logit of the token
// that followed them there.
type DRY struct {
	// Multiplier is 0 to 1e6; 0 is off, and 0.8 is usual.
	Multiplier float64
	// Base is 1 to 1e6; 0 means 1.75.
	Base float64
	// AllowedLength is the length of repetitions from which on there is a penalty, 1 or
	// more; 0 means 2.
	AllowedLength int
	// LastN is how many tokens at the end of the text are looked at; 0 means all.
	LastN int
	// Breakers are texts, each of at most 40 bytes, over which no repetition reaches, such
	// as the name of a speaker. Nil means "\n", ":", "\"" and "*", an empty list none.
	Breakers []string
}

const (
	dryBase          = 1.75
	dryAllowedLength = 2
	// dryMaxLog is the logarithm of the greatest float32, which powers stay below.
	dryMaxLog = 88.7228391
)

// dryBreakers are those of llama.cpp's command.
var dryBreakers = []string{"\n", ":", "\"", "*"}

// on reports whether there is a penalty.
func (d *DRY) on() bool { return d != nil && d.Multiplier > 0 }

// numbers lists the parameters with their ranges.
func (d *DRY) numbers() []parameter {
	if d == nil {
		return nil
	}
	least := 0.0
	if d.Base != 0 {
		least = 1
	}
	return []parameter{
		{"DRY.Multiplier", "the multiplier", d.Multiplier, 0, maxBias, "0 (off) to 1e+06"},
		{"DRY.Base", "the base", d.Base, least, maxBias, "1 to 1e+06, or 0 for 1.75"},
		{"DRY.AllowedLength", "the allowed length", float64(d.AllowedLength), 0, maxContext, "1 or more, or 0 for 2"},
		{"DRY.LastN", "the number of tokens to look at", float64(d.LastN), 0, maxContext, "1 or more, or 0 for all"},
	}
}

// Processor returns the [Processor] of the penalty, for a vocabulary in which the
// breakers are looked for. It keeps memory from step to step and serves one stream at a
// time.
func (d *DRY) Processor(t *tokenizer.Tokenizer) (Processor, error) {
	if !d.on() {
		return &dryProcessor{}, nil
	}
	if err := (&Sampling{DRY: d}).validate(0); err != nil {
		return nil, prefixed(err)
	}
	if t == nil {
		return nil, prefixed(ErrNoTokenizer)
	}
	b, err := newBreakers(context.Background(), t, d.breakers())
	if err != nil {
		return nil, prefixed(err)
	}
	return newDRY(d, b), nil
}

// breakers returns the texts that end a repetition.
func (d *DRY) breakers() []string {
	if d.Breakers == nil {
		return dryBreakers
	}
	return d.Breakers
}

// dryProcessor applies the penalty. Its buffers are used again from step to step.
type dryProcessor struct {
	multiplier  float32
	base        float64
	allowed     int
	lastN       int
	maxExponent int
	breakers    breakers

	lengths []int32 // of the repetition that ends before each token, from the last one back
	longest []int32 // by token: the longest that it would go on with, plus 1
	touched []int   // the tokens with one
}

func newDRY(d *DRY, b breakers) *dryProcessor {
	p := &dryProcessor{multiplier: float32(d.Multiplier), base: dryBase, allowed: dryAllowedLength, lastN: d.LastN, breakers: b}
	if d.Base != 0 {
		p.base = float64(float32(d.Base)) // as precise as llama.cpp's
	}
	if d.AllowedLength > 0 {
		p.allowed = d.AllowedLength
	}
	if p.base > 1.000001 {
		p.maxExponent = int(float32(dryMaxLog) / float32(samebits.Log(p.base)))
	}
	return p
}

// Process implements Processor.
func (p *dryProcessor) Process(ids []int, logits []float32) error {
	if p.lastN > 0 && len(ids) > p.lastN {
		ids = ids[len(ids)-p.lastN:]
	}
	if p.multiplier == 0 || len(ids) <= p.allowed {
		return nil
	}
	limit := p.breakers.limit(ids)
	if limit < p.allowed {
		return nil
	}
	p.measure(ids, limit)
	if n := len(logits); len(p.longest) < n {
		p.longest = append(p.longest, make([]int32, n-len(p.longest))...)
	}
	for k := 1; k < len(ids); k++ {
		// The k tokens back from the end are preceded by a repetition, and begin with
		// what followed it.
		if n, id := p.lengths[k], ids[len(ids)-k]; int(n) >= p.allowed && id >= 0 && id < len(logits) {
			if p.longest[id] == 0 {
				p.touched = append(p.touched, id)
			}
			p.longest[id] = max(p.longest[id], n+1)
		}
	}
	for _, id := range p.touched {
		if !p.breakers.single(id) {
			logits[id] -= p.penalty(int(p.longest[id]) - 1 - p.allowed)
		}
		p.longest[id] = 0
	}
	p.touched = p.touched[:0]
	return nil
}

// penalty is the multiplier times a power of the base that a float32 holds.
func (p *dryProcessor) penalty(exponent int) float32 {
	if p.maxExponent > 0 {
		exponent = min(exponent, p.maxExponent)
	}
	power, square := 1.0, p.base
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			power = float64(power * square)
		}
		square = float64(square * square)
	}
	return min(float32(float64(float64(p.multiplier)*power)), float32(maxPenaltyDRY))
}

// maxPenaltyDRY keeps a logit from becoming minus infinity by the penalty alone.
const maxPenaltyDRY = 1e38

// measure finds for each k how many tokens, at most limit, the text and the text without
// its last k tokens end with alike. It is the Z-algorithm (Gusfield, "Algorithms on
// Strings, Trees and Sequences", 1997) from the end, in linear time.
func (p *dryProcessor) measure(ids []int, limit int) {
	n := len(ids)
	p.lengths = slices.Grow(p.lengths[:0], n)[:n]
	at := func(i int) int { return ids[n-1-i] }
	from, to := 0, 0 // what is known to be alike: places from..to-1 and those from 0 on
	for k := 1; k < n; k++ {
		same := 0
		if k < to {
			same = min(int(p.lengths[k-from]), to-k)
		}
		for k+same < n && at(same) == at(k+same) {
			same++
		}
		if k+same > to {
			from, to = k, k+same
		}
		p.lengths[k] = int32(same) //nolint:gosec // no text is longer
	}
	for k := 1; k < n; k++ {
		p.lengths[k] = int32(min(int(p.lengths[k]), limit)) //nolint:gosec // as above
	}
}

// checkBreakers refuses texts that cannot be looked for.
func (d *DRY) checkBreakers() error {
	if d == nil {
		return nil
	}
	if len(d.Breakers) > maxBreakers {
		return configErrorf("Sampling.DRY.Breakers", "are %d, want at most %d", len(d.Breakers), maxBreakers)
	}
	for i, b := range d.Breakers {
		if len(b) == 0 || len(b) > maxBreaker {
			return configErrorf("Sampling.DRY.Breakers", "number %d has %d bytes, want 1 to %d", i, len(b), maxBreaker)
		}
	}
	return nil
}
