package generate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// A small model drafts for a larger one. Here, for want of two models with one tokenizer,
// the storyteller drafts for itself, so that every draft is right.
func ExampleSpeculation() {
	ctx := context.Background()
	small, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer small.Close()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{Draft: small})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	opts := &generate.Options{MaxTokens: 13, Sampling: &generate.Sampling{}}
	plain, err := g.Generate(ctx, "Once upon a time", opts)
	if err != nil {
		log.Fatal(err)
	}
	// Without Always drafts are verified only where that was seen to pay.
	opts.Speculation = &generate.Speculation{Always: true, NoLookup: true, MaxDraft: 3}
	drafted, err := g.Generate(ctx, "Once upon a time", opts)
	if err != nil {
		log.Fatal(err)
	}
	s := drafted.Stats.Speculation
	fmt.Println(drafted.Text == plain.Text)
	fmt.Printf("%d tokens behind the first one in %d predictions\n", len(drafted.Tokens)-1, s.Blocks+s.Steps)
	// Output:
	// true
	// 12 tokens behind the first one in 3 predictions
}
