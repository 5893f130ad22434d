package generate_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// A package that knows nothing of adapters answers with each of several, which are folders
// as PEFT or mlx-lm writes them. Streams and sessions choose by Options.Adapters in the
// same way.
func ExampleGenerator_NewAdaptedSequence() {
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
	poet := coreml.Adapter{Path: "../testdata/adapters/poet"}
	coder := coreml.Adapter{Path: "../testdata/adapters/coder"}
	for _, adapters := range [][]coreml.Adapter{nil, {coder}, {poet}, {poet, {Path: coder.Path, Scale: new(0.1)}}} {
		s, err := g.NewAdaptedSequence(ctx, "base", adapters...)
		if err != nil {
			fmt.Println(err)
			continue
		}
		logits, err := s.Append(ctx, []int{175, 196, 25, 502, 67})
		fmt.Println(len(adapters), slices.Index(logits, slices.Max(logits)), err)
		_ = s.Close() // nothing was written
	}
	// Output:
	// 0 461 <nil>
	// 1 96 <nil>
	// 1 337 <nil>
	// 2 337 <nil>
}
