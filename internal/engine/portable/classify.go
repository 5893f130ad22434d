package portable

import (
	"fmt"
	"strconv"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

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
