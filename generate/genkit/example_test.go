package genkit_test

import (
	"context"
	"fmt"
	"log"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	coreml "github.com/gocoreml/coreml/generate/genkit"
)

func ExampleDefineModel() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	k := genkit.Init(ctx, genkit.WithDefaultModel("coreml/storyteller"))
	coreml.DefineModel(k, "storyteller", g, nil)
	text, err := genkit.GenerateText(ctx, k, ai.WithPrompt("Once upon a time"), ai.WithConfig(&coreml.Config{Temperature: new(0.0), StopSequences: []string{"."}}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// , in an old garden, there lived a kind child named Tom
}

func ExampleDefineEmbedder() {
	ctx := context.Background()
	m, err := embed.Open(ctx, "../embed/testdata/encoders/mean-bert/model.mlpackage", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	k := genkit.Init(ctx)
	e := coreml.DefineEmbedder(k, "mean", m, nil)
	r, err := genkit.Embed(ctx, k, ai.WithEmbedder(e), ai.WithTextDocs("The cat sat", "rain on the roof"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(r.Embeddings), len(r.Embeddings[0].Embedding))
	// Output:
	// 2 32
}
