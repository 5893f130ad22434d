package portable

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// declaredError is the error of a program that declares another shape for a result
// than its operation computes. It is the package's mistake and not the caller's, so no
// tensor.ErrShape.
type declaredError struct{ err error }

func (e *declaredError) Error() string { return e.err.Error() }

// misdeclared reports whether err is a declaredError.
func misdeclared(err error) bool {
	var d *declaredError
	return errors.As(err, &d)
}

// asDeclared compares the shapes of a step's results, which are sure, with those that
// the program declares. Patterns of fusion, tails and descriptions rely on these:
// where they are wrong the answer would be too. Steps behind a tail have fewer rows
// when the caller asks for the last ones alone.
func (fr *frame) asDeclared(st *plan.Step) error {
	if st.Cut && fr.cuts() {
		return nil
	}
	for _, s := range st.Out {
		v, slot := &fr.Values[s], &fr.plan.Slots[s]
		if !agrees(v, &slot.Type) {
			return &declaredError{fmt.Errorf("result %s is declared with shape %v and computed with shape %v",
				mil.Quote(slot.Name), slot.Type.Shape, v.ShapeCopy())}
		}
	}
	return nil
}

// cuts reports whether the caller asks for the last rows of a result alone.
func (fr *frame) cuts() bool {
	for _, n := range fr.Rows {
		if n != 0 {
			return true
		}
	}
	return false
}

// agrees reports whether a value has the shape of a type, as far as that says. A scalar
// may be declared as one element, and the other way around: Core ML has no multi-array
// of rank 0.
func agrees(v *array.Value, t *mil.Type) bool {
	if t.Kind != mil.Tensor || t.Variadic {
		return true
	}
	if len(t.Shape) != v.Rank {
		return len(t.Shape)+v.Rank == 1 && v.Len() == 1 && (len(t.Shape) == 0 || t.Shape[0] == 1 || t.Shape[0] == mil.Unknown)
	}
	for d, n := range t.Shape {
		if n != mil.Unknown && n != v.Dims[d] {
			return false
		}
	}
	return true
}

// rehearseParts looks at the shapes inside of a group that fusion made one step of.
// After an error the part is the call's step.
func (fr *frame) rehearseParts(st *plan.Step) error {
	for _, part := range st.Parts {
		fr.call.Step = &part.Binding
		d, known := fr.recall(part)
		found, err := fr.shapes(part, d, known)
		if err == nil && found && d == sure {
			err = fr.asDeclared(part)
		}
		if err != nil {
			return err
		}
	}
	fr.call.Step = &st.Binding
	return nil
}
