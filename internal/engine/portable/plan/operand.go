package plan

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// MaxWidened bounds the elements of the constants that are copied to float32 or
// int32 while planning: 2^29 of them are 2 GiB. A palette of one bit for an element is
// 32 times as large when it is widened, and a program may name one small constant as
// any number of operands. Tests lower it.
var MaxWidened = 1 << 29

// newSlot makes the slot of a value.
func (pl *planner) newSlot(v *mil.Value) int32 {
	s := int32(len(pl.p.Slots))
	pl.p.Slots = append(pl.p.Slots, Slot{Name: v.Name, Type: v.Type, buffer: -1})
	pl.slotOf[v] = s
	return s
}

// operand returns the slot of a value, making one for a constant. raw asks for
// constants as stored; otherwise they are widened.
func (pl *planner) operand(v *mil.Value, raw bool) (int32, error) {
	if v.Type.Kind == mil.State {
		return -1, fmt.Errorf("state %s is used as a tensor", mil.Plain(v.Name))
	}
	w := pl.weights[v]
	if v.Const == nil && w == nil {
		s, ok := pl.slotOf[v]
		if !ok {
			return -1, fmt.Errorf("value %s is not defined here", mil.Plain(v.Name))
		}
		return s, nil
	}
	known := pl.wideOf
	if raw {
		known = pl.slotOf
	}
	if s, ok := known[v]; ok {
		return s, nil
	}
	k, err := pl.constant(v, w, raw)
	if err != nil {
		return -1, err
	}
	s := int32(len(pl.p.Slots))
	pl.p.Slots = append(pl.p.Slots, Slot{Name: v.Name, Type: v.Type, Const: k, buffer: -1})
	known[v] = s
	return s, nil
}

// constant makes the content of a constant's slot: as stored, or dense float32 and
// int32 for the operators that do not look at representations.
func (pl *planner) constant(v *mil.Value, w *weight.Weight, raw bool) (*array.Value, error) {
	if err := pl.widen(v, w, raw); err != nil {
		return nil, err
	}
	k, err := constValue(&pl.p.load, v, w)
	if err != nil {
		return nil, err
	}
	if !raw && (k.Repr == array.ReprF16 || k.Repr == array.ReprWeight) {
		k.F32 = storage.Unzeroed[float32](k.Len())
		k.Widen(&pl.p.load, k.F32)
		k.Repr, k.F16, k.Stored = array.ReprF32, nil, nil
	}
	return k, nil
}

// widen counts the elements of a constant that is about to be copied. Those of
// float32 are read where they lie in the package, and compressed ones as stored where
// the operator reads them so.
func (pl *planner) widen(v *mil.Value, w *weight.Weight, raw bool) error {
	n := 0
	switch {
	case w != nil:
		if raw {
			return nil
		}
		n = w.Len()
	case v.Const.DType != dtype.Float32:
		n = v.Const.Len()
	}
	if n > array.MaxElements {
		return fmt.Errorf("constant %s of %d elements is too large", mil.Plain(v.Name), n)
	}
	if pl.widened += n; pl.widened > MaxWidened {
		return fmt.Errorf("the constants that must be widened have more than %d elements", MaxWidened)
	}
	return nil
}
