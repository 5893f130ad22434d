package op

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// opsetIOS17 is the first opset in which gather and its relatives take no
// negative indices and reshape counts zeros from the right.
const opsetIOS17 = 7

// floatOut reports whether output k is declared a floating-point type.
func (c *Call) floatOut(k int) bool { return c.out(k).DType.IsFloat() }

// axisIn returns operand k, an axis of v, as an index. Programs count axes from either
// end.
func (c *Call) axisIn(k, def int, v *array.Value) (int, error) {
	a, err := c.intIn(k, def)
	if err != nil {
		return 0, err
	}
	return v.Axis(a)
}

// axesIn returns which axes of v operand k lists; all of them when it is absent. An array
// of flags, because a list would be one more allocation; an axis twice counts once.
func (c *Call) axesIn(k int, v *array.Value) (set [array.MaxRank]bool, err error) {
	if c.In(k) == nil {
		for d := range v.Rank {
			set[d] = true
		}
		return set, nil
	}
	for _, a := range c.intsIn(k) {
		d, err := v.Axis(int(a))
		if err != nil {
			return set, err
		}
		set[d] = true
	}
	return set, nil
}

// someInts returns the first of a list of integers for an error, which must not grow
// with what a program says.
func someInts(list []int32) []int32 { return slices.Clone(list[:min(len(list), 2*array.MaxRank)]) }
