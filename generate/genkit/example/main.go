// Command example fills a Go value with Genkit over the embedded model.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	coreml "github.com/gocoreml/coreml/generate/genkit"
)

func main() {
	h, err := who(context.Background(), "Once upon a time there was a girl.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", *h)
}

type hero struct {
	Kind  string `json:"kind" jsonschema:"enum=girl,enum=boy,enum=dragon"`
	Brave bool   `json:"brave"`
}

// who asks the model for a value of a type. Its fields are those of hero whatever the
// model is: the answer is bound to the schema.
func who(ctx context.Context, prompt string) (*hero, error) {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	k := genkit.Init(ctx)
	m := coreml.DefineModel(k, "storyteller", g, nil)
	h, _, err := genkit.GenerateData[hero](ctx, k, ai.WithModel(m), ai.WithPrompt(prompt),
		ai.WithConfig(&coreml.Config{Temperature: new(0.0)}))
	return h, err
}
