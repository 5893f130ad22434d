// Command streaming tells a story until it ends, until a time limit or until
// Ctrl-C, whichever comes first, and then says how fast it was.
//
//	go run ./examples/streaming -limit 500ms
//
// All three go through the context: the stream ends within one token of its
// end, and what was written until then stays.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

func main() {
	limit := flag.Duration("limit", time.Minute, "the time that the story may take")
	seed := flag.Uint64("seed", 1, "another seed tells another story")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := stream(ctx, os.Stdout, *seed); err != nil {
		log.Print(err)
	}
}

// stream writes a story to w until it ends or ctx does.
func stream(ctx context.Context, w io.Writer, seed uint64) error {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		return err
	}
	defer g.Close()

	opts := &generate.Options{
		MaxTokens: 200,
		Sampling:  &generate.Sampling{Temperature: 0.6, TopK: 40, Seed: &seed},
	}
	tokens := 0
	for tok, err := range g.Stream(ctx, "Once upon a time", opts) {
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			fmt.Fprintf(w, "\n(interrupted after %d tokens)\n", tokens)
			return nil
		case err != nil:
			return err
		}
		tokens++
		if _, err := io.WriteString(w, tok.Text); err != nil {
			return err // whoever reads has gone away
		}
		if tok.Stats != nil {
			fmt.Fprintf(w, "\n(%s, %.0f tokens per second)\n", tok.Finish, tok.Stats.DecodeRate())
		}
	}
	return nil
}
