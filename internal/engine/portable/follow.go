package portable

import (
	"github.com/gocoreml/coreml/tensor"
)

// fits finds out before the prediction runs whether what it was given goes
// together: the inputs, the states and the caller's output buffers.
func (p *program) fits(fr *frame, outputs []*tensor.Tensor) error {
	if !fr.follows() {
		if err := fr.rehearse(); err != nil {
			return err
		}
	}
	return p.fitOutputs(fr, outputs)
}

// follows reports whether a prediction is the next of a series that needs no
// rehearsal: since the one before, dimensions of inputs stayed or grew by one, as
// they do from token to token, and the last rehearsal of such a step touched no
// output. What does not fit then, such as a cache that is full, is found by the
// operation that it concerns.
func (fr *frame) follows() bool {
	same := fr.series
	for k, n := range fr.Rows {
		same = same && fr.rowsBefore[k] == n
	}
	for _, s := range fr.plan.Inputs {
		m, v := &fr.memos[s], &fr.Values[s]
		same = same && m.rank == v.Rank
		for d := 0; same && d < v.Rank; d++ {
			same = v.Dims[d] == m.dims[d] || v.Dims[d] == m.dims[d]+1
		}
	}
	if !same {
		return false
	}
	for _, s := range fr.plan.Inputs {
		fr.memos[s].dims = fr.Values[s].Dims
	}
	fr.remembers = false // the slots will hold other shapes
	return true
}

// notice remembers whether a series begins: the rehearsal that has just ended was
// not the first and went through no step that makes an output.
func (fr *frame) notice(anew, touched bool) {
	fr.series = !anew && !touched
	fr.rowsBefore = append(fr.rowsBefore[:0], fr.Rows...)
}
