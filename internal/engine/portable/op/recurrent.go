package op

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{
			Name: "rnn", Params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence", "activation"),
			Shape: recurrentShape(6, 5, 1), Eval: rnn, Check: checkRNN, Local: newRecurrent,
			Texts:   Texts{"direction": oneWay, "activation": gateFunctions},
			Folding: CostProduct, Results: &Bounds{2, 2},
		},
		Operator{
			Name: "gru",
			Params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence",
				"recurrent_activation", "activation", "reset_after.", "input_bias"),
			Shape: recurrentShape(6, 5, 3), Eval: gru, Check: checkGRU, Local: newRecurrent,
			Texts:   Texts{"direction": oneWay, "activation": gateFunctions, "recurrent_activation": gateFunctions},
			Folding: CostProduct, Results: &Bounds{2, 2}, Note: "reset_after and input_bias from iOS18",
		},
		Operator{
			Name: "lstm",
			Params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence",
				"recurrent_activation", "activation", "initial_c!", "peephole", "weight_ih_back", "weight_hh_back",
				"bias_back", "peephole_back", "cell_activation", "clip."),
			Shape: recurrentShape(6, 5, 4), Eval: lstm, Check: checkLSTM, Local: newRecurrent,
			Texts: Texts{
				"direction": bothWays, "activation": gateFunctions, "recurrent_activation": gateFunctions, "cell_activation": gateFunctions,
			},
			Folding: CostProduct, Results: &Bounds{3, 3},
		},
	)
}

// recurrent is what a recurrent layer keeps from prediction to prediction: its sizes and the memory
// of one step.
type recurrent struct {
	work                                array.Counter
	length, batch, input, hidden, gates int
	directions                          int
	reverse, sequence                   bool
	x, h                                []float32 // gates of the input and of the state
	state, cell                         []float32
}

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
		x, h, wx, wh := c.In(0), c.In(1), c.In(2), c.In(3)
		if x.Rank != 3 || h.Rank != 2 || wx.Rank != 2 || wh.Rank != 2 {
			return fmt.Errorf("x, initial_h and weights of rank %d, %d, %d and %d", x.Rank, h.Rank, wx.Rank, wh.Rank)
		}
		direction, err := c.textIn(dir, "forward")
		if err != nil {
			return err
		}
		if l.sequence, err = c.BoolIn(seq, false); err != nil {
			return err
		}
		l.directions, l.reverse = 1, false
		switch {
		case direction == "forward":
		case direction == "reverse":
			l.reverse = true
		case direction == "bidirectional" && gates == 4:
			l.directions = 2
		default:
			return fmt.Errorf("direction %q is unknown", direction)
		}
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
		n := 1
		if l.sequence {
			n = l.length
		}
		if err := c.out(0).SetShape(n, l.batch, l.directions*l.hidden); err != nil {
			return err
		}
		for k := 1; k < len(c.Step.Out); k++ {
			if err := c.out(k).SetShape(l.batch, l.directions*l.hidden); err != nil {
				return err
			}
		}
		return nil
	}
}

// vector returns operand k, nil when it is absent, after a check of its length.
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

// activation returns the function that operand k names.
func (c *Call) activation(k int, def string) (func(float32) float32, error) {
	name, err := c.textIn(k, def)
	if err != nil {
		return nil, err
	}
	switch name {
	case "tanh", "scaled_tanh": // the factors of scaled_tanh cannot be set and are 1
		return func(x float32) float32 { return float32(math.Tanh(float64(x))) }, nil
	case "sigmoid":
		return func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }, nil
	case "hard_sigmoid", "sigmoid_hard":
		return func(x float32) float32 { return min(max(0.2*x+0.5, 0), 1) }, nil
	case "relu":
		return func(x float32) float32 { return max(x, 0) }, nil
	case "linear":
		return func(x float32) float32 { return x }, nil
	}
	return nil, fmt.Errorf("activation %q is unknown", name)
}

// multiply sets dst to w times x, plus bias where there is one.
func (l *recurrent) multiply(dst, w, x, bias []float32) {
	n := len(x)
	for r := range dst {
		sum := 0.0
		l.work.Add(n + 1)
		l.work.Poller.Pieces(n, func(lo, hi int) {
			for k, v := range w[r*n+lo : r*n+hi] {
				sum += float64(v) * float64(x[lo+k])
			}
		})
		if bias != nil {
			sum += float64(bias[r])
		}
		dst[r] = float32(sum)
	}
}

// each runs step for every element of the batch and every place in the sequence,
// in the order of direction d, and stores the states after it. The sequence that
// a reverse layer gives is in the order in which it was computed; the backward
// half of a bidirectional one is in the order of x.
func (c *Call) each(l *recurrent, d int, step func(x, h []float32)) {
	x, h0 := c.F32(c.In(0)), c.F32(c.In(1))
	out := c.out(0).F32
	final := c.out(1).F32
	width := l.directions * l.hidden
	backward := l.reverse || d == 1
	for b := range l.batch {
		h := l.state
		copy(h, h0[b*width+d*l.hidden:][:l.hidden])
		l.startCell(c, b, d)
		for t := range l.length {
			at := t
			if backward {
				at = l.length - 1 - t
			}
			step(x[(at*l.batch+b)*l.input:][:l.input], h)
			place := t
			switch {
			case !l.sequence:
				place = 0
			case d == 1:
				place = at
			}
			copy(out[(place*l.batch+b)*width+d*l.hidden:], h)
		}
		copy(final[b*width+d*l.hidden:], h)
		if len(c.Step.Out) > 2 {
			copy(c.out(2).F32[b*width+d*l.hidden:], l.cell)
		}
	}
}

// startCell sets the cell to its initial value where the layer has one.
func (l *recurrent) startCell(c *Call, b, d int) {
	if l.gates == 4 {
		copy(l.cell, c.F32(c.In(9))[b*l.directions*l.hidden+d*l.hidden:][:l.hidden])
	}
}

// begin makes the memory of a layer.
func (l *recurrent) begin(c *Call) {
	l.work = array.Counter{Poller: &c.Env.Poller}
	rows := l.gates * l.hidden
	l.x, l.h = reuse(c.Env, l.x, rows), reuse(c.Env, l.h, rows)
	l.state, l.cell = reuse(c.Env, l.state, l.hidden), reuse(c.Env, l.cell, l.hidden)
	for k := range c.Step.Out {
		c.newF32(k)
	}
}

// rnn is a layer of one gate: h = activation(W·x + R·h + b).
func rnn(c *Call) error {
	l := c.layer()
	bias, err := c.vector(4, l.hidden)
	if err != nil {
		return err
	}
	act, err := c.activation(7, "tanh")
	if err != nil {
		return err
	}
	wx, wh := c.F32(c.In(2)), c.F32(c.In(3))
	l.begin(c)
	c.each(l, 0, func(x, h []float32) {
		l.multiply(l.x, wx, x, bias)
		l.multiply(l.h, wh, h, nil)
		for k := range h {
			h[k] = act(l.x[k] + l.h[k])
		}
	})
	return nil
}

// gru has its gates in the order reset, output, update. The reset gate is applied
// to the state before it is multiplied, or to the product with reset_after.
func gru(c *Call) error {
	l := c.layer()
	n := l.hidden
	bias, err := c.vector(4, 3*n)
	if err != nil {
		return err
	}
	inputBias, err := c.vector(10, 3*n)
	if err != nil {
		return err
	}
	inner, err := c.activation(7, "sigmoid")
	if err != nil {
		return err
	}
	act, err := c.activation(8, "tanh")
	if err != nil {
		return err
	}
	after, err := c.BoolIn(9, false)
	if err != nil {
		return err
	}
	wx, wh := c.F32(c.In(2)), c.F32(c.In(3))
	var outBias []float32
	if bias != nil {
		outBias = bias[n : 2*n]
	}
	l.begin(c)
	reset := l.cell // a gru has no cell
	c.each(l, 0, func(x, h []float32) {
		l.multiply(l.x, wx, x, inputBias)
		l.multiply(l.h, wh, h, bias)
		for k := range n {
			r := inner(l.x[k] + l.h[k])
			reset[k] = r * h[k]
			if after {
				l.h[n+k] *= r
			}
		}
		if !after {
			l.multiply(l.h[n:2*n], wh[n*n:2*n*n], reset, outBias)
		}
		for k := range n {
			z := inner(l.x[2*n+k] + l.h[2*n+k])
			h[k] = (1-z)*act(l.x[n+k]+l.h[n+k]) + z*h[k]
		}
	})
	return nil
}

// lstmSide holds the operands of one direction.
type lstmSide struct{ wx, wh, bias, peep []float32 }

// lstmOperands are the operands of each direction, in the order of lstmSide.
var lstmOperands = [2][4]int{{2, 3, 4, 10}, {11, 12, 13, 14}}

var errNoBackward = errors.New("the weights of the backward direction are missing")

// side reads the operands of direction d.
func (c *Call) side(l *recurrent, d int) (s lstmSide, err error) {
	at := lstmOperands[d]
	rows := l.gates * l.hidden
	if s.wx, err = c.vector(at[0], rows*l.input); err != nil {
		return s, err
	}
	if s.wh, err = c.vector(at[1], rows*l.hidden); err != nil {
		return s, err
	}
	if s.bias, err = c.vector(at[2], rows); err != nil {
		return s, err
	}
	if s.peep, err = c.vector(at[3], 3*l.hidden); err != nil {
		return s, err
	}
	if s.wx == nil || s.wh == nil {
		return s, errNoBackward
	}
	return s, nil
}

// lstm has its gates in the order input, forget, output, cell.
func lstm(c *Call) error {
	l := c.layer()
	if v := c.In(9); !slices.Equal(v.Shape(), c.In(1).Shape()) {
		return fmt.Errorf("initial_c of shape %v", v.ShapeCopy())
	}
	var acts [3]func(float32) float32
	for k, a := range [3]struct {
		at  int
		def string
	}{{7, "sigmoid"}, {15, "tanh"}, {8, "tanh"}} {
		var err error
		if acts[k], err = c.activation(a.at, a.def); err != nil {
			return err
		}
	}
	clip, err := c.floatIn(16, float32(math.Inf(1)))
	if err != nil {
		return err
	}
	var sides [2]lstmSide
	for d := range l.directions {
		if sides[d], err = c.side(l, d); err != nil {
			return err
		}
	}
	l.begin(c)
	for d := range l.directions {
		s := &sides[d]
		c.each(l, d, func(x, h []float32) { l.lstmStep(s, x, h, acts, clip) })
	}
	return nil
}

func (l *recurrent) lstmStep(s *lstmSide, x, h []float32, acts [3]func(float32) float32, clip float32) {
	n := l.hidden
	l.multiply(l.x, s.wx, x, s.bias)
	l.multiply(l.h, s.wh, h, nil)
	for k := range n {
		i, f, o, g := l.x[k]+l.h[k], l.x[n+k]+l.h[n+k], l.x[2*n+k]+l.h[2*n+k], l.x[3*n+k]+l.h[3*n+k]
		cell := l.cell[k]
		if s.peep != nil {
			i += s.peep[k] * cell
			f += s.peep[n+k] * cell
		}
		cell = acts[0](f)*cell + acts[0](i)*acts[1](g)
		cell = min(max(cell, -clip), clip)
		if s.peep != nil {
			o += s.peep[2*n+k] * cell
		}
		l.cell[k] = cell
		h[k] = acts[0](o) * acts[2](cell)
	}
}
