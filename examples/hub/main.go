// Command hub runs a model by its name on a Hugging Face hub: it downloads the package
// and its tokenizer, which are in the cache from then on, and streams an answer.
//
//	go run ./examples/hub org/name "Once upon a time"
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/hub"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: hub org/name[@revision][:path] PROMPT")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := tell(ctx, os.Stdout, nil, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// tell prints prompt and how the model of that name goes on. A nil client takes the
// hub, the token and the cache from the environment, as Python's huggingface_hub does.
// A package whose tokenizer lies in another repository needs one thing more:
// [hub.ResolveOptions.Tokenizer].
func tell(ctx context.Context, w io.Writer, client *hub.Client, name, prompt string) error {
	p, err := client.Resolve(ctx, name, nil)
	if err != nil {
		return err
	}
	g, err := generate.Open(ctx, p.Path, &generate.Config{Tokenizer: p.Tokenizer})
	if err != nil {
		return err
	}
	defer g.Close()
	fmt.Fprint(w, prompt)
	for tok, err := range g.Stream(ctx, prompt, &generate.Options{Sampling: &generate.Sampling{}, MaxTokens: 64}) {
		if err != nil {
			return err
		}
		fmt.Fprint(w, tok.Text)
	}
	fmt.Fprintln(w)
	return nil
}
