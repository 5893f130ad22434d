package generate

import (
	"math"
	"math/rand/v2"
)

// Sampler chooses the next token. Logits has an element for each token of the
// vocabulary; it may be changed and is valid until Sample returns. A Sampler
// serves one stream at a time.
type Sampler interface {
	Sample(logits []float32) (id int, err error)
}

// Processor changes the logits of a step before a token is chosen. Ids are the
// tokens of the prompt and of the answer so far; both slices are valid until
// Process returns and ids must not be changed. A logit of -Inf rules a token
// out.
type Processor interface {
	Process(ids []int, logits []float32) error
}

// Sampling holds the parameters of the built-in sampler, with Hugging Face's
// meaning. A zero field is off.
type Sampling struct {
	// Temperature divides the logits. 0 turns sampling itself off: the likeliest
	// token is taken and TopK, TopP, MinP and Seed mean nothing.
	Temperature float64
	// TopK keeps the K likeliest tokens, and those that are as likely as the
	// last of them.
	TopK int
	// TopP keeps the smallest set of the likeliest tokens whose probabilities
	// reach it together. 1 is off too.
	TopP float64
	// MinP keeps the tokens that are at least MinP times as likely as the
	// likeliest.
	MinP float64
	// RepetitionPenalty divides positive and multiplies negative logits of the
	// tokens in the prompt and in the answer so far, 1e-6 to 1e6. 1 is off too. It
	// applies without a temperature as well.
	RepetitionPenalty float64
	// Seed makes the choice repeatable. Nil means a random one, which
	// Stats.Seed tells.
	Seed *uint64
}

// minPenalty is the least repetition penalty: with less, products with logits
// leave the range of a float32.
const minPenalty = 1e-6

// validate refuses values out of range; the error names the range.
func (s *Sampling) validate() error {
	for _, p := range []struct {
		field, name string
		v, high     float64
		want        string
	}{
		{"Temperature", "temperature", s.Temperature, maxTemperature, "0 (the likeliest token) to 3.4e+38"},
		{"TopP", "top-p", s.TopP, 1, "0 to 1"},
		{"MinP", "min-p", s.MinP, 1, "0 to 1"},
		{"RepetitionPenalty", "repetition penalty", s.RepetitionPenalty, 1 / minPenalty, "1e-06 to 1e+06; 1 is off"},
	} {
		if math.IsNaN(p.v) || p.v < 0 || p.v > p.high {
			return configErrorf("Sampling."+p.field, "%s is %v, want %s", p.name, p.v, p.want)
		}
	}
	if p := s.RepetitionPenalty; p > 0 && p < minPenalty {
		return configErrorf("Sampling.RepetitionPenalty", "repetition penalty is %v, want 1e-06 to 1e+06; 1 is off", p)
	}
	if s.TopK < 0 {
		return configErrorf("Sampling.TopK", "top-k is %d, want 0 (all tokens) or more", s.TopK)
	}
	return nil
}

// maxTemperature is the greatest temperature, the largest float32.
const maxTemperature = math.MaxFloat32

// seed returns the seed that is asked for, or a random one.
func (s *Sampling) seed() uint64 {
	if s.Seed != nil {
		return *s.Seed
	}
	return rand.Uint64()
}

// clone returns a copy that shares no memory with s, nil for nil.
func (s *Sampling) clone() *Sampling {
	if s == nil {
		return nil
	}
	c := *s
	if s.Seed != nil {
		c.Seed = new(*s.Seed)
	}
	return &c
}

// RepetitionPenalty is a [Processor] that makes the tokens of the prompt and of
// the answer so far less likely: their positive logits are divided by the
// penalty and their negative ones multiplied. It is the definition of Keskar et
// al., "CTRL" (2019), as Hugging Face applies it.
type RepetitionPenalty float64

// Process implements Processor.
func (r RepetitionPenalty) Process(ids []int, logits []float32) error {
	seen := make(map[int]struct{}, len(ids))
	for _, id := range ids {
		if _, ok := seen[id]; !ok && id >= 0 && id < len(logits) {
			seen[id] = struct{}{}
			logits[id] = penalise(logits[id], float32(r))
		}
	}
	return nil
}

// penalise makes a logit less by its sign: dividing a negative one would make it
// greater.
func penalise(logit, penalty float32) float32 {
	if logit < 0 {
		return logit * penalty
	}
	return logit / penalty
}
