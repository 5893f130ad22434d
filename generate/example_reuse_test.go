package generate_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// A client that sends the whole text each time has only what is new read.
func ExampleConfig_reuseStates() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{ReuseStates: true, IdleStates: 16})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}}
	text := "Once upon a time there was a girl. She"
	for range 3 {
		r, err := g.Generate(ctx, text, opts)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d of %d tokens were there\n", r.Stats.CachedTokens, r.Stats.PromptTokens)
		text += r.Text + " Then she"
	}
	// Output:
	// 0 of 13 tokens were there
	// 23 of 27 tokens were there
	// 37 of 41 tokens were there
}

// Two programs share a folder. The first may be killed behind any turn: the second goes
// on with what it has written.
func ExampleSessionsConfig_saveEachTurn() {
	withStory(func(ctx context.Context, g *generate.Generator) error {
		dir, err := os.MkdirTemp("", "sessions")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		for _, program := range []string{"first", "second", "first"} {
			users, err := g.NewSessions(&generate.SessionsConfig{
				New: func(context.Context, string) (*generate.Session, error) { return g.NewTextSession() },
				Dir: dir, SaveEachTurn: true,
			})
			if err != nil {
				return err
			}
			defer users.Close(ctx)
			err = users.Do(ctx, "ann", func(s *generate.Session) error {
				r, err := generate.Collect(s.Send(ctx, "Once", &generate.Options{MaxTokens: 3}))
				fmt.Println("the", program, "finds", r.Stats.CachedTokens, "tokens")
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	// Output:
	// the first finds 0 tokens
	// the second finds 4 tokens
	// the first finds 8 tokens
}
