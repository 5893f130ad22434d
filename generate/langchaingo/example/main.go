// Command example tells a story with langchaingo over the embedded model.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tmc/langchaingo/llms"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/langchaingo"
)

func main() {
	fmt.Print("Once upon a time")
	if err := tell(context.Background(), os.Stdout, "Once upon a time"); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
}

// tell writes how a story goes on, as it grows. With a package on disk
// generate.Open(ctx, "Model.mlpackage", nil) takes the place of OpenFS.
func tell(ctx context.Context, w io.Writer, prompt string) error {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		return err
	}
	defer g.Close()
	_, err = llms.GenerateFromSinglePrompt(ctx, langchaingo.New(g, nil), prompt,
		llms.WithTemperature(0),
		llms.WithStreamingFunc(func(_ context.Context, chunk []byte) error {
			_, err := w.Write(chunk)
			return err
		}))
	return err
}
