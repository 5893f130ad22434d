package tensor

import "math"

// Sample draws one position from each row of the last axis, with the
// probabilities that the row holds, and returns them as an Int32 tensor without
// that axis. The numbers of a row need not add up to 1, as after a top-k cut,
// but none may be negative or not finite and one must be above zero. The same
// seed and the same probabilities give the same draws.
//
//	probs := logits.Div(logits.Scalar(0.7)).Softmax(-1)
//	next := probs.Sample(seed)
func (t *Tensor) Sample(seed uint64) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if !t.dtype.IsFloat() {
		return fail("sample", ErrDType, "not defined for %v", t.dtype)
	}
	rows, err := indexRows("sample", t, -1)
	if err != nil {
		return failed(err)
	}
	if err := checkBuffer("sample", rows.Dim(-1), wide(t.dtype).Size()); err != nil {
		return failed(err)
	}
	out := alloc("sample", Int32, rows.shape[:len(rows.shape)-1])
	if out.err != nil {
		return out
	}
	if t.dtype == Float64 {
		err = sampleRows[float64](out, rows, seed)
	} else {
		err = sampleRows[float32](out, rows, seed)
	}
	if err != nil {
		return failed(err)
	}
	return out
}

func sampleRows[C float32 | float64](out, rows *Tensor, seed uint64) error {
	dim := rows.Dim(-1)
	r, random := newReader[C](rows), newRand(seed)
	dst := elems[int32](out)
	for i := range dst {
		row := r.next(dim)
		sum := 0.0
		for _, v := range row {
			if !(v >= 0) {
				return opError("sample", ErrValue, "row %d has a probability of %v", i, v)
			}
			sum += float64(v)
		}
		if !(sum > 0) || math.IsInf(sum, 0) {
			return opError("sample", ErrValue, "the probabilities of row %d add up to %v", i, sum)
		}
		dst[i] = int32(pickWeighted(row, float64(random.Float64()*sum)))
	}
	return nil
}

// pickWeighted returns the position in whose share of the sum at lies, never
// one with no share.
func pickWeighted[C float32 | float64](row []C, at float64) int {
	sum, last := 0.0, 0
	for i, v := range row {
		if v == 0 {
			continue
		}
		last = i
		if sum += float64(v); at < sum {
			break
		}
	}
	return last
}
