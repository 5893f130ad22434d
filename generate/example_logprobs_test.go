package generate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// How sure the model was of each token, and what else it thought of.
func ExampleOptions_logProbs() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{MaxTokens: 3, LogProbs: 2, Sampling: &generate.Sampling{}}
	for tok, err := range g.Stream(ctx, "Once upon a time", opts) {
		if err != nil {
			log.Fatal(err)
		}
		other := tok.TopLogProbs[1]
		fmt.Printf("%q %.1f, then %q %.1f\n", tok.Text, tok.LogProb, other.Text, other.LogProb)
	}
	// Output:
	// "," -0.7, then " there" -0.7
	// " in" -0.0, then " than" -10.2
	// " an" -0.9, then " the" -1.1
}

// Perplexity tells which of two texts a model finds the more likely.
func ExampleGenerator_Score() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	for _, text := range []string{"Once upon a time, there was a child.", "Child a was there, time a upon once."} {
		s, err := g.Score(ctx, text, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d tokens, perplexity above 100: %v\n", s.Count, s.Perplexity > 100)
	}
	// Output:
	// 10 tokens, perplexity above 100: false
	// 12 tokens, perplexity above 100: true
}

// Several answers to one prompt, which is read once.
func ExampleGenerator_Answers() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{MaxTokens: 5, Sampling: &generate.Sampling{Temperature: 1, TopK: 40, Seed: new(uint64(4))}}
	for answer, err := range g.Answers(ctx, generate.Prompt{Text: "Once upon a time"}, 3, opts) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q, seed %d, %d tokens read\n", answer.Text, answer.Stats.Seed, answer.Stats.PromptTokens-answer.Stats.CachedTokens)
	}
	// Output:
	// " there was a quiet dog", seed 4, 5 tokens read
	// " there was a curious duck", seed 5, 0 tokens read
	// ", in a quiet lighthouse", seed 6, 0 tokens read
}

// The likeliest answers as a whole, and not token by token.
func ExampleGenerator_BeamSearch() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{MaxTokens: 8, Sampling: &generate.Sampling{NoRepeatNgram: 3}}
	answers, err := g.BeamSearch(ctx, generate.Prompt{Text: "Once upon a time"}, &generate.Beams{N: 4, Return: 2}, opts)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range answers {
		fmt.Printf("%.1f %q\n", a.Score, a.Text)
	}
	// Output:
	// -0.5 ", in an old garden, there lived"
	// -0.5 ", in an old valley, there lived"
}

// An answer that is led away from another prompt.
func ExampleGuidance() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{
		MaxTokens: 8, Sampling: &generate.Sampling{},
		Guidance: &generate.Guidance{Scale: 1.5, Negative: &generate.Prompt{Text: "Once there was a king"}},
	}
	r, err := g.Generate(ctx, "Once upon a time", opts)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", r.Text)
	// Output:
	// " there was a kind child named Tom who"
}

// Several settings together. Those that narrow the choice come behind the penalties and
// the temperature, whatever their order here.
func ExampleSampling() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	r, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{
		Temperature:   1.2,
		MinP:          0.05,
		XTC:           &generate.XTC{Probability: 0.5},
		DRY:           &generate.DRY{Multiplier: 0.8},
		NoRepeatNgram: 4,
		MinNewTokens:  8,
		Seed:          new(uint64(3)),
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", r.Text)
	// Output:
	// " there was a sleepy child named Kofi who lived near an old"
}

// A processor by itself: what it does to logits.
func ExampleNoRepeatNgram() {
	logits := []float32{1, 2, 3, 4}
	if err := generate.NoRepeatNgram(2).Process([]int{3, 1, 2, 3}, logits); err != nil {
		log.Fatal(err)
	}
	fmt.Println(logits) // 3 was followed by 1 before
	// Output:
	// [1 -Inf 3 4]
}
