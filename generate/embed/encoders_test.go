package embed_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/embed"
)

// leastCosine is what vectors have in common with the reference at least: the
// weights are half floats, the reference's are not.
const leastCosine = 0.9999

// recorded is what sentence-transformers gave for a model: testdata/gen/encoders.py.
type recorded struct {
	Texts []string
	Cases []struct {
		Role, Prompt string
		Dimensions   int
		Normalize    *bool
		Embeddings   [][]float32
	}
	Query  string
	Scores [][]float64
}

func readRecorded(t *testing.T, name string) *recorded {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/encoders", name, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := new(recorded)
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	if len(r.Texts) == 0 || len(r.Cases)+len(r.Scores) == 0 {
		t.Fatalf("%s: nothing is recorded", name)
	}
	return r
}

// open opens one of the recorded models.
func open(t testing.TB, name string, cfg *embed.Config) *embed.Model {
	t.Helper()
	m, err := embed.Open(t.Context(), filepath.Join("testdata/encoders", name, "model.mlpackage"), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

var encoders = []string{"mean-bert", "dense-bert", "pooled-roberta", "last-qwen"}

func TestVectorsAreThoseOfSentenceTransformers(t *testing.T) {
	for _, name := range encoders {
		r := readRecorded(t, name)
		for _, arithmetic := range []coreml.Arithmetic{coreml.ArithmeticDefault, coreml.ArithmeticFaithful} {
			m := open(t, name, &embed.Config{Model: &coreml.Config{Arithmetic: arithmetic}})
			for _, c := range r.Cases {
				opts := &embed.Options{Prompt: c.Prompt, Dimensions: c.Dimensions, Normalize: c.Normalize}
				opts.Role = map[string]embed.Role{"query": embed.RoleQuery, "document": embed.RoleDocument}[c.Role]
				t.Run(fmt.Sprint(name, " ", arithmetic, " ", c.Role, c.Prompt, c.Dimensions), func(t *testing.T) {
					got, err := m.Embed(t.Context(), r.Texts, opts)
					if err != nil {
						t.Fatal(err)
					}
					compare(t, got, c.Embeddings)
				})
			}
		}
	}
}

// compare holds vectors against the reference's, in direction and in length.
func compare(t *testing.T, got, want [][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d vectors, want %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("text %d: %d numbers, want %d", i, len(got[i]), len(want[i]))
		}
		if c := embed.Cosine(got[i], want[i]); !(c >= leastCosine) {
			t.Errorf("text %d: cosine %.6f", i, c)
		}
		if a, b := math.Sqrt(embed.Dot(got[i], got[i])), math.Sqrt(embed.Dot(want[i], want[i])); math.Abs(a-b) > 0.01*b {
			t.Errorf("text %d: length %.4f, want %.4f", i, a, b)
		}
	}
}

func TestScoresAreThoseOfSentenceTransformers(t *testing.T) {
	r := readRecorded(t, "reranker")
	got, err := open(t, "reranker", nil).Score(t.Context(), r.Query, r.Texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range r.Scores {
		if len(want) != 1 || math.Abs(float64(got[i])-want[0]) > 0.005 {
			t.Errorf("text %d: score %v, want %v", i, got[i], want)
		}
	}
	r = readRecorded(t, "reranker-classes")
	m := open(t, "reranker-classes", &embed.Config{Label: "Yes"})
	classes, err := m.Classify(t.Context(), r.Query, r.Texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	probabilities, err := m.Score(t.Context(), r.Query, r.Texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range r.Scores {
		sum := 0.0
		for j := range want {
			if math.Abs(float64(classes[i][j])-want[j]) > 0.02 {
				t.Errorf("text %d: logits %v, want %v", i, classes[i], want)
				break
			}
			sum += math.Exp(want[j])
		}
		if p := math.Exp(want[2]) / sum; math.Abs(float64(probabilities[i])-p) > 0.005 {
			t.Errorf("text %d: probability %v, want %v", i, probabilities[i], p)
		}
	}
	if m.Dimensions() != 3 || m.Settings().Labels[2] != "yes" {
		t.Errorf("%d classes, labels %v", m.Dimensions(), m.Settings().Labels)
	}
}

func TestAVectorDependsOnNoOtherText(t *testing.T) {
	for _, name := range encoders {
		r := readRecorded(t, name)
		m := open(t, name, &embed.Config{Batch: 3})
		together, err := m.Embed(t.Context(), r.Texts, nil)
		if err != nil {
			t.Fatal(err)
		}
		backwards := slices.Clone(r.Texts)
		slices.Reverse(backwards)
		other, err := m.Embed(t.Context(), backwards, nil)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(other)
		for i, text := range r.Texts {
			alone, err := m.Embed(t.Context(), []string{text}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range [][]float32{alone[0], other[i]} {
				if c := embed.Cosine(together[i], v); !(c > 0.99999) {
					t.Errorf("%s: text %d has another vector in company, cosine %v", name, i, c)
				}
			}
		}
	}
}

func TestManyGoroutinesMayAskOneModel(t *testing.T) {
	r := readRecorded(t, "dense-bert")
	m := open(t, "dense-bert", nil)
	want, err := m.Embed(t.Context(), r.Texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got, err := m.Embed(t.Context(), r.Texts, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("text %d: another vector", i)
				}
			}
		})
	}
	wait.Wait()
}

func TestWhatIsFoundIsTold(t *testing.T) {
	m := open(t, "mean-bert", nil)
	d := m.Driver()
	want := embed.Driver{
		Tokens: "input_ids", AttentionMask: "attention_mask", TokenTypes: "token_type_ids", Padding: "right",
		Output: "last_hidden_state", Gives: embed.GivesRows, Pooling: embed.PoolingMean,
	}
	if fmt.Sprint(d) != fmt.Sprint(want) {
		t.Errorf("driver %+v, want %+v", d, want)
	}
	s := m.Settings()
	if s.Pooling != embed.PoolingMean || !s.Normalize || s.Prompts["query"] != "cat: " || s.Similarity != "cosine" || m.MaxTokens() != 32 {
		t.Errorf("settings %+v, %d tokens", s, m.MaxTokens())
	}
	s.Prompts["query"] = "changed"
	if m.Settings().Prompts["query"] != "cat: " {
		t.Error("a copy of the settings changes the model's")
	}
	if m.Dimensions() != 0 || m.Model() == nil || m.Tokenizer() == nil {
		t.Error("the parts are not there")
	}
	if q := open(t, "last-qwen", nil).Driver(); q.Padding != "left" || q.Output != "hidden" {
		t.Errorf("driver %+v", q)
	}
	if p := open(t, "pooled-roberta", nil).Driver(); p.Gives != embed.GivesVector || p.Pooling != "" || p.Positions != "position_ids" {
		t.Errorf("driver %+v", p)
	}
	if s := open(t, "pooled-roberta", nil).Settings(); s.Dimensions != 12 {
		t.Errorf("settings %+v", s)
	}
}
