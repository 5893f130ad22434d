package generate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// An answer that is one of some texts.
func ExampleOptions_grammar() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	animal, err := grammar.Choice("fox", "bear", "kitten")
	if err != nil {
		log.Fatal(err)
	}
	r, err := g.Generate(ctx, "In the garden there lived a ", &generate.Options{Grammar: animal, Sampling: &generate.Sampling{}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(animal.Match(r.Text), r.Finish)
	// Output:
	// true end_token
}
