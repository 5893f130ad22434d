package generate_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// readRecords reads a file of testdata.
func readRecords[T any](t testing.TB, name string) []T {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var list []T
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// hfSettings are a GenerationConfig of testdata/processors.json, which
// testdata/gen/processors.py writes.
type hfSettings map[string]json.RawMessage

// sampling reads them as a model's own settings are read.
func (s hfSettings) sampling(t testing.TB) *generate.Sampling {
	t.Helper()
	file := map[string]json.RawMessage{"top_k": json.RawMessage("0")}
	for k, v := range s {
		file[k] = v
	}
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := generate.ReadDefaults(bytesReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if d.Sampling == nil {
		return &generate.Sampling{}
	}
	return d.Sampling
}

// get reads one of them.
func get[T any](t testing.TB, s hfSettings, key string) (v T) {
	t.Helper()
	if raw, ok := s[key]; ok {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	return v
}

// processorCase is an element of testdata/processors.json.
type processorCase struct {
	IDs          []int
	Prompt, Most int
	Logits       []float32
	Settings     hfSettings
	Left         []int
	Scores       []float64
	Probs        []float64
}

// ends are the end tokens of testdata/gen/processors.py.
var ends = []int{0, 7}

func TestProcessorsLeaveWhatTransformersLeaves(t *testing.T) {
	for i, c := range readRecords[processorCase](t, "processors.json") {
		s := c.Settings.sampling(t)
		scores, probs, err := generate.Processed(s, c.IDs, c.Prompt, c.Most, ends, c.Logits)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		if len(probs) != len(c.Left) {
			t.Errorf("case %d, %s: %d tokens are left, want %d", i, mustJSON(t, c.Settings), len(probs), len(c.Left))
			continue
		}
		for k, id := range c.Left {
			// Scores are float32 on both sides; the probabilities were recorded with 9 digits.
			if p, ok := probs[id]; !ok || math.Abs(p-c.Probs[k]) > 2e-6 {
				t.Errorf("case %d, %s: token %d has probability %v, want %v", i, mustJSON(t, c.Settings), id, p, c.Probs[k])
			}
			if s.Temperature == 0 && math.Abs(float64(scores[id])-c.Scores[k]) > 1e-5*max(1, math.Abs(c.Scores[k])) {
				t.Errorf("case %d, %s: token %d has the score %v, want %v", i, mustJSON(t, c.Settings), id, scores[id], c.Scores[k])
			}
		}
	}
}

// TestProcessorsByThemselves compares those of one setting with the records that have no
// other.
func TestProcessorsByThemselves(t *testing.T) {
	compared := map[string]int{}
	for i, c := range readRecords[processorCase](t, "processors.json") {
		s := c.Settings.sampling(t)
		alone := map[string]generate.Processor{
			"repetition_penalty": generate.RepetitionPenalty(s.RepetitionPenalty), "no_repeat_ngram_size": generate.NoRepeatNgram(s.NoRepeatNgram),
			"bad_words_ids": generate.BadWords(s.BadWords), "sequence_bias": generate.SequenceBias(s.SequenceBias),
			"min_length": generate.MinLength{Tokens: s.MinTokens, Ends: ends}, "min_new_tokens": generate.MinLength{Tokens: c.Prompt + s.MinNewTokens, Ends: ends},
			"suppress_tokens": generate.SuppressTokens(s.SuppressTokens), "begin_suppress_tokens": generate.BeginSuppressTokens{Tokens: s.BeginSuppressTokens, At: c.Prompt},
			"forced_eos_token_id": generate.ForcedEnd{Ends: s.ForcedEOS, At: c.Most - 1},
			"typical_p":           generate.TypicalP(s.TypicalP), "epsilon_cutoff": generate.EpsilonCutoff(s.EpsilonCutoff), "eta_cutoff": generate.EtaCutoff(s.EtaCutoff),
		}
		if s.ForcedBOS != nil {
			alone["forced_bos_token_id"] = generate.ForcedTokens{Tokens: []int{*s.ForcedBOS}, At: 1}
		}
		delete(c.Settings, "do_sample")
		if len(c.Settings) != 1 {
			continue
		}
		for key := range c.Settings {
			p, ok := alone[key]
			if !ok {
				continue // a temperature, top-k and the like
			}
			compared[key]++
			logits := slices.Clone(c.Logits)
			if err := p.Process(c.IDs, logits); err != nil {
				t.Fatalf("case %d: %v", i, err)
			}
			for id, v := range logits {
				at := slices.Index(c.Left, id)
				if math.IsInf(float64(v), -1) != (at < 0) || at >= 0 && math.Abs(float64(v)-c.Scores[at]) > 1e-5 {
					t.Errorf("case %d, %s: token %d has the score %v, want %v", i, mustJSON(t, c.Settings), id, v, c.Scores)
				}
			}
		}
	}
	if len(compared) < 13 {
		t.Errorf("compared were only %v", compared)
	}
}
