package op

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
	// Both products are made before h changes: every hidden number depends on all.
	c.each(l, 0, func(x, h []float32) {
		l.multiply(l.x, wx, x, bias)
		l.multiply(l.h, wh, h, nil)
		for k := range h {
			h[k] = act(l.x[k] + l.h[k])
		}
	})
	return nil
}

// gruGates are the operands of a gru besides x and the state. Rows lie in the order
// reset, output, update, where PyTorch has reset, update, new.
type gruGates struct {
	wx, wh          []float32             // [3·hidden, input] and [3·hidden, hidden]
	bias, inputBias []float32             // of the state's and of the input's product; nil for zeros
	inner, act      func(float32) float32 // of the gates and of the candidate
	after           bool                  // reset_after
}

// gruGates reads the operands of a layer. Where reset_after is false the two biases
// could be one; before iOS18 there was only the one that bias names.
func (c *Call) gruGates(l *recurrent) (g gruGates, err error) {
	if g.bias, err = c.vector(4, 3*l.hidden); err != nil {
		return g, err
	}
	if g.inputBias, err = c.vector(10, 3*l.hidden); err != nil {
		return g, err
	}
	if g.inner, err = c.activation(7, "sigmoid"); err != nil {
		return g, err
	}
	if g.act, err = c.activation(8, "tanh"); err != nil {
		return g, err
	}
	if g.after, err = c.BoolIn(9, false); err != nil {
		return g, err
	}
	g.wx, g.wh = c.F32(c.In(2)), c.F32(c.In(3))
	return g, nil
}

// gru is h = (1-z)·o + z·h with the gates r and z and the candidate o. The reset
// gate r is applied to the state before the candidate's product (Cho et al., 2014),
// or with reset_after to the product, which is the form of PyTorch and cuDNN. Only
// there does it matter which of the two biases a program has.
func gru(c *Call) error {
	l := c.layer()
	g, err := c.gruGates(l)
	if err != nil {
		return err
	}
	l.begin(c)
	c.each(l, 0, func(x, h []float32) { l.gruStep(&g, x, h) })
	return nil
}

// gruStep turns state h into the next one. Gates are added up in float32, their two
// products each rounded once before.
func (l *recurrent) gruStep(g *gruGates, x, h []float32) {
	n := l.hidden // rows 0 to n-1 are reset, to 2n-1 the candidate, to 3n-1 update
	l.multiply(l.x, g.wx, x, g.inputBias)
	l.multiply(l.h, g.wh, h, g.bias)
	reset := l.cell // a gru has no cell
	for k := range n {
		r := g.inner(l.x[k] + l.h[k])
		reset[k] = r * h[k]
		if g.after {
			l.h[n+k] *= r
		}
	}
	if !g.after {
		// The candidate's product of the whole state, which l.h has, is not the one
		// wanted: it is computed again from the state that was reset.
		var bias []float32
		if g.bias != nil {
			bias = g.bias[n : 2*n]
		}
		l.multiply(l.h[n:2*n], g.wh[n*n:2*n*n], reset, bias)
	}
	for k := range n {
		z := g.inner(l.x[2*n+k] + l.h[2*n+k])
		h[k] = (1-z)*g.act(l.x[n+k]+l.h[n+k]) + z*h[k]
	}
}
