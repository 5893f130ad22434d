package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	// Converters put classify behind a softmax. The labels go through as a constant, be
	// they texts or integers.
	add(Operator{
		Name: "classify", Params: in("probabilities", "classes*!"),
		Shape: classifyShape, Eval: classify, Exact: true,
		Results: &Bounds{2, 2}, Dictionary: true, Note: "gives the outputs of a classifier: the label and the probabilities",
	})
}

// classifyShape gives the results the shape of an index and of one probability
// for each class: labels are put in their place where the results leave the
// engine.
func classifyShape(c *Call) error {
	if n, classes := c.In(0).Len(), c.In(1); classes.Rank != 1 || n != classes.Dims[0] || n == 0 {
		return fmt.Errorf("%d probabilities for classes of shape %v", n, classes.ShapeCopy())
	}
	if err := c.out(0).SetShape(); err != nil {
		return err
	}
	return c.out(1).SetShape(c.In(0).Len())
}

// classify gives the index of the greatest probability, the first of equal ones, and
// the probabilities.
func classify(c *Call) error {
	p := c.F32(c.In(0))
	best, of := c.newI32(0), c.newF32(1)
	array.Copy(&c.Env.Poller, of, p)
	best[0] = 0
	c.Env.Pieces(len(p), func(lo, hi int) {
		for k, v := range p[lo:hi] {
			if v > p[best[0]] {
				best[0] = int32(lo + k)
			}
		}
	})
	return nil
}
