package generate

import (
	"math"
	"slices"
)

// maxBias bounds what is added to a logit: with more, sums leave the range of a float32.
const maxBias = 1e6

// parameter is one with its range.
type parameter struct {
	field, name string
	v, low      float64
	high        float64
	want        string
}

// check refuses what lies outside, NaN too.
func (n parameter) check() error {
	if math.IsNaN(n.v) || n.v < n.low || n.v > n.high {
		return configErrorf("Sampling."+n.field, "%s is %v, want %s", n.name, n.v, n.want)
	}
	return nil
}

// validate refuses values out of range; the error names the range. Width is the number
// of logits that ids are compared with, 0 where it is not known.
func (s *Sampling) validate(width int) error {
	const below1 = 1 - 1.0/(1<<53)
	list := []parameter{
		{"Temperature", "temperature", s.Temperature, 0, maxTemperature, "0 (the likeliest token) to 3.4e+38"},
		{"TopP", "top-p", s.TopP, 0, 1, "0 to 1"},
		{"MinP", "min-p", s.MinP, 0, 1, "0 to 1"},
		{"RepetitionPenalty", "repetition penalty", s.RepetitionPenalty, 0, 1 / minPenalty, "1e-06 to 1e+06; 1 is off"},
		{"TopNSigma", "top-n-sigma", s.TopNSigma, 0, maxBias, "0 (off) to 1e+06"},
		{"TypicalP", "typical-p", s.TypicalP, 0, 1, "0 to 1"},
		{"EpsilonCutoff", "epsilon cutoff", s.EpsilonCutoff, 0, below1, "0 to below 1"},
		{"EtaCutoff", "eta cutoff", s.EtaCutoff, 0, below1, "0 to below 1"},
		{"PresencePenalty", "presence penalty", s.PresencePenalty, -maxBias, maxBias, "-1e+06 to 1e+06; 0 is off"},
		{"FrequencyPenalty", "frequency penalty", s.FrequencyPenalty, -maxBias, maxBias, "-1e+06 to 1e+06; 0 is off"},
	}
	list = append(list, s.XTC.numbers()...)
	list = append(list, s.Mirostat.numbers()...)
	list = append(list, s.DRY.numbers()...)
	for _, n := range list {
		if err := n.check(); err != nil {
			return err
		}
	}
	if p := s.RepetitionPenalty; p > 0 && p < minPenalty {
		return configErrorf("Sampling.RepetitionPenalty", "repetition penalty is %v, want 1e-06 to 1e+06; 1 is off", p)
	}
	for _, c := range []struct {
		field, name, zero string
		v                 int
	}{
		{"TopK", "top-k", "all tokens", s.TopK},
		{"NoRepeatNgram", "the length of sequences that must not repeat", "off", s.NoRepeatNgram},
		{"MinTokens", "the least number of tokens", "off", s.MinTokens},
		{"MinNewTokens", "the least number of new tokens", "off", s.MinNewTokens},
	} {
		if c.v < 0 {
			return configErrorf("Sampling."+c.field, "%s is %d, want 0 (%s) or more", c.name, c.v, c.zero)
		}
	}
	if err := s.DRY.checkBreakers(); err != nil {
		return err
	}
	if err := s.checkTokens(width); err != nil {
		return err
	}
	return s.checkForced()
}

// checkForced refuses tokens that are forced and suppressed: at that place none would be
// left.
func (s *Sampling) checkForced() error {
	if len(s.ForcedEOS)+len(s.ForcedTokens) == 0 && s.ForcedBOS == nil {
		return nil
	}
	set := setOf(s.SuppressTokens)
	suppressed := func(id int) bool { return set[id] }
	if len(s.ForcedEOS) > 0 && !slices.ContainsFunc(s.ForcedEOS, func(id int) bool { return !suppressed(id) }) {
		return configErrorf("Sampling.ForcedEOS", "all of these tokens are among SuppressTokens")
	}
	if s.ForcedBOS != nil && suppressed(*s.ForcedBOS) {
		return configErrorf("Sampling.ForcedBOS", "is among SuppressTokens")
	}
	if at := slices.IndexFunc(s.ForcedTokens, suppressed); at >= 0 {
		return configErrorf("Sampling.ForcedTokens", "token %d is among SuppressTokens", s.ForcedTokens[at])
	}
	return nil
}

// checkTokens refuses ids that are no tokens and biases out of range.
func (s *Sampling) checkTokens(width int) error {
	for _, c := range []struct {
		field string
		ids   []int
	}{
		{"ForcedEOS", s.ForcedEOS},
		{"ForcedTokens", s.ForcedTokens},
		{"SuppressTokens", s.SuppressTokens},
		{"BeginSuppressTokens", s.BeginSuppressTokens},
	} {
		if err := checkIDs(c.ids, width, "Sampling."+c.field); err != nil {
			return err
		}
	}
	if s.ForcedBOS != nil {
		if err := checkIDs([]int{*s.ForcedBOS}, width, "Sampling.ForcedBOS"); err != nil {
			return err
		}
	}
	for i, word := range s.BadWords {
		if err := checkSequence("BadWords", i, word, width); err != nil {
			return err
		}
	}
	for i, q := range s.SequenceBias {
		if err := checkSequence("SequenceBias", i, q.Tokens, width); err != nil {
			return err
		}
		if err := checkBias("SequenceBias", q.Bias); err != nil {
			return err
		}
	}
	for _, id := range sortedKeys(s.LogitBias) {
		if err := checkIDs([]int{id}, width, "Sampling.LogitBias"); err != nil {
			return err
		}
		if err := checkBias("LogitBias", s.LogitBias[id]); err != nil {
			return err
		}
	}
	return nil
}

// checkSequence refuses a sequence of no tokens, and ids that are none.
func checkSequence(field string, i int, ids []int, width int) error {
	if len(ids) == 0 {
		return configErrorf("Sampling."+field, "number %d has no tokens", i)
	}
	return checkIDs(ids, width, "Sampling."+field)
}

// checkBias refuses what a logit cannot take.
func checkBias(field string, bias float64) error {
	if math.IsNaN(bias) || bias > maxBias || bias < -maxBias && !math.IsInf(bias, -1) {
		return configErrorf("Sampling."+field, "a bias is %v, want -1e+06 to 1e+06, or -Inf for a token that must not come", bias)
	}
	return nil
}

// sortedKeys returns the keys of a map in their order: what is said of one of several
// must not depend on chance.
func sortedKeys(m map[int]float64) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// needsLogits returns the first field that cannot be had of a package that gives the
// likeliest token alone, and "" where there is none.
func (s *Sampling) needsLogits() string {
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"RepetitionPenalty", s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1},
		{"LogitBias", len(s.LogitBias) > 0},
		{"SequenceBias", len(s.SequenceBias) > 0},
		{"PresencePenalty", s.PresencePenalty != 0},
		{"FrequencyPenalty", s.FrequencyPenalty != 0},
		{"DRY", s.DRY.on()},
		{"NoRepeatNgram", s.NoRepeatNgram > 0},
		{"BadWords", len(s.BadWords) > 0},
		{"MinTokens", s.MinTokens > 0},
		{"MinNewTokens", s.MinNewTokens > 0},
		{"ForcedBOS", s.ForcedBOS != nil},
		{"ForcedEOS", len(s.ForcedEOS) > 0},
		{"ForcedTokens", len(s.ForcedTokens) > 0},
		{"SuppressTokens", len(s.SuppressTokens) > 0},
		{"BeginSuppressTokens", len(s.BeginSuppressTokens) > 0},
		{"Temperature", s.Temperature != 0},
	} {
		if f.set {
			return f.field
		}
	}
	return ""
}

// isZero reports whether every field is off.
func (s *Sampling) isZero() bool {
	narrows := s.TopNSigma != 0 || s.TopK != 0 || s.TopP != 0 || s.MinP != 0 || s.TypicalP != 0 || s.EpsilonCutoff != 0 ||
		s.EtaCutoff != 0 || s.XTC != nil || s.Mirostat != nil
	return !narrows && s.RepetitionPenalty == 0 && s.needsLogits() == ""
}
