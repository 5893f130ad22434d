package portable

import (
	"fmt"
	"strconv"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

func init() {
	add(operator{
		name: "classify", params: in("probabilities", "classes*!"),
		shape: classifyShape, eval: classify, exact: true,
	})
}

// classifyShape gives the results the shape of an index and of one probability
// for each class: labels are put in their place where the results leave the
// engine.
func classifyShape(c *call) error {
	if n, classes := c.in(0).len(), c.in(1); classes.rank != 1 || n != classes.dims[0] || n == 0 {
		return fmt.Errorf("%d probabilities for classes of shape %v", n, classes.shapeCopy())
	}
	if err := c.out(0).setShape(); err != nil {
		return err
	}
	return c.out(1).setShape(c.in(0).len())
}

func classify(c *call) error {
	p := c.f32(c.in(0))
	best, of := c.newI32(0), c.newF32(1)
	copyPieces(&c.fr.poller, of, p)
	best[0] = 0
	c.fr.pieces(len(p), func(lo, hi int) {
		for k, v := range p[lo:hi] {
			if v > p[best[0]] {
				best[0] = int32(lo + k)
			}
		}
	})
	return nil
}

// leaves checks that an output is of a kind that the engine gives, and adds the
// labels to those of a classifier.
func leaves(f *engine.Feature, v *mil.Value) error {
	switch f.Kind {
	case engine.MultiArray, engine.Image:
		return nil
	case engine.String, engine.Int64, engine.Dictionary:
	default:
		return fmt.Errorf("output %s is of a kind that the portable engine does not give", mil.Plain(f.Name))
	}
	op := v.Producer
	if op == nil || op.Type != "classify" || len(op.Outputs) != 2 {
		return fmt.Errorf("output %s is not a multi-array and no result of a classifier", mil.Plain(f.Name))
	}
	f.DType = tensor.Int64
	if v == op.Outputs[1] {
		f.DType = tensor.Float64
	}
	if (f.DType == tensor.Float64) != (f.Kind == engine.Dictionary) {
		return fmt.Errorf("output %s is described as another result of the classifier", mil.Plain(f.Name))
	}
	classes := op.Input("classes")
	if classes == nil || classes.Const == nil {
		return fmt.Errorf("output %s: the classes are not constant", mil.Plain(f.Name))
	}
	f.Labels = classes.Const.Strings
	if k := classes.Const; k.DType != dtype.String {
		if need, ok := k.DType.PackedLen(k.Len()); !ok || len(k.Data) < need {
			return fmt.Errorf("output %s: %d classes in %d bytes", mil.Plain(f.Name), k.Len(), len(k.Data))
		}
		f.Labels = make([]string, k.Len())
		for i := range f.Labels {
			f.Labels[i] = strconv.Itoa(mil.IntAt(k.Data, k.DType, i))
		}
	}
	return nil
}
