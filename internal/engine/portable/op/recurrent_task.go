package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// recurrentTask runs a layer. The products of the input are made for many steps at a
// time, those of the state step by step: there a unit of work is some hidden numbers of a
// direction, for all of the batch, with all of their gates, or else a direction.
//
// A product is a dot product in float32 in the order of the kernels; the bias is added to
// that, and the state's product to the input's. So neither threads nor the instruction
// set change a bit.
type recurrentTask struct {
	*recurrent
	env  *Env
	kind recurrentKind
	// The functions of gates, of the new content or candidate, and of an lstm's cell.
	gate, content, out gateFunction
	clip               float32 // of an lstm's cell
	after              bool    // of a gru: the reset gate is applied after the product

	sides   [2]recurrentSide
	results [3][]float32
	inputs  matmulTask
	// The steps whose inputs are multiplied, and the one that all threads are at.
	at, until, now int
	stage          int  // of a step: a gru's candidate has a product of its own
	block          int  // hidden numbers of a unit
	apart          bool // a unit is a direction
}

// recurrentKind is one of the three operators.
type recurrentKind uint8

const (
	kindRNN recurrentKind = iota
	kindGRU
	kindLSTM
)

// recurrentSide is one direction: its operands, and its memory.
type recurrentSide struct {
	wx, wh          []float32 // [gates·hidden, input] and [gates·hidden, hidden]
	bias, stateBias []float32 // of the products of the input and of the state; nil for zeros
	peep            []float32 // of an lstm, [3·hidden]; nil for none

	x, h    []float32    // products of the input, of some steps, and of the state
	states  [2][]float32 // in turns the last one and the next
	cell    []float32    // an lstm's cell; the state that a gru has reset
	first   int          // the step that x begins with
	perStep int          // elements of x for one step
}

// operands sets those of a direction, whose memory stays.
func (s *recurrentSide) operands(wx, wh, bias, stateBias, peep []float32) {
	s.wx, s.wh, s.bias, s.stateBias, s.peep = wx, wh, bias, stateBias, peep
}

const (
	// inputRows is about the number of vectors whose products are made at a time.
	inputRows = 128
	// hiddenBlock is the number of hidden numbers of a unit.
	hiddenBlock = 32
)

// prepare makes the memory of a direction and its first state.
func (t *recurrentTask) prepare(c *Call, d int) {
	s, rows, width := &t.sides[d], t.gates*t.hidden, t.directions*t.hidden
	s.perStep = t.batch * rows
	s.x = reuse(c.Env, s.x, t.stepsAtOnce()*s.perStep)
	s.h = reuse(c.Env, s.h, s.perStep)
	for k := range s.states {
		s.states[k] = reuse(c.Env, s.states[k], t.batch*t.hidden)
	}
	s.cell = reuse(c.Env, s.cell, t.batch*t.hidden)
	h0, c0 := c.F32(c.In(1)), []float32(nil)
	if t.kind == kindLSTM {
		c0 = c.F32(c.In(9))
	}
	for b := range t.batch {
		from, to := b*width+d*t.hidden, b*t.hidden
		copy(s.states[0][to:to+t.hidden], h0[from:])
		if c0 != nil {
			copy(s.cell[to:to+t.hidden], c0[from:])
		}
	}
}

// stepsAtOnce is the number of steps whose input is multiplied at a time.
func (t *recurrentTask) stepsAtOnce() int {
	return min(t.length, max(1, inputRows/max(1, t.batch)))
}

// run goes through the sequence. It comes after all operands were read, so that a
// refusal leaves the results alone.
func (t *recurrentTask) run(c *Call, l *recurrent) {
	t.recurrent, t.env, t.at, t.block = l, c.Env, 0, min(hiddenBlock, max(l.hidden, 1))
	for d := range l.directions {
		t.prepare(c, d)
	}
	for k := range c.Step.Out {
		t.results[k] = c.newF32(k)
	}
	threads := 1
	if c.Env.Pool != nil {
		if threads = c.Env.Pool.Threads(); c.Env.Threads > 0 {
			threads = min(threads, c.Env.Threads)
		}
	}
	t.apart = threads <= l.directions || l.directions*l.gates*l.hidden*l.hidden*l.batch < 1<<16
	x := c.F32(c.In(0))
	for t.at < l.length {
		t.until = min(t.at+t.stepsAtOnce(), l.length)
		for d := range l.directions {
			t.project(c, d, x)
		}
		t.steps()
		t.at = t.until
	}
	for d := range l.directions {
		t.last(d)
	}
	t.recurrent = nil
}

// project multiplies the inputs of the steps from this one on.
func (t *recurrentTask) project(c *Call, d int, x []float32) {
	s, rows := &t.sides[d], t.gates*t.hidden
	n := t.until - t.at
	s.first = t.at
	if t.backward(d) {
		s.first = t.length - t.at - n
	}
	vectors := n * t.batch
	dst := s.x[:vectors*rows]
	t.inputs.matmul(c, dst, x[s.first*t.batch*t.input:], s.wx, true, vectors, rows, t.input)
	c.addBias(dst, s.bias, rows)
}

// steps goes on to step until: each direction by a thread of its own where there are no
// more threads, which then never wait for one another, or else one step of all directions
// after another.
func (t *recurrentTask) steps() {
	if t.apart {
		t.env.Pool.For(t, t.directions, 1, t.env.Threads)
		t.env.Poll()
		return
	}
	for t.now = t.at; t.now < t.until; t.now++ {
		for t.stage = range t.stages() {
			t.env.Pool.For(t, t.directions*t.blocks(), 1, t.env.Threads)
			t.env.Poll()
		}
	}
}

// stages is the number of stages of a step.
func (t *recurrentTask) stages() int {
	if t.kind == kindGRU && !t.after {
		return 2
	}
	return 1
}

// blocks is the number of units of a direction and stage.
func (t *recurrentTask) blocks() int { return (t.hidden + t.block - 1) / t.block }

// Run computes units lo to hi-1, or whole directions.
func (t *recurrentTask) Run(lo, hi, _ int) {
	for u := lo; u < hi; u++ {
		if !t.apart {
			t.unit(u/t.blocks(), t.now, t.stage, u%t.blocks())
			continue
		}
		for at := t.at; at < t.until; at++ {
			for stage := range t.stages() {
				for k := range t.blocks() {
					t.unit(u, at, stage, k)
				}
			}
		}
	}
}

// unit computes block k of direction d.
func (t *recurrentTask) unit(d, at, stage, k int) {
	t.env.Poll()
	b := recurrentBlock{recurrentTask: t, d: d, at: at, stage: stage, from: k * t.block}
	b.to = min(b.from+t.block, t.hidden)
	b.side = &t.sides[b.d]
	b.old, b.next = b.side.states[at%2], b.side.states[1-at%2]
	switch t.kind {
	case kindRNN:
		b.rnn()
	case kindGRU:
		b.gru()
	default:
		b.lstm()
	}
	if stage == t.stages()-1 {
		b.give()
	}
}

// recurrentBlock is a unit: some hidden numbers of a direction in one step.
type recurrentBlock struct {
	*recurrentTask
	side      *recurrentSide
	d         int
	at, stage int       // the step
	from, to  int       // the hidden numbers
	old, next []float32 // states [batch, hidden]
}

// products multiplies states by the rows of gates first to end-1, and adds their bias.
func (b *recurrentBlock) products(states []float32, first, end int) {
	n, rows := b.to-b.from, b.gates*b.hidden
	for g := first; g < end; g++ {
		r := g*b.hidden + b.from
		kernel.MatMulUntil(b.env.stop, b.side.h[r:], rows, states, b.hidden, b.side.wh[r*b.hidden:], b.hidden, true, b.batch, n, b.hidden)
		for k := 0; k < b.batch && b.side.stateBias != nil; k++ {
			part := b.side.h[k*rows+r:][:n]
			kernel.Add(part, part, b.side.stateBias[r:r+n])
		}
	}
}

// gateOf returns the products of the input and of the state for gate g and element k of
// the batch.
func (b *recurrentBlock) gateOf(k, g int) (x, h []float32) {
	n := b.to - b.from
	from, _ := b.places(b.at, b.d)
	at := (k*b.gates+g)*b.hidden + b.from
	return b.side.x[(from-b.side.first)*b.side.perStep+at:][:n], b.side.h[at:][:n]
}

// part returns this block's numbers of element k in a matrix [batch, hidden].
func (b *recurrentBlock) part(v []float32, k int) []float32 {
	return v[k*b.hidden+b.from : k*b.hidden+b.to]
}

// give stores the new states in the result.
func (b *recurrentBlock) give() {
	_, to := b.places(b.at, b.d)
	width := b.directions * b.hidden
	for k := range b.batch {
		copy(b.results[0][(to*b.batch+k)*width+b.d*b.hidden+b.from:], b.part(b.next, k))
	}
}

// last stores the last state of a direction, and an lstm's cell.
func (t *recurrentTask) last(d int) {
	s, width := &t.sides[d], t.directions*t.hidden
	work := array.Counter{Poller: &t.env.Poller}
	for k := range t.batch {
		work.Add(t.hidden)
		from, to := k*t.hidden, k*width+d*t.hidden
		copy(t.results[1][to:], s.states[t.length%2][from:from+t.hidden])
		if t.kind == kindLSTM {
			copy(t.results[2][to:], s.cell[from:from+t.hidden])
		}
	}
}
