package tensor

import "github.com/gocoreml/coreml/internal/samebits"

// Softmax returns e^(x-m) / Σ e^(x-m) along an axis, where m is the greatest
// element of the row and is subtracted in float32, or in float64 for Float64.
// The tensor must be floating-point. A row of nothing but -Inf, or with +Inf
// or NaN, gives NaN.
func (t *Tensor) Softmax(axis int) *Tensor { return softmax("softmax", t, axis, false) }

// LogSoftmax returns the logarithm of [Tensor.Softmax], without forming the
// small numbers in between.
func (t *Tensor) LogSoftmax(axis int) *Tensor { return softmax("log softmax", t, axis, true) }

// softmax is both forms. A row is held in memory whole, since it is read twice.
func softmax(op string, t *Tensor, axis int, log bool) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if !t.dtype.IsFloat() {
		return fail(op, ErrDType, "not defined for %v", t.dtype)
	}
	if err := checkBuffer(op, t.Dim(axis), wide(t.dtype).Size()); err != nil {
		return failed(err)
	}
	return alongRows(op, t, axis, func(out, rows *Tensor) {
		if t.dtype == Float64 {
			softmaxRows[float64](out, rows, log)
			return
		}
		softmaxRows[float32](out, rows, log)
	})
}

func softmaxRows[C float32 | float64](out, rows *Tensor, log bool) {
	dim := rows.Dim(-1)
	r, w := newReader[C](rows), newWriter[C](out)
	for done := 0; done < out.length; done += dim {
		row := w.next(dim)
		copy(row, r.next(dim))
		if log {
			logSoftmaxRow(row)
		} else {
			softmaxRow(row)
		}
		w.flush(row)
	}
}

// softmaxRow takes exponents in float64 and adds them up there, in order: a vocabulary has
// a hundred thousand terms, of which float32 would lose the small ones. Only the greatest
// element is subtracted in C, where the difference of two near numbers is exact.
func softmaxRow[C float32 | float64](row []C) {
	top := highest(row)
	sum := 0.0
	for i, v := range row {
		e := samebits.Exp(float64(v - top))
		sum += e
		row[i] = C(e)
	}
	scale := 1 / sum
	for i, v := range row {
		row[i] = C(float64(v) * scale)
	}
}

// logSoftmaxRow subtracts the logarithm of the sum: of a probability below the least
// number of the type, the logarithm is still there.
func logSoftmaxRow[C float32 | float64](row []C) {
	top := highest(row)
	sum := 0.0
	for _, v := range row {
		sum += samebits.Exp(float64(v - top))
	}
	log := samebits.Log(sum)
	for i, v := range row {
		row[i] = C(float64(v-top) - log)
	}
}

// highest returns the greatest element, NaN where there is one: max passes it on, and all
// of the row becomes NaN.
func highest[C float32 | float64](row []C) C {
	top := row[0]
	for _, v := range row[1:] {
		top = max(top, v)
	}
	return top
}
