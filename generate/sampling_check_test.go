package generate_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// outOfRange has settings that are refused, by what the error says.
var outOfRange = map[string]generate.Sampling{
	"Sampling.TypicalP: typical-p is 1.5, want 0 to 1":                                 {TypicalP: 1.5},
	"Sampling.EpsilonCutoff: epsilon cutoff is 1, want 0 to below 1":                   {EpsilonCutoff: 1},
	"Sampling.EtaCutoff: eta cutoff is -0.1, want 0 to below 1":                        {EtaCutoff: -0.1},
	"Sampling.TopNSigma: top-n-sigma is NaN":                                           {TopNSigma: math.NaN()},
	"Sampling.PresencePenalty: presence penalty is +Inf, want -1e+06 to 1e+06":         {PresencePenalty: math.Inf(1)},
	"Sampling.FrequencyPenalty: frequency penalty is -2e+06":                           {FrequencyPenalty: -2e6},
	"Sampling.NoRepeatNgram: the length of sequences that must not repeat is -1":       {NoRepeatNgram: -1},
	"Sampling.MinTokens: the least number of tokens is -1, want 0 (off) or more":       {MinTokens: -1},
	"Sampling.MinNewTokens: the least number of new tokens is -3":                      {MinNewTokens: -3},
	"Sampling.BadWords: number 1 has no tokens":                                        {BadWords: [][]int{{1}, {}}},
	"Sampling.BadWords: token id -1 is not in":                                         {BadWords: [][]int{{-1}}},
	"Sampling.SequenceBias: number 0 has no tokens":                                    {SequenceBias: []generate.BiasedSequence{{Bias: 1}}},
	"Sampling.SequenceBias: a bias is NaN, want -1e+06 to 1e+06, or -Inf":              {SequenceBias: []generate.BiasedSequence{{Tokens: []int{1}, Bias: math.NaN()}}},
	"Sampling.LogitBias: a bias is +Inf":                                               {LogitBias: map[int]float64{1: math.Inf(1)}},
	"Sampling.LogitBias: token id 2000 is not in the model's vocabulary":               {LogitBias: map[int]float64{2000: 1}},
	"Sampling.ForcedBOS: token id -4":                                                  {ForcedBOS: new(-4)},
	"Sampling.ForcedEOS: token id 991":                                                 {ForcedEOS: []int{991}},
	"Sampling.ForcedTokens: token id -1":                                               {ForcedTokens: []int{1, -1}},
	"Sampling.SuppressTokens: token id 1000":                                           {SuppressTokens: []int{1000}},
	"Sampling.BeginSuppressTokens: token id 1000":                                      {BeginSuppressTokens: []int{1000}},
	"Sampling.ForcedEOS: all of these tokens are among SuppressTokens":                 {ForcedEOS: []int{1, 2}, SuppressTokens: []int{2, 1, 3}},
	"Sampling.ForcedBOS: is among SuppressTokens":                                      {ForcedBOS: new(2), SuppressTokens: []int{2, 1, 3}},
	"Sampling.ForcedTokens: token 1 is among SuppressTokens":                           {ForcedTokens: []int{5, 1}, SuppressTokens: []int{2, 1, 3}},
	"Sampling.XTC.Probability: the probability is 2, want 0 (off) to 1":                {XTC: &generate.XTC{Probability: 2}},
	"Sampling.XTC.Threshold: the threshold is -1":                                      {XTC: &generate.XTC{Threshold: -1}},
	"Sampling.Mirostat.Tau: the target is -5, want 0 to 1e+06 bits":                    {Mirostat: &generate.Mirostat{Tau: -5}},
	"Sampling.Mirostat.Eta: the learning rate is NaN":                                  {Mirostat: &generate.Mirostat{Eta: math.NaN()}},
	"Sampling.DRY.Multiplier: the multiplier is -1":                                    {DRY: &generate.DRY{Multiplier: -1}},
	"Sampling.DRY.Base: the base is 0.5, want 1 to 1e+06, or 0 for 1.75":               {DRY: &generate.DRY{Multiplier: 1, Base: 0.5}},
	"Sampling.DRY.AllowedLength: the allowed length is -2, want 1 or more, or 0 for 2": {DRY: &generate.DRY{Multiplier: 1, AllowedLength: -2}},
	"Sampling.DRY.LastN: the number of tokens to look at is -1":                        {DRY: &generate.DRY{Multiplier: 1, LastN: -1}},
	"Sampling.DRY.Breakers: number 1 has 0 bytes, want 1 to 40":                        {DRY: &generate.DRY{Multiplier: 1, Breakers: []string{"x", ""}}},
	"Sampling.DRY.Breakers: are 65, want at most 64":                                   {DRY: &generate.DRY{Multiplier: 1, Breakers: make([]string, 65)}},
}

func TestSamplingOutOfRangeIsRefusedByName(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{})
	for want, s := range outOfRange {
		_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{Sampling: &s}))
		if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestEverySettingIsFollowed runs each through a stream.
func TestEverySettingIsFollowed(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	of := func(s generate.Sampling, n int) []int {
		t.Helper()
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: n, Sampling: &s, IgnoreEnd: s.MinNewTokens+s.MinTokens == 0}))
		if err != nil {
			t.Fatal(err)
		}
		return r.Tokens
	}
	plain := of(generate.Sampling{}, 12)
	never := func(name string, ids []int, token int) {
		t.Helper()
		for _, id := range ids {
			if id == token {
				t.Errorf("%s: token %d came: %v", name, token, ids)
			}
		}
	}
	never("suppressed", of(generate.Sampling{SuppressTokens: plain[:1]}, 12), plain[0])
	never("suppressed at the beginning", of(generate.Sampling{BeginSuppressTokens: plain[:1]}, 1), plain[0])
	never("a bad word", of(generate.Sampling{BadWords: [][]int{plain[:1]}}, 12), plain[0])
	never("a bad word of two", of(generate.Sampling{BadWords: [][]int{plain[:2]}}, 2)[1:], plain[1])
	never("a bias of minus infinity", of(generate.Sampling{LogitBias: map[int]float64{plain[0]: math.Inf(-1)}}, 12), plain[0])
	first := map[string]struct {
		got, want int
	}{
		"a bias":               {of(generate.Sampling{LogitBias: map[int]float64{77: 100}}, 3)[2], 77},
		"a bias of a sequence": {of(generate.Sampling{SequenceBias: []generate.BiasedSequence{{Tokens: []int{plain[0], 78}, Bias: 100}}}, 2)[1], 78},
		"a forced beginning":   {of(generate.Sampling{ForcedTokens: []int{3, 500}}, 3)[1], 500},
		"a forced end":         {of(generate.Sampling{ForcedEOS: []int{7}}, 5)[4], 7},
		"a bias and a penalty": {of(generate.Sampling{LogitBias: map[int]float64{77: 20}, PresencePenalty: 50}, 2)[0], 77},
	}
	for name, c := range first {
		if c.got != c.want {
			t.Errorf("%s: token %d, want %d", name, c.got, c.want)
		}
	}
	for name, s := range map[string]generate.Sampling{
		"a presence penalty": {LogitBias: map[int]float64{77: 20}, PresencePenalty: 50}, "a frequency penalty": {LogitBias: map[int]float64{77: 20}, FrequencyPenalty: 50},
		"no repetition": {LogitBias: map[int]float64{77: 20}, NoRepeatNgram: 1},
	} {
		never(name, of(s, 6)[1:], 77)
	}
	for name, s := range map[string]generate.Sampling{
		"a least length of the answer": {LogitBias: map[int]float64{0: 50}, MinNewTokens: 5},
		"a least length":               {LogitBias: map[int]float64{0: 50}, MinTokens: len(prompt) + 5},
	} {
		if got := of(s, 20); len(got) != 6 || got[5] != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	// 77 is likely every time: a text of nothing else, which DRY ends.
	if got := of(generate.Sampling{LogitBias: map[int]float64{77: 20}, DRY: &generate.DRY{Multiplier: 30}}, 5); got[1] != 77 || got[3] == 77 {
		t.Errorf("with DRY: %v", got)
	}
}
