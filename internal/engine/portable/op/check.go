package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// A prediction that fails after it has written to a state costs its caller the
// state. So a rehearsal has to find whatever an operator would refuse, and where
// the shape rule has no reason to look at an operand the checks here do: at its
// shape and, where that is known, at the axis or the indices that it holds.

// Check finds operands of a step that Eval would refuse, without the work. Content
// that is not known is asked for by a panic with array.UnknownContent, as anywhere.
func Check(c *Call) error {
	for k := range c.Step.Def.Params {
		if v := c.In(k); v != nil && c.Step.Def.Params[k].Single && (v.Repr == array.ReprText || v.Len() != 1) {
			return AsShape(fmt.Errorf("%s holds %d values where one is expected", c.name(k), v.Len()))
		}
	}
	if check := c.Step.Def.Check; check != nil {
		if err := check(c); err != nil {
			return AsValue(err)
		}
	}
	return nil
}

// checkAxis returns a check of the axis that operand k holds.
func checkAxis(k, def int) func(c *Call) error {
	return func(c *Call) error {
		_, err := c.axisIn(k, def, c.In(0))
		return err
	}
}

// checkLaneAxis is checkAxis for operators that take a scalar too.
func checkLaneAxis(c *Call) error {
	if c.In(0).Rank == 0 {
		return nil
	}
	_, err := c.axisIn(1, -1, c.In(0))
	return err
}

// checkAxes looks at the axes that operand 1 lists.
func checkAxes(c *Call) error {
	_, err := c.axesIn(1, c.In(0))
	return err
}

// needRank returns a check that operand 0 has at least so many dimensions; what
// says what it lacks otherwise.
func needRank(least int, what string) func(c *Call) error {
	return func(c *Call) error { return c.needRank(least, what) }
}

// needRank is the check that [needRank] returns.
func (c *Call) needRank(least int, what string) error {
	if r := c.In(0).Rank; r < least {
		return AsShape(fmt.Errorf("x of rank %d %s", r, what))
	}
	return nil
}

// fitChannels returns a check that operands have an element for each channel of
// operand 0. Those that are absent fit.
func fitChannels(operands ...int) func(c *Call) error {
	return func(c *Call) error {
		x := c.In(0)
		if err := c.needRank(2, "has no channels"); err != nil {
			return err
		}
		for _, k := range operands {
			if v := c.In(k); v != nil && v.Len() != x.Dims[1] {
				return AsShape(fmt.Errorf("%s holds %d elements for %d channels", c.name(k), v.Len(), x.Dims[1]))
			}
		}
		return nil
	}
}

// checkLayerNorm looks at the axes and at the factors for them.
func checkLayerNorm(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	n, _, _ := blockOf(x, &set)
	for _, k := range [...]int{2, 3} {
		if v := c.In(k); v != nil && v.Len() != n {
			return AsShape(fmt.Errorf("%s holds %d elements where %d are normalised", c.name(k), v.Len(), n))
		}
	}
	return nil
}

// checkResponseNorm looks at the channels and at the number of neighbours.
func checkResponseNorm(c *Call) error {
	if err := c.needRank(2, "has no channels"); err != nil {
		return err
	}
	if size, err := c.intIn(1, 1); err != nil || size < 1 {
		return fmt.Errorf("size is %d", size)
	}
	return nil
}

// holdsInts is Value.IsInt that answers by the declared type where the content is
// not known.
func holdsInts(v *array.Value) bool {
	if v.Repr == array.ReprUnknown {
		return !v.DType.IsFloat()
	}
	return v.IsInt()
}

// checkKind refuses a result of another kind than operand 0: integers or not.
func checkKind(c *Call) error {
	if holdsInts(c.In(0)) == c.floatOut(0) {
		return errTypes
	}
	return nil
}

// checkAffine looks at the sizes of scale and zero point.
func checkAffine(c *Call) error {
	x, zero, n := c.In(0), c.In(1), c.In(2).Len()
	switch {
	case n == 0:
		return AsShape(fmt.Errorf("scale is empty"))
	case zero != nil && zero.Len() != n:
		return AsShape(fmt.Errorf("zero_point holds %d elements, scale %d", zero.Len(), n))
	case n == 1:
		return nil
	}
	axis, err := c.axisIn(3, -1, x)
	if err == nil && x.Dims[axis] != n {
		return AsShape(fmt.Errorf("scale holds %d elements for dimension %d of %d", n, axis, x.Dims[axis]))
	}
	return err
}

// checkQuantize is checkAffine for a result of integers.
func checkQuantize(c *Call) error {
	if c.floatOut(0) {
		return errTypes
	}
	return checkAffine(c)
}

// checkDequantize is checkAffine for a result of floating-point numbers.
func checkDequantize(c *Call) error {
	if !c.floatOut(0) {
		return errTypes
	}
	return checkAffine(c)
}

// checkReduced refuses the greatest of no integers.
func checkReduced(c *Call) error {
	x := c.In(0)
	if !holdsInts(x) {
		return nil
	}
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	for d, n := range x.Shape() {
		if set[d] && n == 0 {
			return AsShape(fmt.Errorf("no elements to reduce"))
		}
	}
	return nil
}

// checkPad looks for borders that x is too small to fill.
func checkPad(c *Call) error {
	_, _, err := c.padding(c.In(0))
	return err
}

// checkSequences looks at the lengths that reverse_sequence is given.
func checkSequences(c *Call) error {
	if _, _, err := c.sequences(); err != nil {
		return err
	}
	return checkKind(c)
}

// checkScatter refuses a mode that does not exist, and indices outside.
func checkScatter(c *Call) error {
	data := c.In(0)
	axis, err := c.axisIn(3, 0, data)
	if err != nil {
		return err
	}
	rule, err := c.checkUpdates(4)
	if err != nil {
		return err
	}
	work := array.Counter{Poller: &c.Env.Poller}
	for _, i := range c.I32(c.In(1)) {
		work.Add(1)
		if _, err := rule.at(i, data.Dims[axis]); refusesWrite(err) {
			return err
		}
	}
	return nil
}

// checkScatterND is checkScatter for coordinates.
func checkScatterND(c *Call) error {
	data, idx := c.In(0), c.In(1)
	d, err := c.deep(data, idx, 0)
	if err != nil {
		return err
	}
	rule, err := c.checkUpdates(3)
	if err != nil {
		return err
	}
	indices := c.I32(idx)
	work := array.Counter{Poller: &c.Env.Poller}
	for k := range d.count {
		work.Add(1)
		if _, err := d.offset(data, indices, k, rule); refusesWrite(err) {
			return err
		}
	}
	return nil
}

// checkUpdates refuses a mode that does not exist and integers to be divided by
// zero, and returns the rule for indices. The operands are those of scattered.
func (c *Call) checkUpdates(modeAt int) (indexRule, error) {
	u, err := c.updateIn(modeAt)
	if err != nil {
		return indexRule{}, err
	}
	if u == updateDiv && !c.floatOut(0) {
		if err := c.noZero(c.I32(c.In(2))); err != nil {
			return indexRule{}, err
		}
	}
	return c.writeRule(modeAt + 1)
}

// fitVector checks that an operand that may be absent has n elements.
func (c *Call) fitVector(k, n int) error {
	if v := c.In(k); v != nil && v.Len() != n {
		return AsShape(fmt.Errorf("%s of %d elements where %d are expected", c.name(k), v.Len(), n))
	}
	return nil
}

// checkRNN looks at the bias; the shape rule has looked at everything else. Here and
// below, gates lie one after the other in the rows of a weight or bias.
func checkRNN(c *Call) error { return c.fitVector(4, c.layer().hidden) }

// checkGRU looks at both biases, which have a row for each of three gates.
func checkGRU(c *Call) error {
	rows := 3 * c.layer().hidden
	return errors.Join(c.fitVector(4, rows), c.fitVector(10, rows))
}

// checkLSTM looks at the cell and at the weights that the shape rule leaves alone.
func checkLSTM(c *Call) error {
	l := c.layer()
	if v := c.In(9); !slices.Equal(v.Shape(), c.In(1).Shape()) {
		return AsShape(fmt.Errorf("initial_c of shape %v", v.ShapeCopy()))
	}
	rows := l.gates * l.hidden
	for d := range l.directions {
		at := lstmOperands[d]
		for k, n := range [...]int{rows * l.input, rows * l.hidden, rows, 3 * l.hidden} {
			if k < 2 && c.In(at[k]) == nil {
				return errNoBackward
			}
			if err := c.fitVector(at[k], n); err != nil {
				return err
			}
		}
	}
	return nil
}
