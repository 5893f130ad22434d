package tensor

import "math"

// Where returns a where cond is true and b elsewhere. The three broadcast to a
// common shape; cond is a Bool tensor, a and b have one type.
func Where(cond, a, b *Tensor) *Tensor {
	if err := firstErr(cond, a, b); err != nil {
		return failed(err)
	}
	if cond.dtype != Bool || a.dtype != b.dtype {
		return fail("where", ErrDType, "%v ? %v : %v", cond.dtype, a.dtype, b.dtype)
	}
	views, err := broadcastAll("where", cond, a, b)
	if err != nil {
		return failed(err)
	}
	out := views[2].clone()
	if out.err != nil {
		return out
	}
	switch out.dtype.Size() {
	case 1:
		choose[uint8](out, views[0], views[1])
	case 2:
		choose[uint16](out, views[0], views[1])
	case 4:
		choose[uint32](out, views[0], views[1])
	default:
		choose[uint64](out, views[0], views[1])
	}
	return out
}

// choose overwrites out with a where cond is true. Elements are as wide as W.
func choose[W uint8 | uint16 | uint32 | uint64](out, cond, a *Tensor) {
	var cw, aw walker
	cw.init(cond)
	aw.init(a)
	c, src, dst := cond.data, elems[W](a), elems[W](out)
	for pos := 0; pos < out.length; {
		n := min(cw.avail(), aw.avail())
		ci, ai := cw.take(n), aw.take(n)
		for i := range n {
			if c[ci] != 0 {
				dst[pos+i] = src[ai]
			}
			ci += cw.stride()
			ai += aw.stride()
		}
		pos += n
	}
}

// Replace returns t with the elements of with where mask is true: [Where] with
// t as the other choice. A mask of logits is one such use:
//
//	logits.Replace(logits.Scalar(math.Inf(-1)), banned)
func (t *Tensor) Replace(with, mask *Tensor) *Tensor { return Where(mask, with, t) }

// Clamp returns every element limited to lo ≤ x ≤ hi; NaN stays. An infinite
// limit is none. For integers the limits are rounded inwards.
func (t *Tensor) Clamp(lo, hi float64) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if !(lo <= hi) {
		return fail("clamp", ErrValue, "limits %g and %g", lo, hi)
	}
	l := saturateFloat(math.Ceil(lo), math.MinInt64, math.MaxInt64)
	h := saturateFloat(math.Floor(hi), math.MinInt64, math.MaxInt64)
	return unary(&unaryOp{
		name: "clamp",
		i64:  each(func(v int64) int64 { return min(max(v, l), h) }),
		f32:  each(func(v float32) float32 { return min(max(v, float32(lo)), float32(hi)) }),
		f64:  each(func(v float64) float64 { return min(max(v, lo), hi) }),
	}, t)
}

// BandPart returns t with zeros outside of a band around the diagonal of every
// matrix in its last two axes: lower diagonals below it and upper ones above it
// stay. A negative count keeps all. BandPart(-1, 0) is the lower triangle, and
// so the shape of a causal mask.
func (t *Tensor) BandPart(lower, upper int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	rank := len(t.shape)
	if rank < 2 {
		return fail("band part", ErrShape, "%v has no matrices", t.shape)
	}
	out := t.clone()
	if out.err != nil || out.length == 0 {
		return out
	}
	rows, cols, size := t.shape[rank-2], t.shape[rank-1], t.dtype.Size()
	for line := range out.length / cols {
		i := line % rows
		row := out.data[line*cols*size:][:cols*size]
		if lower >= 0 && i > lower {
			clear(row[:min(i-lower, cols)*size])
		}
		if upper >= 0 && upper < cols-1-i {
			clear(row[(i+upper+1)*size:])
		}
	}
	return out
}
