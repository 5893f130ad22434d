package generate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gocoreml/coreml/internal/samebits"
)

// NewSampler returns the built-in sampler: temperature, top-n-sigma, top-k, top-p, min-p,
// typical-p, epsilon and eta cut-offs and XTC in this order, or the temperature and
// Mirostat, and a draw from what they leave. Biases, penalties and all else that
// [Sampling] has before the temperature are not its part; see [RepetitionPenalty] and the
// other types with a Process. A nil s is greedy.
func NewSampler(s *Sampling) (Sampler, error) {
	if s == nil {
		return greedy{}, nil
	}
	if err := s.validate(0); err != nil {
		return nil, err
	}
	if s.Temperature == 0 {
		return greedy{}, nil
	}
	return newSampler(s, s.seed()), nil
}

// pcgStream is the second word of the generator's seed: the golden ratio's
// fraction, for a state that is not sparse when the seed is a small number.
const pcgStream = 0x9e3779b97f4a7c15

// newSampler returns a sampler that draws; the temperature is above 0.
func newSampler(s *Sampling, seed uint64) *sampler {
	return &sampler{settings: *s, rng: rand.New(rand.NewPCG(seed, pcgStream)), warps: s.warps(), mu: s.Mirostat.start()}
}

// greedy always takes the likeliest token.
type greedy struct{}

// Sample returns the likeliest token, the first of several.
func (greedy) Sample(logits []float32) (int, error) { return argmax(logits), nil }

// argmax returns the index of the greatest element, the first of equals.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// sampler draws from the distribution that its settings leave. Its buffers are
// reused from step to step.
type sampler struct {
	settings Sampling
	rng      *rand.Rand
	scratch  []float32
	cands    []candidate
	warps    bool // whether there is more than top-k, top-p and min-p
	typical  []surprise
	mu       float64 // of mirostat
}

// candidate is a token that may be drawn.
type candidate struct {
	id    int
	logit float32
	p     float64 // unnormalised
}

// Sample implements Sampler.
func (s *sampler) Sample(logits []float32) (int, error) {
	return s.sample(context.Background(), logits)
}

// sample is Sample under a context: over a large vocabulary it takes longer than
// a cancelled caller should wait.
func (s *sampler) sample(ctx context.Context, logits []float32) (int, error) {
	cands, sum, err := s.distribution(ctx, logits)
	if err != nil {
		return 0, err
	}
	if len(cands) == 0 || !(sum > 0) {
		return 0, fmt.Errorf("%w: no token is left to choose from", ErrNonFinite)
	}
	// The conversion keeps the product from being fused into the first difference.
	at := float64(s.rng.Float64() * sum)
	chosen := &cands[len(cands)-1] // rounding of the sum can leave a remainder, which it takes
	for i := range cands {
		if at -= cands[i].p; at < 0 {
			chosen = &cands[i]
			break
		}
	}
	if s.settings.Mirostat != nil {
		s.mu = s.settings.Mirostat.next(s.mu, chosen.p/sum)
	}
	return chosen.id, nil
}

// minTemperature is the temperature below which logits are divided as distances
// from the greatest: a quotient of the logits themselves could leave a float32.
const minTemperature = 1e-6

// applyTemperature divides the logits by the temperature.
func (s *sampler) applyTemperature(logits []float32) {
	t := s.settings.Temperature
	if t > 0 && t < minTemperature {
		top := logits[argmax(logits)]
		for i, v := range logits {
			logits[i] = float32((float64(v) - float64(top)) / t)
		}
	} else if t := float32(t); t > 0 && t != 1 {
		for i := range logits {
			logits[i] /= t
		}
	}
}

// distribution returns the tokens that may follow with their probabilities
// times sum. The slice is valid until the next call.
func (s *sampler) distribution(ctx context.Context, logits []float32) (cands []candidate, sum float64, err error) {
	if len(logits) == 0 {
		return nil, 0, nil
	}
	s.applyTemperature(logits)
	if s.settings.Mirostat != nil {
		cands, sum = s.softmax(logits, float32(math.Inf(-1)))
		cands, sum = s.mirostat(cands, sum)
		return cands, sum, ctx.Err()
	}
	cands, sum = s.softmax(logits, s.floor(logits))
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if p := s.settings.TopP; p > 0 && p < 1 {
		if cands, sum, err = nucleus(ctx, cands, float64(p*sum)); err != nil {
			return nil, 0, err
		}
	}
	if s.settings.MinP > 0 {
		cands, sum = atLeast(cands, s.settings.MinP)
	}
	if s.warps {
		cands, sum, err = s.warp(ctx, cands, sum)
	}
	return cands, sum, cmp.Or(err, ctx.Err())
}

// floor returns the logit below which tokens are left out before there are probabilities.
func (s *sampler) floor(logits []float32) float32 {
	floor := float32(math.Inf(-1))
	if n := s.settings.TopNSigma; n > 0 {
		floor = sigmaFloor(logits, n)
	}
	if k := s.settings.TopK; k > 0 && k < len(logits) {
		floor = max(floor, s.kthLargest(logits, k))
	}
	return floor
}

// softmax returns the tokens whose logits are not below floor. The likeliest has
// p = 1, and sum is the sum of all: dividing by it would change nothing in what
// follows.
func (s *sampler) softmax(logits []float32, floor float32) (cands []candidate, sum float64) {
	top := logits[argmax(logits)]
	cands = s.cands[:0]
	for i, v := range logits {
		if v >= floor && v > float32(math.Inf(-1)) {
			p := samebits.Exp(float64(v) - float64(top))
			cands = append(cands, candidate{id: i, logit: v, p: p})
			sum += p
		}
	}
	s.cands = cands
	return cands, sum
}

// atLeast keeps the candidates that are at least minP times as likely as the
// likeliest, whose p is 1.
func atLeast(cands []candidate, minP float64) (kept []candidate, sum float64) {
	kept = cands[:0]
	for _, c := range cands {
		if c.p >= minP {
			kept = append(kept, c)
			sum += c.p
		}
	}
	return kept, sum
}
