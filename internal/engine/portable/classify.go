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
// labels to those of a classifier. A classifier has two outputs that are no
// arrays in the description and arrays here: the number of the likeliest class,
// which the public package turns into its label, and the probabilities, which
// become a dictionary. A program without a classifier gives arrays alone. The
// types that are set here are those of the tensors that callers get.
func leaves(f *engine.Feature, v *mil.Value) error {
	switch f.Kind {
	case engine.MultiArray, engine.Image:
		return nil
	case engine.String, engine.Int64, engine.Dictionary:
	default:
		return fmt.Errorf("output %s is of a kind that the portable engine does not give", mil.Plain(f.Name))
	}
	// Strings, integers and dictionaries come from nowhere else: no other operator gives
	// anything but arrays.
	op := v.Producer
	if op == nil || op.Type != "classify" || len(op.Outputs) != 2 {
		return fmt.Errorf("output %s is not a multi-array and no result of a classifier", mil.Plain(f.Name))
	}
	f.DType = tensor.Int64 // the number of the class; its label is the caller's to find
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
	if err := label(f, classes.Const); err != nil {
		return fmt.Errorf("output %s: %w", mil.Plain(f.Name), err)
	}
	return nil
}

// label notes the names of the classes, which may be numbers. Numbers become
// decimal texts.
func label(f *engine.Feature, k *mil.Const) error {
	f.Labels = k.Strings
	if k.DType == dtype.String {
		return nil
	}
	if need, ok := k.DType.PackedLen(k.Len()); !ok || len(k.Data) < need {
		return fmt.Errorf("%d classes in %d bytes", k.Len(), len(k.Data))
	}
	f.Labels = make([]string, k.Len())
	for i := range f.Labels {
		f.Labels[i] = strconv.Itoa(mil.IntAt(k.Data, k.DType, i))
	}
	return nil
}
