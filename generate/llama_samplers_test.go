package generate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// llamaCase is an element of testdata/llama.json, which testdata/gen/llama_samplers.py
// writes.
type llamaCase struct {
	Sampler             string
	N, Probability      float64
	Threshold, Tau, Eta float64
	Repeat, Frequency   float64
	Presence            float64
	Multiplier, Base    float64
	Allowed, Last       int
	Breakers            []string
	IDs                 []int
	Steps               [][][2]json.Number
	Left                []llamaStep
}

type llamaStep struct {
	Chosen int
	IDs    []int
	Logits []float64
	Probs  []float64
}

// logits returns those of a step, for all tokens up to the greatest: others are ruled out.
func (c *llamaCase) logits(t testing.TB, step int) []float32 {
	t.Helper()
	var out []float32
	for _, pair := range c.Steps[step] {
		id, err := pair[0].Int64()
		v, bad := pair[1].Float64()
		if err != nil || bad != nil {
			t.Fatal(err, bad)
		}
		for int(id) >= len(out) {
			out = append(out, float32(math.Inf(-1)))
		}
		out[id] = float32(v)
	}
	return out
}

// left returns the logits that the reference leaves, by token.
func (s *llamaStep) left() map[int]float64 {
	out := map[int]float64{}
	for i, id := range s.IDs {
		if s.Logits[i] > -1e37 {
			out[id] = s.Logits[i]
		}
	}
	return out
}

func TestSamplersLeaveWhatLlamaCppLeaves(t *testing.T) {
	counts := map[string]int{}
	for i, c := range readRecords[llamaCase](t, "llama.json") {
		name := fmt.Sprintf("case %d, %s", i, c.Sampler)
		counts[c.Sampler]++
		switch c.Sampler {
		case "sigma":
			s := &generate.Sampling{TopNSigma: c.N}
			sameTokens(t, name, generate.Distribution(s, c.logits(t, 0)), c.Left[0].left())
			logits := c.logits(t, 0)
			if err := generate.TopNSigma(c.N).Process(nil, logits); err != nil {
				t.Fatal(err)
			}
			sameLogits(t, name, logits, c.Left[0].left())
		case "xtc":
			s := &generate.Sampling{XTC: &generate.XTC{Probability: c.Probability, Threshold: c.Threshold}}
			sameTokens(t, name, generate.Distribution(s, c.logits(t, 0)), c.Left[0].left())
		case "penalties":
			s := &generate.Sampling{RepetitionPenalty: c.Repeat, FrequencyPenalty: c.Frequency, PresencePenalty: c.Presence}
			// llama.cpp counts the prompt as well.
			got, _, err := generate.Processed(s, c.IDs, 0, 100, nil, c.logits(t, 0))
			if err != nil {
				t.Fatal(err)
			}
			sameLogits(t, name, got, c.Left[0].left())
			alone := c.logits(t, 0)
			for _, p := range []generate.Processor{generate.RepetitionPenalty(c.Repeat), generate.TokenPenalties{Presence: c.Presence, Frequency: c.Frequency}} {
				if err := p.Process(c.IDs, alone); err != nil {
					t.Fatal(err)
				}
			}
			sameLogits(t, name, alone, c.Left[0].left())
		case "dry":
			d := &generate.DRY{Multiplier: c.Multiplier, Base: c.Base, AllowedLength: c.Allowed, LastN: c.Last, Breakers: append([]string{}, c.Breakers...)}
			p, err := d.Processor(storyTokenizer(t))
			if err != nil {
				t.Fatal(err)
			}
			logits := c.logits(t, 0)
			if err := p.Process(c.IDs, logits); err != nil {
				t.Fatal(err)
			}
			sameLogits(t, fmt.Sprintf("%s %v after %v", name, c.Breakers, c.IDs), logits, c.Left[0].left())
		case "mirostat":
			var steps [][]float32
			var chosen []int
			for k := range c.Steps {
				steps, chosen = append(steps, c.logits(t, k)), append(chosen, c.Left[k].Chosen)
			}
			for k, left := range generate.MirostatSteps(&generate.Mirostat{Tau: c.Tau, Eta: c.Eta}, steps, chosen) {
				sameTokens(t, fmt.Sprintf("%s, step %d", name, k), left, c.Left[k].left())
				for n, id := range c.Left[k].IDs {
					if math.Abs(left[id]-c.Left[k].Probs[n]) > 1e-5 {
						t.Errorf("%s, step %d: token %d has probability %v, want %v", name, k, id, left[id], c.Left[k].Probs[n])
					}
				}
			}
		}
	}
	for sampler, n := range counts {
		if n < 8 {
			t.Errorf("%d cases of %s", n, sampler)
		}
	}
}

func sameTokens(t *testing.T, name string, got, want map[int]float64) {
	t.Helper()
	for id := range want {
		if _, ok := got[id]; !ok {
			t.Errorf("%s: token %d was left out", name, id)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d tokens are left, want %d", name, len(got), len(want))
	}
}

func sameLogits(t *testing.T, name string, got []float32, want map[int]float64) {
	t.Helper()
	for id, v := range got {
		w, ok := want[id]
		if math.IsInf(float64(v), -1) != !ok || ok && math.Abs(float64(v)-w) > 1e-6*max(1, math.Abs(w)) {
			t.Errorf("%s: token %d has the logit %v, want %v (%v)", name, id, v, w, ok)
		}
	}
}

func FuzzRepetitionLengths(f *testing.F) {
	f.Add([]byte("abccbcyabc"), 9)
	f.Add([]byte("aaaa"), 2)
	f.Add([]byte(""), 0)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		ids := make([]int, min(len(text), 200))
		for i := range ids {
			ids[i] = int(text[i])
		}
		limit = max(limit, 0)
		got := generate.RepetitionLengths(ids, limit)
		for k := 1; k < len(ids); k++ {
			n := 0
			for n < len(ids)-k && ids[len(ids)-1-n] == ids[len(ids)-1-n-k] {
				n++
			}
			if int(got[k]) != min(n, limit) {
				t.Fatalf("%v without its last %d tokens ends with %d of the same, want %d", ids, k, got[k], min(n, limit))
			}
		}
	})
}
