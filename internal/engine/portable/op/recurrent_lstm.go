package op

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/kernel"
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

// lstmOperands are the operands of each direction, in the order of lstmSide. The check
// of a rehearsal goes through them too.
var lstmOperands = [2][4]int{{2, 3, 4, 10}, {11, 12, 13, 14}}

// errNoBackward is the fault of a bidirectional layer with the weights of one.
var errNoBackward = errors.New("the weights of the backward direction are missing")

// side reads the operands of direction d. Weights of the backward direction are absent
// from most programs, and bias and peephole, by which the gates see the cell, in the order
// input, forget, output, may be from all.
func (c *Call) side(l *recurrent, d int) error {
	at := lstmOperands[d]
	rows := l.gates * l.hidden
	wx, err := c.vector(at[0], rows*l.input)
	if err != nil {
		return err
	}
	wh, err := c.vector(at[1], rows*l.hidden)
	if err != nil {
		return err
	}
	bias, err := c.vector(at[2], rows)
	if err != nil {
		return err
	}
	peep, err := c.vector(at[3], 3*l.hidden)
	if err != nil {
		return err
	}
	if wx == nil || wh == nil {
		return errNoBackward
	}
	l.task.sides[d].operands(wx, wh, bias, nil, peep)
	return nil
}

// lstmFunctions reads the operands of a layer that all directions share: the functions of
// the gates, of the cell's new content and of the cell, and the bound of the cell.
func (c *Call) lstmFunctions(t *recurrentTask) (err error) {
	if t.gate, err = c.activation(7, "sigmoid"); err != nil {
		return err
	}
	if t.content, err = c.activation(15, "tanh"); err != nil {
		return err
	}
	if t.out, err = c.activation(8, "tanh"); err != nil {
		return err
	}
	t.clip, err = c.floatIn(16, float32(math.Inf(1)))
	return err
}

// lstm is the layer of Hochreiter and Schmidhuber with forget gates and, where the
// program has them, peepholes (Gers et al., 2002) and a bound of the cell. Its gates
// lie in the order input, forget, output, cell, where PyTorch has input, forget,
// cell, output.
func lstm(c *Call) error {
	l := c.layer()
	if v := c.In(9); !slices.Equal(v.Shape(), c.In(1).Shape()) {
		return fmt.Errorf("initial_c of shape %v", v.ShapeCopy())
	}
	if err := c.lstmFunctions(&l.task); err != nil {
		return err
	}
	for d := range l.directions {
		if err := c.side(l, d); err != nil {
			return err
		}
	}
	l.task.kind = kindLSTM
	l.task.run(c, l)
	return nil
}

// The gates of an lstm, of which the last is the cell's new content.
const (
	lstmInput = iota
	lstmForget
	lstmOutput
	lstmContent
)

// lstm computes the states of a block and its cell. The input and the forget gate see the
// cell as it was, the output gate as it has become, after the bound.
func (b *recurrentBlock) lstm() {
	b.products(b.old, lstmInput, lstmContent+1)
	for k := range b.batch {
		cell, next := b.part(b.side.cell, k), b.part(b.next, k)
		i, f := b.lstmGate(k, lstmInput, 0, cell), b.lstmGate(k, lstmForget, 1, cell)
		g, h := b.gateOf(k, lstmContent)
		kernel.Add(h, g, h)
		b.content(g, h)
		for j := range cell {
			v := float32(f[j]*cell[j]) + float32(i[j]*g[j])
			cell[j] = min(max(v, -b.clip), b.clip)
		}
		o := b.lstmGate(k, lstmOutput, 2, cell)
		b.out(next, cell)
		kernel.Mul(next, next, o)
	}
}

// lstmGate returns a gate, which sees the cell through row peep of the peepholes. It lies
// where the product of the input was.
func (b *recurrentBlock) lstmGate(k, gate, peep int, cell []float32) []float32 {
	x, h := b.gateOf(k, gate)
	kernel.Add(h, x, h)
	if b.side.peep != nil {
		for j, w := range b.side.peep[peep*b.hidden+b.from:][:len(h)] {
			h[j] += float32(w * cell[j])
		}
	}
	b.gate(x, h)
	return x
}
