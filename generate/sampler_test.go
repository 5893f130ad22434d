package generate_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// samplingCase is an element of testdata/sampling.json, which
// testdata/gen/sampling.py writes.
type samplingCase struct {
	Name              string    `json:"name"`
	Logits            []float32 `json:"logits"`
	IDs               []int     `json:"ids"`
	RepetitionPenalty float64   `json:"repetition_penalty"`
	Temperature       float64   `json:"temperature"`
	TopK              int       `json:"top_k"`
	TopP              float64   `json:"top_p"`
	MinP              float64   `json:"min_p"`
	Kept              []int     `json:"kept"`
	Probs             []float64 `json:"probs"`
	RuledOut          []int     `json:"ruled_out"`
}

func samplingCases(t *testing.T) []samplingCase {
	t.Helper()
	data, err := os.ReadFile("testdata/sampling.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []samplingCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, id := range c.RuledOut {
			c.Logits[id] = float32(math.Inf(-1))
		}
	}
	return cases
}

func TestSamplingLeavesWhatHuggingFaceLeaves(t *testing.T) {
	for _, c := range samplingCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			logits := slices.Clone(c.Logits)
			if c.RepetitionPenalty != 0 {
				if err := generate.RepetitionPenalty(c.RepetitionPenalty).Process(c.IDs, logits); err != nil {
					t.Fatal(err)
				}
			}
			s := generate.Sampling{Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP}
			got := generate.Distribution(&s, logits)
			if len(got) != len(c.Kept) {
				t.Errorf("%d tokens are left, want %d", len(got), len(c.Kept))
			}
			for i, id := range c.Kept {
				// The reference's scores are float32, as ours: only exp and the sum,
				// both in float64, may round differently.
				if p, ok := got[id]; !ok || math.Abs(p-c.Probs[i]) > 1e-9 {
					t.Errorf("token %d has probability %v, want %v", id, p, c.Probs[i])
				}
			}
		})
	}
}

func TestDrawsFollowTheDistribution(t *testing.T) {
	for _, c := range samplingCases(t) {
		if len(c.Kept) > 80 || c.RepetitionPenalty != 0 {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			seed := uint64(11)
			s, err := generate.NewSampler(&generate.Sampling{
				Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP, Seed: &seed,
			})
			if err != nil {
				t.Fatal(err)
			}
			draws := 20000
			if testing.Short() {
				draws = 5000
			}
			counts := map[int]int{}
			for range draws {
				id, err := s.Sample(slices.Clone(c.Logits))
				if err != nil {
					t.Fatal(err)
				}
				counts[id]++
			}
			total := 0
			for i, id := range c.Kept {
				// Six standard deviations of a binomial count, and one for rounding.
				p := c.Probs[i]
				if d := math.Abs(float64(counts[id]) - float64(draws)*p); d > 6*math.Sqrt(float64(draws)*p*(1-p))+1 {
					t.Errorf("token %d came %d times of %d with probability %v", id, counts[id], draws, p)
				}
				total += counts[id]
			}
			if total != draws {
				t.Errorf("%d draws gave a token that is not left", draws-total)
			}
		})
	}
}

func TestASeedRepeatsItsDraws(t *testing.T) {
	logits := samplingCases(t)[0].Logits
	draw := func(seed uint64) (ids []int) {
		s, err := generate.NewSampler(&generate.Sampling{Temperature: 1, Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			id, err := s.Sample(slices.Clone(logits))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	if a, b := draw(42), draw(42); !slices.Equal(a, b) {
		t.Errorf("seed 42 gave %v and then %v", a, b)
	}
	if a, b := draw(1), draw(2); slices.Equal(a, b) {
		t.Errorf("seeds 1 and 2 both gave %v", a)
	}
	// A recorded draw: a later version must not change what a seed means.
	if got, want := draw(7), []int{49, 49, 49, 49, 41, 44, 21, 49, 49, 34, 44, 7}; !slices.Equal(got, want) {
		t.Errorf("seed 7 gave %v, recorded were %v", got, want)
	}
}

// TestASeedMeansTheSameForEverySampler holds recorded draws: neither a processor nor a
// later version may change what a seed means.
func TestASeedMeansTheSameForEverySampler(t *testing.T) {
	logits := samplingCases(t)[0].Logits
	for _, c := range []struct {
		name string
		s    generate.Sampling
		want []int
	}{
		{"typical-p", generate.Sampling{TypicalP: 0.5}, []int{49, 49, 49, 49, 37, 44, 34, 49, 49, 34, 44, 7}},
		{"epsilon", generate.Sampling{EpsilonCutoff: 0.02}, []int{49, 49, 49, 49, 37, 44, 34, 49, 49, 34, 44, 7}},
		{"eta", generate.Sampling{EtaCutoff: 0.1}, []int{49, 49, 49, 49, 44, 44, 7, 49, 49, 34, 44, 7}},
		{"top-n-sigma", generate.Sampling{TopNSigma: 1}, []int{49, 49, 49, 49, 44, 49, 7, 49, 49, 44, 44, 7}},
		{"xtc", generate.Sampling{XTC: &generate.XTC{Probability: 0.5}}, []int{49, 46, 15, 37, 15, 7, 50, 49, 49, 58, 58, 7}},
		{"mirostat", generate.Sampling{Mirostat: &generate.Mirostat{Tau: 2, Eta: 0.3}}, []int{49, 49, 49, 49, 37, 44, 7, 49, 49, 34, 44, 7}},
	} {
		c.s.Temperature, c.s.Seed = 1.2, new(uint64(7))
		s, err := generate.NewSampler(&c.s)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for range 12 {
			id, err := s.Sample(slices.Clone(logits))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, id)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, recorded were %v", c.name, got, c.want)
		}
	}
}

func TestWithoutATemperatureTheLikeliestIsTaken(t *testing.T) {
	for _, s := range []*generate.Sampling{nil, {}, {TopK: 3, TopP: 0.5}} {
		sampler, err := generate.NewSampler(s)
		if err != nil {
			t.Fatal(err)
		}
		id, err := sampler.Sample([]float32{1, 5, 3, 5, -2})
		if err != nil || id != 1 {
			t.Errorf("%+v gave %d, %v, want the first of the likeliest, 1", s, id, err)
		}
	}
}

func TestSamplingThatMakesNoSenseIsRefused(t *testing.T) {
	for name, s := range map[string]generate.Sampling{
		"negative temperature": {Temperature: -1},
		"temperature NaN":      {Temperature: math.NaN()},
		"infinite temperature": {Temperature: math.Inf(1)},
		"negative top-k":       {Temperature: 1, TopK: -1},
		"top-p above one":      {Temperature: 1, TopP: 1.5},
		"min-p above one":      {Temperature: 1, MinP: 2},
		"negative penalty":     {Temperature: 1, RepetitionPenalty: -0.5},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := generate.NewSampler(&s); !errors.Is(err, generate.ErrConfig) {
				t.Errorf("got %v, want ErrConfig", err)
			}
		})
	}
}

func FuzzKthLargest(f *testing.F) {
	f.Add([]byte{3, 1, 2}, 2)
	f.Add([]byte{5, 5, 5, 5}, 3)
	f.Add([]byte{0}, 1)
	f.Fuzz(func(t *testing.T, data []byte, k int) {
		if len(data) == 0 {
			return
		}
		k = 1 + int(uint(k)%uint(len(data)))
		x := make([]float32, len(data))
		for i, b := range data {
			x[i] = float32(int8(b))
		}
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		want := sorted[len(sorted)-k]
		if heap, selection := generate.KthLargest(x, k); heap != want || selection != want {
			t.Errorf("the %d-th largest of %v is %v by a heap and %v by selection, want %v", k, sorted, heap, selection, want)
		}
	})
}

func BenchmarkSample(b *testing.B) {
	logits := make([]float32, 50000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
	}
	seed := uint64(1)
	for name, s := range map[string]generate.Sampling{
		"top-k": {Temperature: 0.8, TopK: 50, Seed: &seed},
		"top-p": {Temperature: 0.8, TopP: 0.95, Seed: &seed},
		"both":  {Temperature: 0.8, TopK: 50, TopP: 0.95, MinP: 0.05, Seed: &seed},
	} {
		b.Run(name, func(b *testing.B) {
			sampler, err := generate.NewSampler(&s)
			if err != nil {
				b.Fatal(err)
			}
			work := make([]float32, len(logits))
			b.ReportAllocs()
			for b.Loop() {
				copy(work, logits)
				if _, err := sampler.Sample(work); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
