package langchaingo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tmc/langchaingo/llms"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/langchaingo"
)

// An answer that a schema allows, whatever the model.
func ExampleWithJSONSchema() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	text, err := llms.GenerateFromSinglePrompt(ctx, langchaingo.New(g, nil), "Once upon a time there was a girl.", llms.WithTemperature(0),
		langchaingo.WithJSONSchema(`{"type": "object", "properties": {"kind": {"enum": ["girl", "dragon"]}}, "required": ["kind"], "additionalProperties": false}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// {"kind": "girl"}
}

func ExampleNewEmbedder() {
	ctx := context.Background()
	m, err := embed.Open(ctx, "../embed/testdata/encoders/mean-bert/model.mlpackage", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	vectors, err := langchaingo.NewEmbedder(m, nil).EmbedDocuments(ctx, []string{"The cat sat", "rain on the roof"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(vectors), len(vectors[0]))
	// Output:
	// 2 32
}
