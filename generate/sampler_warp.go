package generate

import (
	"context"
	"math"

	"github.com/gocoreml/coreml/internal/samebits"
)

// What narrows the choice besides top-k, top-p and min-p. The candidates' p are
// probabilities times their sum, as the sampler has them.

// warps reports whether there is anything of this.
func (s *Sampling) warps() bool {
	return s.TypicalP > 0 && s.TypicalP < 1 || s.EpsilonCutoff > 0 || s.EtaCutoff > 0 || s.XTC.on()
}

// warp narrows the candidates by typical-p, the cut-offs and XTC, in transformers' order.
func (s *sampler) warp(ctx context.Context, cands []candidate, sum float64) ([]candidate, float64, error) {
	if p := s.settings.TypicalP; p > 0 && p < 1 {
		var err error
		if cands, sum, err = s.keepTypical(ctx, cands, sum, p); err != nil {
			return nil, 0, err
		}
	}
	if e := s.settings.EpsilonCutoff; e > 0 {
		cands, sum = cutOff(cands, float64(e*sum))
	}
	if e := s.settings.EtaCutoff; e > 0 {
		cands, sum = cutOff(cands, float64(eta(e, entropy(cands, sum))*sum))
	}
	if s.settings.XTC.on() && len(cands) > 1 && s.rng.Float64() <= s.settings.XTC.Probability {
		cands, sum = s.settings.XTC.exclude(cands, sum)
	}
	return cands, sum, ctx.Err()
}

// sigmaFloor returns the logit n standard deviations of all below the greatest. Those
// that are ruled out count for nothing. It is llama.cpp's top-n-sigma.
func sigmaFloor(logits []float32, n float64) float32 {
	top, sum, count := math.Inf(-1), 0.0, 0.0
	for _, v := range logits {
		if v > ruledOut {
			top = max(top, float64(v))
			sum += float64(v)
			count++
		}
	}
	if count < 2 {
		return ruledOut
	}
	mean, squares := sum/count, 0.0
	for _, v := range logits {
		if v > ruledOut {
			d := float64(v) - mean
			squares += float64(d * d)
		}
	}
	return float32(top - float64(n*math.Sqrt(squares/count)))
}

// entropy returns that of the candidates, in nats.
func entropy(cands []candidate, sum float64) float64 {
	total := 0.0 // of p·log p
	for i := range cands {
		if p := cands[i].p; p > 0 {
			total += float64(p * samebits.Log(p))
		}
	}
	return samebits.Log(sum) - total/sum
}

// eta returns the least probability of an eta cut-off.
func eta(epsilon, entropy float64) float64 {
	return min(epsilon, float64(math.Sqrt(epsilon)*samebits.Exp(-entropy)))
}

// cutOff keeps the candidates whose p is not below a limit, and the likeliest.
func cutOff(cands []candidate, limit float64) (kept []candidate, sum float64) {
	top := ruledOut
	for i := range cands {
		top = max(top, cands[i].logit)
	}
	kept = cands[:0]
	for _, c := range cands {
		if c.p >= limit || c.logit == top {
			kept = append(kept, c)
			sum += c.p
		}
	}
	return kept, sum
}

// surprise is how far the surprise at a candidate is from the expected one.
type surprise struct{ distance, p float64 }

// keepTypical keeps the candidates whose surprise is the closest to the entropy, until
// their probabilities reach mass together.
func (s *sampler) keepTypical(ctx context.Context, cands []candidate, sum, mass float64) ([]candidate, float64, error) {
	expected, logSum := entropy(cands, sum), samebits.Log(sum)
	h := s.typical[:0]
	for i := range cands {
		if err := atStride(ctx, i+1); err != nil {
			return nil, 0, err
		}
		h = append(h, surprise{distanceOf(cands[i].p, logSum, expected), cands[i].p})
	}
	s.typical = h
	for i := len(h)/2 - 1; i >= 0; i-- {
		siftDownCloser(h, i)
	}
	// The closest are taken off the heap until they reach the mass.
	limit, reached := math.Inf(1), 0.0
	for left := h; len(left) > 0; {
		limit = left[0].distance
		if reached += left[0].p; reached >= float64(mass*sum) {
			break
		}
		last := len(left) - 1
		left[0] = left[last]
		left = left[:last]
		siftDownCloser(left, 0)
	}
	kept, total := cands[:0], 0.0
	for _, c := range cands {
		if distanceOf(c.p, logSum, expected) <= limit {
			kept = append(kept, c)
			total += c.p
		}
	}
	return kept, total, nil
}

// distanceOf returns how far the surprise at p is from the expected one.
func distanceOf(p, logSum, expected float64) float64 {
	return math.Abs(logSum - samebits.Log(p) - expected)
}

// siftDownCloser restores the order of a heap whose closest element is the first.
func siftDownCloser(h []surprise, i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].distance < h[child].distance {
			child++
		}
		if h[child].distance >= h[i].distance {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
