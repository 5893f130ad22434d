package op

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// lstm, with its operands by number: the first nine are those of gru, the weights of
// the backward direction come after the peephole. It gives the states, the last state
// and the last cell.
func init() {
	add(Operator{
		Name: "lstm",
		Params: in("x", "initial_h!", "weight_ih!", "weight_hh!", "bias", "direction", "output_sequence",
			"recurrent_activation", "activation", "initial_c!", "peephole", "weight_ih_back", "weight_hh_back",
			"bias_back", "peephole_back", "cell_activation", "clip."),
		Shape: recurrentShape(6, 5, 4), Eval: lstm, Check: checkLSTM, Local: newRecurrent,
		Texts: Texts{
			"direction": bothWays, "activation": gateFunctions, "recurrent_activation": gateFunctions, "cell_activation": gateFunctions,
		},
		Folding: CostProduct, Results: &Bounds{3, 3},
	})
}

// lstmSide holds the operands of one direction. peep are the weights by which the
// gates see the cell, in the order input, forget, output; nil for none.
type lstmSide struct{ wx, wh, bias, peep []float32 }

// lstmOperands are the operands of each direction, in the order of lstmSide. The check
// of a rehearsal goes through them too.
var lstmOperands = [2][4]int{{2, 3, 4, 10}, {11, 12, 13, 14}}

// errNoBackward is the fault of a bidirectional layer with the weights of one.
var errNoBackward = errors.New("the weights of the backward direction are missing")

// side reads the operands of direction d. Weights of the backward direction are absent
// from most programs, and bias and peephole may be from all.
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

// lstmFunctions are the activations of the gates, of the cell's new content and of
// the cell, and the bound of the cell.
type lstmFunctions struct {
	gate, content, cell func(float32) float32
	clip                float32 // +Inf for none
}

// lstmFunctions reads the operands of a layer that all directions share.
func (c *Call) lstmFunctions() (f lstmFunctions, err error) {
	if f.gate, err = c.activation(7, "sigmoid"); err != nil {
		return f, err
	}
	if f.content, err = c.activation(15, "tanh"); err != nil {
		return f, err
	}
	if f.cell, err = c.activation(8, "tanh"); err != nil {
		return f, err
	}
	f.clip, err = c.floatIn(16, float32(math.Inf(1)))
	return f, err
}

// lstm is the layer of Hochreiter and Schmidhuber with forget gates and, where the
// program has them, peepholes (Gers et al., 2002) and a bound of the cell. Its gates
// lie in the order input, forget, output, cell, where PyTorch has input, forget,
// cell, output. Its two directions run one after the other over the same memory.
func lstm(c *Call) error {
	l := c.layer()
	if v := c.In(9); !slices.Equal(v.Shape(), c.In(1).Shape()) {
		return fmt.Errorf("initial_c of shape %v", v.ShapeCopy())
	}
	f, err := c.lstmFunctions()
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
	for d := range l.directions { // each starts from its half of the initial states
		s := &sides[d]
		c.each(l, d, func(x, h []float32) { l.lstmStep(s, &f, x, h) })
	}
	return nil
}

// lstmStep turns state h and the cell into the next ones. The input and the forget
// gate see the cell as it was, the output gate as it has become, after the bound.
func (l *recurrent) lstmStep(s *lstmSide, acts *lstmFunctions, x, h []float32) {
	n := l.hidden
	l.multiply(l.x, s.wx, x, s.bias)
	l.multiply(l.h, s.wh, h, nil)
	for k := range n {
		// Input, forget and output gate and the cell's new content.
		i, f, o, g := l.x[k]+l.h[k], l.x[n+k]+l.h[n+k], l.x[2*n+k]+l.h[2*n+k], l.x[3*n+k]+l.h[3*n+k]
		cell := l.cell[k]
		if s.peep != nil {
			i += s.peep[k] * cell
			f += s.peep[n+k] * cell
		}
		cell = acts.gate(f)*cell + acts.gate(i)*acts.content(g)
		cell = min(max(cell, -acts.clip), acts.clip)
		if s.peep != nil {
			o += s.peep[2*n+k] * cell
		}
		l.cell[k] = cell
		h[k] = acts.gate(o) * acts.cell(cell)
	}
}
