package generate_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// A package with a base model and two adapters answers as any of them, over one copy of
// the weights. Streams and sessions choose by Options.Function in the same way.
func ExampleGenerator_NewFunctionSequence() {
	ctx := context.Background()
	m, err := coreml.Load(ctx, "../testdata/fixtures/lora-multifunction/model.mlpackage", &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	g, err := generate.New(m, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	for _, name := range append(g.Functions(), "dancer") {
		s, err := g.NewFunctionSequence(ctx, name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		logits, err := s.Append(ctx, []int{175, 196, 25, 502, 67})
		fmt.Println(name, slices.Index(logits, slices.Max(logits)), err)
		_ = s.Close() // nothing was written
	}
	// Output:
	// base 461 <nil>
	// coder 96 <nil>
	// poet 337 <nil>
	// generate: Function: the package has no function "dancer"; it has "base", "coder", "poet"
}
