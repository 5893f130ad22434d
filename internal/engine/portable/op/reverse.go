package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// reverse(x, axes = all) and reverse_sequence(x, lengths, seq_axis = 0, batch_axis = 0).
// Source: coremltools, mil/ops/defs/iOS15/tensor_transformation.py. Both copy: the loops
// over values know no step backward.
func init() {
	add(
		Operator{Name: "reverse", Params: in("x", "axes"), Eval: reverse, Check: checkAxes, Exact: true},
		Operator{Name: "reverse_sequence", Params: in("x", "lengths!", "seq_axis.", "batch_axis."), Eval: reverseSequence, Check: checkSequences, Exact: true},
	)
}

// reverse turns the listed axes round; all of them without a list. It is a window that
// runs backward, which is copied.
func reverse(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	var w window
	for d, n := range x.Shape() {
		w.begin[d], w.step[d], w.count[d] = 0, 1, n
		if set[d] && n > 0 {
			w.begin[d], w.step[d] = n-1, -1
		}
	}
	return c.cutCopy(x, &w)
}

// reverseSequence turns round the first lengths[b] elements along seq_axis for
// every index b of batch_axis and leaves the rest, which is padding, where it is. It is
// tf.reverse_sequence.
func reverseSequence(c *Call) error {
	x, lengths := c.In(0), c.intsIn(1)
	seq, batch, err := c.sequences()
	if err != nil {
		return err
	}
	f, i, err := c.moved(x)
	if err != nil {
		return err
	}
	out := c.out(0)
	if f == nil {
		turnLanes(&c.Env.Poller, out.I32, i, x, lengths, seq, batch)
	} else {
		turnLanes(&c.Env.Poller, out.F32, f, x, lengths, seq, batch)
	}
	return nil
}

// sequences returns the axes of reverse_sequence after a check of the lengths: one for
// each element of the batch, none longer than the axis.
func (c *Call) sequences() (seq, batch int, err error) {
	x := c.In(0)
	if seq, err = c.axisIn(2, 0, x); err != nil {
		return 0, 0, err
	}
	if batch, err = c.axisIn(3, 0, x); err != nil {
		return 0, 0, err
	}
	if n := c.In(1).Len(); n != x.Dims[batch] {
		return 0, 0, fmt.Errorf("%d lengths for dimension %d of %d", n, batch, x.Dims[batch])
	}
	for _, n := range c.intsIn(1) {
		if n < 0 || int(n) > x.Dims[seq] {
			return 0, 0, fmt.Errorf("length %d is outside dimension %d of %d", n, seq, x.Dims[seq])
		}
	}
	return seq, batch, nil
}

// turnLanes copies src to dst, which are shaped like x, element by element: place s of
// the first n along seq comes from n-1-s, places behind them stay.
func turnLanes[T any](p *array.Poller, dst, src []T, x *array.Value, lengths []int32, seq, batch int) {
	inSeq, inBatch := x.Span(seq+1, x.Rank), x.Span(batch+1, x.Rank)
	work := array.Counter{Poller: p}
	for k := range x.Len() {
		work.Add(4)
		s, b := k/inSeq%x.Dims[seq], k/inBatch%x.Dims[batch]
		from := k
		// n-1-s is n-1-2s places along the axis from s.
		if n := int(lengths[b]); s < n {
			from = k + (n-1-2*s)*inSeq
		}
		dst[k] = src[from]
	}
}
