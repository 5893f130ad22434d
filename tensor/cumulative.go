package tensor

// CumulativeSum returns the running sum along an axis. Floating-point sums are
// kept in float64 and rounded for each element; integers wrap around.
func (t *Tensor) CumulativeSum(axis int) *Tensor {
	return cumulative("cumulative sum", t, axis, 0,
		func(acc, v int64) int64 { return acc + v },
		func(acc, v float64) float64 { return acc + v })
}

// CumulativeProduct returns the running product along an axis, by the rules of
// [Tensor.CumulativeSum].
func (t *Tensor) CumulativeProduct(axis int) *Tensor {
	return cumulative("cumulative product", t, axis, 1,
		func(acc, v int64) int64 { return acc * v },
		func(acc, v float64) float64 { return acc * v })
}

func cumulative(op string, t *Tensor, axis int, first int64,
	ints func(acc, v int64) int64, floats func(acc, v float64) float64,
) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if t.dtype == Bool {
		return fail(op, ErrDType, "not defined for %v", t.dtype)
	}
	return alongRows(op, t, axis, func(out, rows *Tensor) {
		switch t.dtype.class() {
		case classFloat:
			running[float64, float32](out, rows, float64(first), floats)
		case classFloat64:
			running[float64, float64](out, rows, float64(first), floats)
		default:
			running[int64, int64](out, rows, first, ints)
		}
	})
}

// running stores the accumulator after each element. It is never read back from the
// result, where it is rounded: 2048 and three ones end at 2052 in halfs, not at 2048.
func running[A int64 | float64, C compute](out, rows *Tensor, first A, f func(A, A) A) {
	dim := rows.Dim(-1)
	r, w := newReader[C](rows), newWriter[A](out)
	for done := 0; done < out.length; done += dim {
		acc := first
		for left := dim; left > 0; {
			n := min(chunk, left)
			src, dst := r.next(n), w.next(n)
			for i, v := range src {
				acc = f(acc, A(v))
				dst[i] = acc
			}
			w.flush(dst)
			left -= n
		}
	}
}

// alongRows calls f with a view of t that has the axis last, and with a fresh
// tensor of the same type and shape for its results, which are returned with
// the axis in its old place.
func alongRows(op string, t *Tensor, axis int, f func(out, rows *Tensor)) *Tensor {
	a, err := axisOf(op, axis, t)
	if err != nil {
		return failed(err)
	}
	rows := t.moveLast(a)
	out := alloc(op, t.dtype, rows.shape)
	if out.err != nil {
		return out
	}
	if out.length > 0 {
		f(out, rows)
	}
	return out.moveFromLast(a).Contiguous()
}
