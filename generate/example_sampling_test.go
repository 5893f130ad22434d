package generate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// The model's own sampling, but colder and repeatable.
func ExampleGenerator_DefaultSampling() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	s := g.DefaultSampling()
	s.Temperature, s.Seed = 0.1, new(uint64(7))
	r, err := g.Generate(ctx, "Once upon a time", &generate.Config{MaxTokens: 8, Sampling: s})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", r.Text)
	// Output:
	// ", in an old garden, there lived"
}

// An answer that ends in a circle is worth another try.
func ExampleFindLoop() {
	answer := []int{9, 4, 7, 7, 2, 5, 6, 8, 2, 5, 6, 8, 2, 5, 6, 8, 2, 5, 6, 8, 2, 5, 6, 8, 2, 5, 6, 8}
	if loop := generate.FindLoop(answer); loop.Times > 0 {
		fmt.Printf("the last %d tokens came %d times; try a temperature\n", loop.Length, loop.Times)
	}
	// Output:
	// the last 4 tokens came 6 times; try a temperature
}
