package embed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/generate/embed"
)

// The model is a tiny one with random weights, which knows no meaning: what it finds
// alike are the same words, whatever their case.
func Example() {
	ctx := context.Background()
	m, err := embed.Open(ctx, "testdata/encoders/mean-bert/model.mlpackage", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()

	vectors, err := m.Embed(ctx, []string{"The Cat sat", "the cat sat", "rain on the roof"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(vectors[0]), "numbers")
	fmt.Printf("%.2f\n", embed.Cosine(vectors[0], vectors[1]))
	fmt.Println(embed.Cosine(vectors[0], vectors[2]) < 0.999)
	// Output:
	// 32 numbers
	// 1.00
	// true
}

func ExampleModel_Score() {
	ctx := context.Background()
	m, err := embed.Open(ctx, "testdata/encoders/reranker/model.mlpackage", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()

	scores, err := m.Score(ctx, "where did the cat sit", []string{"the cat sat on the mat", "a kitten rested"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range scores {
		fmt.Printf("%.2f\n", s)
	}
	// Output:
	// 0.72
	// 0.71
}
