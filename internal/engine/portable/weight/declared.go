package weight

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// computedTypes are the element types of the operands that give computed results
// theirs, as coremltools defines them. Looked up and sparse results have the type
// of what is stored, whatever that is.
var computedTypes = map[string][]dtype.Type{
	"scale":      {dtype.Float16, dtype.Float32},
	"source_val": {dtype.Float16},
}

// checkTypes compares the results with the types that the program declares for
// them. What reads a weight goes by the declared type, what decodes it by the
// operands: where the two differ, one of them would be wrong without a word.
// Sizes that the program leaves open are allowed.
func checkTypes(op *mil.Op, ws []*Weight) error {
	for name, types := range computedTypes {
		if v := op.Input(name); v != nil && !slices.Contains(types, v.Type.DType) {
			return fmt.Errorf("operand %s is of type %v, want one of %v", name, v.Type.DType, types)
		}
	}
	for k, w := range ws {
		v := op.Outputs[k]
		if v.Type.Kind != mil.Tensor || v.Type.DType != w.dt || !allows(v.Type, w.Shape) {
			return fmt.Errorf("result %s is declared %v where the operands give %v", mil.Plain(v.Name), v.Type, mil.TensorType(w.dt, w.Shape...))
		}
	}
	return nil
}

// allows reports whether a shape is one of those that t leaves open.
func allows(t mil.Type, shape []int) bool {
	if t.Variadic {
		return true
	}
	return slices.EqualFunc(t.Shape, shape, func(d, n int) bool { return d == n || d == mil.Unknown })
}
