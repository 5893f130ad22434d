package portable

import (
	"fmt"
	"math"
	"slices"
)

func init() {
	add(
		operator{
			name: "rnn", params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence", "activation"),
			shape: recurrentShape(6, 5, 1), eval: rnn, local: newRecurrent,
		},
		operator{
			name: "gru",
			params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence",
				"recurrent_activation", "activation", "reset_after", "input_bias"),
			shape: recurrentShape(6, 5, 3), eval: gru, local: newRecurrent,
		},
		operator{
			name: "lstm",
			params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence",
				"recurrent_activation", "activation", "initial_c!", "peephole", "weight_ih_back", "weight_hh_back",
				"bias_back", "peephole_back", "cell_activation", "clip"),
			shape: recurrentShape(6, 5, 4), eval: lstm, local: newRecurrent,
		},
	)
}

// recurrent is what a recurrent layer keeps in a frame: its sizes and the memory
// of one step.
type recurrent struct {
	work                                counter
	length, batch, input, hidden, gates int
	directions                          int
	reverse, sequence                   bool
	x, h                                []float32 // gates of the input and of the state
	state, cell                         []float32
}

func newRecurrent() any { return &recurrent{} }

// layer returns what newRecurrent made for this step.
func (c *call) layer() *recurrent {
	if l, ok := c.local().(*recurrent); ok {
		return l
	}
	return &recurrent{}
}

// recurrentShape checks the operands of a layer with that many gates and gives
// the results their shapes. Operand seq says whether every step is given out and
// operand dir which way the layer runs.
func recurrentShape(seq, dir, gates int) func(c *call) error {
	return func(c *call) error {
		l := c.layer()
		x, h, wx, wh := c.in(0), c.in(1), c.in(2), c.in(3)
		if x.rank != 3 || h.rank != 2 || wx.rank != 2 || wh.rank != 2 {
			return fmt.Errorf("x, initial_h and weights of rank %d, %d, %d and %d", x.rank, h.rank, wx.rank, wh.rank)
		}
		direction, err := c.textIn(dir, "forward")
		if err != nil {
			return err
		}
		if l.sequence, err = c.boolIn(seq, false); err != nil {
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
		l.gates, l.length, l.batch, l.input, l.hidden = gates, x.dims[0], x.dims[1], x.dims[2], wh.dims[1]
		rows := gates * l.hidden
		// Converters write more initial states than there are sequences where they
		// took another dimension for the batch.
		if wx.dims[0] != rows || wx.dims[1] != l.input || wh.dims[0] != rows || h.dims[0] < l.batch || h.dims[1] != l.directions*l.hidden {
			return fmt.Errorf("x of shape %v, initial_h of shape %v and weights of shapes %v and %v do not fit",
				x.shapeCopy(), h.shapeCopy(), wx.shapeCopy(), wh.shapeCopy())
		}
		if l.length == 0 {
			return fmt.Errorf("x of shape %v has no steps", x.shapeCopy())
		}
		n := 1
		if l.sequence {
			n = l.length
		}
		if err := c.out(0).setShape(n, l.batch, l.directions*l.hidden); err != nil {
			return err
		}
		for k := 1; k < len(c.st.out); k++ {
			if err := c.out(k).setShape(l.batch, l.directions*l.hidden); err != nil {
				return err
			}
		}
		return nil
	}
}

// vector returns operand k, nil when it is absent, after a check of its length.
func (c *call) vector(k, n int) ([]float32, error) {
	v := c.in(k)
	if v == nil {
		return nil, nil
	}
	if v.len() != n {
		return nil, fmt.Errorf("%s of %d elements where %d are expected", c.name(k), v.len(), n)
	}
	return c.f32(v), nil
}

// activation returns the function that operand k names.
func (c *call) activation(k int, def string) (func(float32) float32, error) {
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
		l.work.add(n + 1)
		l.work.p.pieces(n, func(lo, hi int) {
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
func (c *call) each(l *recurrent, d int, step func(x, h []float32)) {
	x, h0 := c.f32(c.in(0)), c.f32(c.in(1))
	out := c.out(0).f
	final := c.out(1).f
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
		if len(c.st.out) > 2 {
			copy(c.out(2).f[b*width+d*l.hidden:], l.cell)
		}
	}
}

// startCell sets the cell to its initial value where the layer has one.
func (l *recurrent) startCell(c *call, b, d int) {
	if l.gates == 4 {
		copy(l.cell, c.f32(c.in(9))[b*l.directions*l.hidden+d*l.hidden:][:l.hidden])
	}
}

// begin makes the memory of a layer.
func (l *recurrent) begin(c *call) {
	l.work = counter{p: &c.fr.poller}
	rows := l.gates * l.hidden
	l.x, l.h = grown(c.fr, l.x, rows), grown(c.fr, l.h, rows)
	l.state, l.cell = grown(c.fr, l.state, l.hidden), grown(c.fr, l.cell, l.hidden)
	for k := range c.st.out {
		c.newF32(k)
	}
}

func rnn(c *call) error {
	l := c.layer()
	bias, err := c.vector(4, l.hidden)
	if err != nil {
		return err
	}
	act, err := c.activation(7, "tanh")
	if err != nil {
		return err
	}
	wx, wh := c.f32(c.in(2)), c.f32(c.in(3))
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
func gru(c *call) error {
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
	after, err := c.boolIn(9, false)
	if err != nil {
		return err
	}
	wx, wh := c.f32(c.in(2)), c.f32(c.in(3))
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

// side reads the operands of direction d.
func (c *call) side(l *recurrent, d int) (s lstmSide, err error) {
	at := [4]int{2, 3, 4, 10}
	if d == 1 {
		at = [4]int{11, 12, 13, 14}
	}
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
		return s, fmt.Errorf("the weights of the backward direction are missing")
	}
	return s, nil
}

// lstm has its gates in the order input, forget, output, cell.
func lstm(c *call) error {
	l := c.layer()
	if v := c.in(9); !slices.Equal(v.shape(), c.in(1).shape()) {
		return fmt.Errorf("initial_c of shape %v", v.shapeCopy())
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
