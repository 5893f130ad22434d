// Command generator is the shortest program that writes text: it opens a model,
// streams its answer and prints it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

func main() {
	if err := tell(context.Background(), os.Stdout, "Once upon a time"); err != nil {
		log.Fatal(err)
	}
}

// tell prints prompt and how the story goes on. With a package on disk
// generate.Open(ctx, "Model.mlpackage", nil) takes the place of OpenFS. Sampling
// without a temperature takes the likeliest token each time; a nil Sampling means
// as the model's generation_config.json says.
func tell(ctx context.Context, w io.Writer, prompt string) error {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		return err
	}
	defer g.Close()
	fmt.Fprint(w, prompt)
	for tok, err := range g.Stream(ctx, prompt, &generate.Options{Sampling: &generate.Sampling{}}) {
		if err != nil {
			return err
		}
		fmt.Fprint(w, tok.Text)
	}
	fmt.Fprintln(w)
	return nil
}
