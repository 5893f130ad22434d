package plan

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// maxStates bounds the elements of all states together: a package may declare many
// with few stored bytes, and all of them are allocated when a state is made. The key
// and the value cache of Mistral 7B at 32,768 tokens (32 layers of 8 heads of 128)
// have 2^30 each.
const maxStates = int64(1 << 31)

// parameters gives inputs their slots and states their places.
func (pl *planner) parameters() error {
	for _, v := range pl.p.Function.Inputs {
		if v.Type.Kind != mil.State {
			pl.p.Inputs = append(pl.p.Inputs, pl.newSlot(v))
			continue
		}
		if err := pl.addState(v); err != nil {
			return fmt.Errorf("function %s: %w", mil.Plain(pl.p.Function.Name), err)
		}
	}
	return nil
}

// addState gives a state its place, checked: a state has memory before any prediction
// has shapes, so its own must be fixed, and of a type that buffers have.
func (pl *planner) addState(v *mil.Value) error {
	n, ok := dtype.Count(v.Type.Shape)
	if !ok || n > array.MaxElements || slices.Contains(v.Type.Shape, mil.Unknown) {
		return fmt.Errorf("state %s: shape %v is not fixed or too large", mil.Plain(v.Name), v.Type.Shape)
	}
	switch v.Type.DType {
	case dtype.Float16, dtype.Float32, dtype.Int32, dtype.Bool, dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16:
	default:
		return fmt.Errorf("state %s: element type %v is not supported", mil.Plain(v.Name), v.Type.DType)
	}
	if pl.stated += int64(n); pl.stated > maxStates {
		return fmt.Errorf("the states have more than %d elements together", maxStates)
	}
	pl.stateOf[v] = len(pl.p.States)
	pl.p.States = append(pl.p.States, op.StateSpec{Name: v.Name, DType: v.Type.DType, Shape: v.Type.Shape, Count: n})
	return nil
}
