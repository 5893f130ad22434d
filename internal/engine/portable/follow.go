package portable

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// fits finds out before the prediction runs whether what it was given goes
// together: the inputs, the states and the caller's output buffers. It returns
// an error before anything has been computed or written. A prediction that
// follows the one before costs only a comparison of dimensions.
func (p *program) fits(fr *frame, outputs []*tensor.Tensor) error {
	if !fr.follows() {
		if err := fr.rehearse(); err != nil {
			return p.unfit(fr, err)
		}
	}
	return p.fitOutputs(fr, outputs)
}

// unfit names the inputs, with their shapes, in an error of shapes that a
// rehearsal found: an operation's own error does not say which of them to
// change. Other errors stay as they are.
func (p *program) unfit(fr *frame, err error) error {
	if !errors.Is(err, tensor.ErrShape) {
		return err
	}
	var shapes []string
	for k, s := range p.inputs {
		if s < 0 {
			continue
		}
		if len(shapes) == maxQuotedInputs {
			shapes = append(shapes, "...")
			break
		}
		shapes = append(shapes, fmt.Sprintf("%s %v", mil.Plain(p.desc.Inputs[k].Name), fr.Values[s].ShapeCopy()))
	}
	if len(shapes) == 0 {
		return err
	}
	return fmt.Errorf("the inputs' shapes do not go together: %s: %w", strings.Join(shapes, ", "), err)
}

// follows reports whether a prediction is the next of a series that needs no
// rehearsal: since the one before, the dimensions of inputs stayed or grew by one, as
// they do from token to token and each as it did in the last rehearsal, which
// touched no output; and what the inputs hold is what the watched steps accept. A cache
// that is full is found by the operation that it concerns. That is the one place where
// an error of shapes may come after a write to a state; a rehearsal for each token would
// be felt in small models.
func (fr *frame) follows() bool {
	if !fr.series || !fr.grown() {
		return false
	}
	fr.remembers, fr.series = false, false // the slots will hold other shapes
	fr.series = fr.accepts()
	return fr.series
}

// grown reports whether rows and dimensions are those of the next prediction.
func (fr *frame) grown() bool {
	same := true
	for k, n := range fr.Rows {
		same = same && fr.rowsBefore[k] == n
	}
	for _, s := range fr.plan.Inputs {
		m, v := &fr.memos[s], &fr.Values[s]
		same = same && m.rank == v.Rank
		for d := 0; same && d < v.Rank; d++ {
			same = v.Dims[d] == m.dims[d]+m.growth[d] && m.growth[d] >= 0 && m.growth[d] <= 1
		}
	}
	return same
}

// notice remembers whether a series begins: the rehearsal that has just ended
// was not the first and went through no step that makes an output. The first
// rehearsal has nothing to compare with. A step that makes an output would have
// to be looked at for the caller's buffer.
func (fr *frame) notice(anew, touched bool) {
	fr.series = !anew && !touched && fr.watch()
	fr.rowsBefore = append(fr.rowsBefore[:0], fr.Rows...)
}
