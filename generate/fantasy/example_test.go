package fantasy_test

import (
	"context"
	"fmt"
	"log"

	"charm.land/fantasy"
	"charm.land/fantasy/object"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	coreml "github.com/gocoreml/coreml/generate/fantasy"
)

// A Go value that the model fills.
func ExampleModel_GenerateObject() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	type hero struct {
		Kind string `json:"kind" enum:"girl,boy,dragon"`
	}
	r, err := object.Generate[hero](ctx, coreml.New("storyteller", g, nil), fantasy.ObjectCall{
		Prompt: fantasy.Prompt{fantasy.NewUserMessage("Once upon a time there was a girl.")}, Temperature: new(0.0),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Object.Kind)
	// Output:
	// girl
}
