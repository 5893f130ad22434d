package portable

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// The scores of a few queries over very many keys are memory too.
func TestScoresThatTakeTooMuchMemoryAreRefused(t *testing.T) {
	lowerArena(t, 1<<16)
	b := mil.NewBuilder("main", "CoreML8")
	f := dtype.Float32
	q, k := b.Input("q", f, 1, 12, 1), b.Input("k", f, 1, 1<<14, 1)
	b.Output("y", b.Op("scaled_dot_product_attention", "", f32(1, 12, 1), mil.Args{"query": q, "key": k, "value": k}))
	built, err := Build(b, engine.ArithmeticWide, true)
	if err != nil {
		t.Fatal(err)
	}
	_, err = built.Run(nil, tensor.New(tensor.Float32, 1, 12, 1), tensor.New(tensor.Float32, 1, 1<<14, 1))
	if err == nil || !strings.Contains(err.Error(), "working memory") {
		t.Errorf("error is %v", err)
	}
}
