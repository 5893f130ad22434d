package generate_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// FuzzProcessors runs settings over texts: whatever is valid gives logits of which none is
// NaN, and rules no more out than it can.
func FuzzProcessors(f *testing.F) {
	f.Add([]byte{1, 2, 3, 1, 2}, []byte{9, 200, 3, 0, 7}, 2, 1.3, 0.5, 0.9, uint8(0xff))
	f.Add([]byte{}, []byte{1}, 0, 0.0, -1.0, 0.1, uint8(0))
	f.Add([]byte{5}, []byte{0, 0, 0}, 1, 1e6, 1e6, 1.0, uint8(7))
	f.Fuzz(func(t *testing.T, text, raw []byte, n int, a, b, p float64, which uint8) {
		if len(raw) == 0 || len(raw) > 200 || len(text) > 200 {
			return
		}
		ids, logits := make([]int, len(text)), make([]float32, len(raw))
		for i, x := range text {
			ids[i] = int(x)
		}
		for i, x := range raw {
			logits[i] = float32(int8(x)) / 8
		}
		s := &generate.Sampling{
			Temperature: 1, RepetitionPenalty: a, PresencePenalty: b, FrequencyPenalty: -b, NoRepeatNgram: n, MinTokens: n, TypicalP: p, EpsilonCutoff: p / 2,
			EtaCutoff: p / 3, TopNSigma: a, XTC: &generate.XTC{Probability: p, Threshold: p / 4}, DRY: &generate.DRY{Multiplier: a, Base: 1 + p, AllowedLength: n},
			BadWords: [][]int{ids[:min(len(ids), 2)]}, SequenceBias: []generate.BiasedSequence{{Tokens: ids[:min(len(ids), 3)], Bias: b}},
			LogitBias: map[int]float64{n: b}, SuppressTokens: []int{n}, BeginSuppressTokens: []int{n + 1}, ForcedTokens: []int{n + 2},
		}
		if which&1 == 0 {
			s.Mirostat = &generate.Mirostat{Tau: a, Eta: p}
		}
		if which&2 == 0 {
			s.ForcedTokens = nil
		}
		prompt := min(max(n, 0), len(ids))
		scores, left, err := generate.Processed(s, ids, prompt, len(ids)+3, []int{0}, logits)
		if err != nil {
			return // refused
		}
		possible := false
		for i, v := range scores {
			if v != v || math.IsInf(float64(v), 1) {
				t.Fatalf("token %d has the logit %v with %+v", i, v, s)
			}
			possible = possible || !math.IsInf(float64(v), -1)
		}
		if possible && len(left) == 0 {
			t.Fatalf("no token is left of %v with %+v", scores, s)
		}
		for id, q := range left {
			if id < 0 || id >= len(scores) || math.IsInf(float64(scores[id]), -1) || !(q >= 0 && q <= 1+1e-9) {
				t.Fatalf("token %d with probability %v is left of %v", id, q, scores)
			}
		}
	})
}
