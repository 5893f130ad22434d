package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel"
)

// What rnn, gru and lstm have in common. Their layouts are Core ML's and not
// PyTorch's: x is [sequence, batch, input], the gates are blocks of hidden rows in
// one matrix, there is one bias where PyTorch has two, and the two directions of a
// bidirectional lstm lie side by side in the last dimension of states and results.
// Each operator has a file of its own.
//
// Source: coremltools, mil/ops/defs/iOS15/recurrent.py and iOS18/recurrent.py. Core ML
// itself wants weights and biases to be constants; here they may be computed.
//
// recurrent is what a recurrent layer keeps from prediction to prediction: its sizes,
// which the shape rule sets, and what runs it.
type recurrent struct {
	length, batch, input, hidden, gates int
	directions                          int
	reverse                             bool
	sequence                            bool // output_sequence: every state is given out, not the last alone
	task                                recurrentTask
}

// newRecurrent makes the local of the three operators.
func newRecurrent() any { return &recurrent{} }

// layer returns what newRecurrent made for this step.
func (c *Call) layer() *recurrent {
	return localOf[recurrent](c)
}

// recurrentShape checks the operands of a layer with that many gates and gives
// the results their shapes. Operand seq says whether every step is given out and
// operand dir which way the layer runs.
func recurrentShape(seq, dir, gates int) func(c *Call) error {
	return func(c *Call) error {
		l := c.layer()
		if x, h, wx, wh := c.In(0), c.In(1), c.In(2), c.In(3); x.Rank != 3 || h.Rank != 2 || wx.Rank != 2 || wh.Rank != 2 {
			return fmt.Errorf("x, initial_h and weights of rank %d, %d, %d and %d", x.Rank, h.Rank, wx.Rank, wh.Rank)
		}
		direction, err := c.textIn(dir, "forward")
		if err != nil {
			return err
		}
		if l.sequence, err = c.BoolIn(seq, false); err != nil {
			return err
		}
		if err := l.turn(direction, gates == 4); err != nil {
			return err
		}
		if err := l.measure(c, gates); err != nil {
			return err
		}
		return l.setShapes(c)
	}
}

// turn reads the direction. Only an lstm runs both ways.
func (l *recurrent) turn(direction string, bothWays bool) error {
	l.directions, l.reverse = 1, false
	switch {
	case direction == "forward":
	case direction == "reverse":
		l.reverse = true
	case direction == "bidirectional" && bothWays:
		l.directions = 2
	default:
		return fmt.Errorf("direction %q is unknown", direction)
	}
	return nil
}

// measure takes the sizes from x and the weights and checks that all fit.
func (l *recurrent) measure(c *Call, gates int) error {
	x, h, wx, wh := c.In(0), c.In(1), c.In(2), c.In(3)
	l.gates, l.length, l.batch, l.input, l.hidden = gates, x.Dims[0], x.Dims[1], x.Dims[2], wh.Dims[1]
	rows := gates * l.hidden
	// Converters write more initial states than there are sequences where they
	// took another dimension for the batch.
	if wx.Dims[0] != rows || wx.Dims[1] != l.input || wh.Dims[0] != rows || h.Dims[0] < l.batch || h.Dims[1] != l.directions*l.hidden {
		return fmt.Errorf("x of shape %v, initial_h of shape %v and weights of shapes %v and %v do not fit",
			x.ShapeCopy(), h.ShapeCopy(), wx.ShapeCopy(), wh.ShapeCopy())
	}
	if l.length == 0 {
		return fmt.Errorf("x of shape %v has no steps", x.ShapeCopy())
	}
	return nil
}

// setShapes gives the results their shapes: the states of every step or of the last
// one alone, then the last state and, of an lstm, the last cell.
func (l *recurrent) setShapes(c *Call) error {
	n, width := 1, l.directions*l.hidden
	if l.sequence {
		n = l.length
	}
	if err := c.out(0).SetShape(n, l.batch, width); err != nil {
		return err
	}
	for k := 1; k < len(c.Step.Out); k++ {
		if err := c.out(k).SetShape(l.batch, width); err != nil {
			return err
		}
	}
	return nil
}

// vector returns operand k, nil when it is absent, after a check of its length. A
// matrix passes as the vector of its rows.
func (c *Call) vector(k, n int) ([]float32, error) {
	v := c.In(k)
	if v == nil {
		return nil, nil
	}
	if v.Len() != n {
		return nil, fmt.Errorf("%s of %d elements where %d are expected", c.name(k), v.Len(), n)
	}
	return c.F32(v), nil
}

// gateFunction stores a function of the elements of x in dst, which is not x.
type gateFunction func(dst, x []float32)

// activation returns the function that operand k names. None of them has factors
// here: Core ML's neural networks had alpha and beta for some, ML Programs have no
// operand for them, so hard_sigmoid is 0.2·x + 0.5 within 0 and 1.
func (c *Call) activation(k int, def string) (gateFunction, error) {
	name, err := c.textIn(k, def)
	if err != nil {
		return nil, err
	}
	switch name {
	case "tanh", "scaled_tanh": // the factors of scaled_tanh cannot be set and are 1
		return kernel.Tanh, nil
	case "sigmoid":
		return sigmoidRow, nil
	case "hard_sigmoid", "sigmoid_hard":
		return hardSigmoidRow, nil
	case "relu":
		return func(dst, x []float32) { kernel.MaxScalar(dst, x, 0) }, nil
	case "linear":
		return func(dst, x []float32) { copy(dst, x) }, nil
	}
	return nil, fmt.Errorf("activation %q is unknown", name)
}

// hardSigmoidRow stores 0.2·x + 0.5 within 0 and 1.
func hardSigmoidRow(dst, x []float32) {
	for k, v := range x {
		dst[k] = min(max(float32(0.2*v)+0.5, 0), 1)
	}
}

// places returns which element of x step t of direction d reads and where in the
// result its state goes. The sequence that a reverse layer gives is in the order in
// which it was computed; the backward half of a bidirectional one is in the order of
// x. A layer that gives out the last state alone writes every state to place 0.
func (l *recurrent) places(t, d int) (from, to int) {
	from, to = t, t
	if l.backward(d) {
		from = l.length - 1 - t
	}
	switch {
	case !l.sequence:
		to = 0
	case d == 1:
		to = from
	}
	return from, to
}

// backward reports whether direction d goes from the end of the sequence.
func (l *recurrent) backward(d int) bool { return l.reverse || d == 1 }
