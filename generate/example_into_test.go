package generate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

func ExampleInto() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()

	type hero struct {
		Kind  string `json:"kind" jsonschema:"enum=girl,enum=boy,enum=dragon"`
		Brave bool   `json:"brave"`
	}
	h, err := generate.Into[hero](ctx, g, "Once upon a time there was a girl.", &generate.Options{Sampling: &generate.Sampling{}})
	fmt.Printf("%+v %v\n", h, err)
	// Output:
	// {Kind:girl Brave:false} <nil>
}
