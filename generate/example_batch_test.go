package generate_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

func ExampleGenerator_Batch() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	prompts := []generate.Prompt{{Text: "Once upon a time"}, {Tokens: []int{-1}}, {Text: "Once"}}
	opts := &generate.Options{MaxTokens: 4, Sampling: &generate.Sampling{}}
	for answer, err := range g.Batch(ctx, slices.Values(prompts), opts) {
		fmt.Printf("%q %v\n", answer.Text, err)
	}
	// Output:
	// ", in an old" <nil>
	// "" generate: the prompt: token id -1 is not in the model's vocabulary, 0 to 990
	// " upon a time," <nil>
}
