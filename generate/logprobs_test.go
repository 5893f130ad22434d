package generate_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// logSoftmax is the definition, in float64.
func logSoftmax(logits []float32) []float64 {
	out, sum, top := make([]float64, len(logits)), 0.0, float64(slices.Max(logits))
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range logits {
		out[i] = float64(v) - top - math.Log(sum)
	}
	return out
}

func TestTheSumOfExponentialsOfKnownLogits(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		want   float64
	}{
		{[]float32{0, 0, 0, 0}, math.Log(4)},
		{[]float32{20000, 20000}, 20000 + math.Ln2}, // too large but for the greatest, which is taken out
		{[]float32{-20000, float32(math.Inf(-1))}, -20000},
	} {
		if got := generate.LogSumExp(c.logits); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.logits, got, c.want)
		}
	}
}

func TestLogProbsAreOfTheModelsOwnDistribution(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	seed := uint64(3)
	opts := &generate.Options{MaxTokens: 20, LogProbs: 5, IgnoreEnd: true, Sampling: &generate.Sampling{
		Temperature: 1.7, TopK: 40, RepetitionPenalty: 1.4, LogitBias: map[int]float64{5: 3}, Seed: &seed,
	}}
	r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
	if err != nil || len(r.LogProbs) != 20 {
		t.Fatalf("%d log-probabilities, %v", len(r.LogProbs), err)
	}
	text := slices.Clone(prompt)
	for i, id := range r.Tokens {
		row := make([]float32, fakeVocab)
		tableRow(row, text)
		want := logSoftmax(row)
		got := r.LogProbs[i]
		if got.ID != id || math.Abs(got.LogProb-want[id]) > 1e-9 || len(got.Top) != 5 {
			t.Errorf("token %d is %+v, want %d with %v", i, got, id, want[id])
		}
		order := make([]int, fakeVocab)
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case want[a] > want[b]:
				return -1
			case want[a] < want[b]:
				return 1
			}
			return a - b
		})
		for k, alternative := range got.Top {
			if alternative.ID != order[k] || math.Abs(alternative.LogProb-want[order[k]]) > 1e-9 {
				t.Errorf("alternative %d at token %d is %+v, want %d with %v", k, i, alternative, order[k], want[order[k]])
			}
		}
		text = append(text, id)
	}
	opts.LogProbs = -1
	alone, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
	if err != nil || !slices.Equal(alone.Tokens, r.Tokens) || len(alone.LogProbs) != 20 || alone.LogProbs[3].Top != nil || alone.LogProbs[3].LogProb != r.LogProbs[3].LogProb {
		t.Errorf("without alternatives: %+v, %v", alone.LogProbs, err)
	}
	opts.LogProbs = 0
	if plain, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts)); err != nil || plain.LogProbs != nil || !slices.Equal(plain.Tokens, r.Tokens) {
		t.Errorf("log-probabilities that nobody asked for: %+v, %v", plain.LogProbs, err)
	}
	for _, n := range []int{-2, generate.MaxLogProbs + 1} {
		_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{LogProbs: n}))
		wantConfigError(t, err, "LogProbs", "want 0 (off), 1 to 100")
	}
}

func TestAScoreIsTheSumOfLogProbabilities(t *testing.T) {
	// The context is 64: the text takes three pieces.
	for _, chunk := range []int{1, 7, -1} {
		g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{PrefillChunk: chunk})
		ids := make([]int, 130)
		for i := range ids {
			ids[i] = (i*i*7 + 3*i) % fakeVocab
		}
		s, err := g.ScoreTokens(t.Context(), ids, &generate.Options{LogProbs: 2})
		if err != nil {
			t.Fatal(err)
		}
		sum, count := 0.0, 0
		for i, tok := range s.Tokens {
			first := i%fakeContext == 0
			if tok.ID != ids[i] || tok.First != first {
				t.Fatalf("token %d is %+v", i, tok)
			}
			if first {
				continue
			}
			row := make([]float32, fakeVocab)
			tableRow(row, ids[i/fakeContext*fakeContext:i])
			want := logSoftmax(row)[ids[i]]
			if math.Abs(tok.LogProb-want) > 1e-9 || len(tok.Top) != 2 {
				t.Errorf("token %d has %+v, want %v", i, tok, want)
			}
			sum, count = sum+want, count+1
		}
		if s.Count != count || len(s.Tokens) != len(ids) || math.Abs(s.LogProb-sum) > 1e-6 || math.Abs(s.Perplexity-math.Exp(-sum/float64(count))) > 1e-6*s.Perplexity {
			t.Errorf("chunks of %d: %d of %d tokens, %v, %v; want %d and %v", chunk, s.Count, len(s.Tokens), s.LogProb, s.Perplexity, count, sum)
		}
		if held := generate.HeldLanes(g); held != 0 {
			t.Errorf("%d states are still held", held)
		}
	}
}

func TestWhatCannotBeScored(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow}, generate.Config{})
	_, err := g.ScoreTokens(t.Context(), []int{5}, nil)
	wantConfigError(t, err, "text", "has 1 token, where the second is the first to foretell")
	_, err = g.Score(t.Context(), "", nil)
	wantConfigError(t, err, "text", "has 1 token") // the one that the tokenizer begins with
	if _, err = g.ScoreTokens(t.Context(), []int{5, fakeVocab}, nil); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("a token that the model lacks: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = g.ScoreTokens(ctx, []int{5, 6}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("in a context that has ended: %v", err)
	}
}

func TestThePiecesOfAScoredTextAreTheText(t *testing.T) {
	g := openStory(t, nil)
	const text = "Once upon a time, there was a little fox."
	s, err := g.Score(t.Context(), text, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, tok := range s.Tokens[1:] { // the first is the begin token
		all += tok.Text
	}
	if s.Tokens[0].Text != "<|story|>" || all != text || s.Count != len(s.Tokens)-1 || !(s.Perplexity > 1 && s.Perplexity < 1e5) {
		t.Errorf("%q and %q, %d of %d tokens, perplexity %v", s.Tokens[0].Text, all, s.Count, len(s.Tokens), s.Perplexity)
	}
}

// TestTheScoreOfATextIsPyTorchs compares with what PyTorch made of the same weights.
func TestTheScoreOfATextIsPyTorchs(t *testing.T) {
	dir := filepath.Join(os.Getenv("COREML_FIXTURES"), "smollm2")
	if _, err := os.Stat(dir); os.Getenv("COREML_FIXTURES") == "" || err != nil {
		t.Skip("COREML_FIXTURES has no smollm2: PyTorch's perplexity of a text is not compared")
	}
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	g, err := generate.Open(t.Context(), filepath.Join(dir, "model.mlpackage"), &generate.Config{Model: &coreml.Config{Arithmetic: coreml.ArithmeticWide}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	text, err := os.ReadFile(filepath.Join(dir, "perplexity.txt"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.Score(t.Context(), string(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	// perplexity.json: tokens, and mean_nll of all but the first.
	if nll := -s.LogProb / float64(s.Count); len(s.Tokens) != 842 || math.Abs(nll-3.560145139694214) > 0.002 {
		t.Errorf("%d tokens with a mean of %v, want 842 with 3.5601", len(s.Tokens), nll)
	}
}
