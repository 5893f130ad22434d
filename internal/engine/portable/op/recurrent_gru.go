package op

import "github.com/gocoreml/coreml/internal/kernel"

// rnn and gru, with their operands by number. Both give the states and the last one.
// What they share with lstm is in recurrent.go.
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
	)
}

// rnn is a layer of one gate: h = activation(W·x + R·h + b). It is PyTorch's RNN
// with the two biases added.
func rnn(c *Call) error {
	l := c.layer()
	t := &l.task
	bias, err := c.vector(4, l.hidden)
	if err != nil {
		return err
	}
	if t.content, err = c.activation(7, "tanh"); err != nil {
		return err
	}
	t.kind = kindRNN
	t.sides[0].operands(c.F32(c.In(2)), c.F32(c.In(3)), bias, nil, nil)
	t.run(c, l)
	return nil
}

// rnn computes the states of a block.
func (b *recurrentBlock) rnn() {
	b.products(b.old, 0, 1)
	for k := range b.batch {
		x, h := b.gateOf(k, 0)
		kernel.Add(h, x, h)
		b.content(b.part(b.next, k), h)
	}
}

// gru is h = (1-z)·o + z·h with the gates r and z and the candidate o. The reset
// gate r is applied to the state before the candidate's product (Cho et al., 2014),
// or with reset_after to the product, which is the form of PyTorch and cuDNN. Only
// there does it matter which of the two biases a program has; before iOS18 there was only
// the one that bias names. Rows lie in the order reset, output, update, where PyTorch has
// reset, update, new.
func gru(c *Call) error {
	l := c.layer()
	t := &l.task
	bias, err := c.vector(4, 3*l.hidden)
	if err != nil {
		return err
	}
	inputBias, err := c.vector(10, 3*l.hidden)
	if err != nil {
		return err
	}
	if t.gate, err = c.activation(7, "sigmoid"); err != nil {
		return err
	}
	if t.content, err = c.activation(8, "tanh"); err != nil {
		return err
	}
	if t.after, err = c.BoolIn(9, false); err != nil {
		return err
	}
	t.kind = kindGRU
	t.sides[0].operands(c.F32(c.In(2)), c.F32(c.In(3)), inputBias, bias, nil)
	t.run(c, l)
	return nil
}

// The gates of a gru.
const (
	gruReset = iota
	gruCandidate
	gruUpdate
)

// gru computes the states of a block, or in the first of two stages the states as the
// reset gate leaves them: the candidate's product needs all of those.
func (b *recurrentBlock) gru() {
	if b.stage == 1 {
		b.products(b.side.cell, gruCandidate, gruCandidate+1)
		b.update()
		return
	}
	b.products(b.old, gruReset, gruReset+1)
	for k := range b.batch {
		x, h := b.gateOf(k, gruReset)
		kernel.Add(h, x, h)
		b.gate(x, h)
		kernel.Mul(b.part(b.side.cell, k), x, b.part(b.old, k))
	}
	if b.after {
		b.products(b.old, gruCandidate, gruCandidate+1)
		for k := range b.batch {
			r, _ := b.gateOf(k, gruReset)
			_, h := b.gateOf(k, gruCandidate)
			kernel.Mul(h, h, r)
		}
		b.update()
	}
}

// update makes the new state of the old one and the candidate, whose products are there.
func (b *recurrentBlock) update() {
	b.products(b.old, gruUpdate, gruUpdate+1)
	for k := range b.batch {
		z, h := b.gateOf(k, gruUpdate)
		kernel.Add(h, z, h)
		b.gate(z, h)
		o, h := b.gateOf(k, gruCandidate)
		kernel.Add(h, o, h)
		b.content(o, h)
		old, next := b.part(b.old, k), b.part(b.next, k)
		for i := range next {
			next[i] = float32((1-z[i])*o[i]) + float32(z[i]*old[i])
		}
	}
}
