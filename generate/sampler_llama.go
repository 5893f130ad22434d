package generate

import (
	"math"

	"github.com/gocoreml/coreml/internal/samebits"
)

// XTC ("exclude top choices", by p-e-w) leaves out, with the given probability at each
// step, all tokens that are at least as likely as Threshold but the least likely of
// these: the definition of llama.cpp.
type XTC struct {
	// Probability is 0 (off) to 1.
	Probability float64
	// Threshold is 0 to 1; 0 means 0.1, and above 0.5 there can be no two such tokens.
	Threshold float64
}

const xtcThreshold = 0.1

func (x *XTC) numbers() []parameter {
	if x == nil {
		return nil
	}
	return []parameter{
		{"XTC.Probability", "the probability", x.Probability, 0, 1, "0 (off) to 1"},
		{"XTC.Threshold", "the threshold", x.Threshold, 0, 1, "0 to 1; 0 means 0.1"},
	}
}

// on reports whether a token may be left out.
func (x *XTC) on() bool { return x != nil && x.Probability > 0 && x.Threshold <= 0.5 }

// exclude leaves out the top choices.
func (x *XTC) exclude(cands []candidate, sum float64) ([]candidate, float64) {
	limit := x.Threshold
	if limit == 0 {
		limit = xtcThreshold
	}
	limit = float64(limit * sum)
	least, above := -1, 0
	for i := range cands {
		if cands[i].p >= limit {
			above++
			if least < 0 || likelier(&cands[least], &cands[i]) {
				least = i
			}
		}
	}
	if above < 2 {
		return cands, sum
	}
	keep, kept, total := cands[least].id, cands[:0], 0.0
	for _, c := range cands {
		if c.p < limit || c.id == keep {
			kept = append(kept, c)
			total += c.p
		}
	}
	return kept, total
}

// Mirostat keeps the surprise of the text near a target by leaving out more or fewer
// unlikely tokens: version 2 of Basu et al., "Mirostat" (2021), as llama.cpp has it.
type Mirostat struct {
	// Tau is the target in bits, 0 to 1e6; 0 means 5.
	Tau float64
	// Eta is how much an error changes the bound on the surprise, 0 to 1e6; 0 means 0.1.
	Eta float64
}

const (
	mirostatTau = 5
	mirostatEta = 0.1
)

func (m *Mirostat) numbers() []parameter {
	if m == nil {
		return nil
	}
	return []parameter{
		{"Mirostat.Tau", "the target", m.Tau, 0, maxBias, "0 to 1e+06 bits; 0 means 5"},
		{"Mirostat.Eta", "the learning rate", m.Eta, 0, maxBias, "0 to 1e+06; 0 means 0.1"},
	}
}

func (m *Mirostat) tau() float64 {
	if m.Tau == 0 {
		return mirostatTau
	}
	return m.Tau
}

// start returns the bound on the surprise at the beginning, in bits.
func (m *Mirostat) start() float64 {
	if m == nil {
		return 0
	}
	return 2 * m.tau()
}

// next returns the bound after a token that had the probability p among those left.
func (m *Mirostat) next(mu, p float64) float64 {
	rate := m.Eta
	if rate == 0 {
		rate = mirostatEta
	}
	surprise := -samebits.Log(p) / math.Ln2
	return mu - float64(rate*(surprise-m.tau()))
}

// mirostat keeps the candidates whose surprise is within the bound, and the likeliest one
// where none is.
func (s *sampler) mirostat(cands []candidate, sum float64) (kept []candidate, total float64) {
	if len(cands) == 0 {
		return nil, 0
	}
	limit, best := float64(samebits.Exp2(-s.mu)*sum), 0
	for i := range cands {
		if likelier(&cands[i], &cands[best]) {
			best = i
		}
	}
	if cands[best].p < limit {
		cands[0] = cands[best]
		return cands[:1], cands[0].p
	}
	return cutOff(cands, limit)
}
