// Command example lets an agent of fantasy tell a story over the embedded model.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"charm.land/fantasy"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	coreml "github.com/gocoreml/coreml/generate/fantasy"
)

func main() {
	fmt.Print("Once upon a time")
	if err := tell(context.Background(), os.Stdout, "Once upon a time"); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
}

// tell writes how a story goes on, as it grows. A model with a chat template takes
// fantasy.WithSystemPrompt and fantasy.WithTools besides.
func tell(ctx context.Context, w io.Writer, prompt string) error {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		return err
	}
	defer g.Close()
	agent := fantasy.NewAgent(coreml.New("storyteller", g, nil), fantasy.WithTemperature(0))
	_, err = agent.Stream(ctx, fantasy.AgentStreamCall{
		Prompt: prompt,
		OnTextDelta: func(_, text string) error {
			_, err := io.WriteString(w, text)
			return err
		},
	})
	return err
}
