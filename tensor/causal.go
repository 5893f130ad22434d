package tensor

import "math"

// CausalMaskOptions is what a causal mask may have besides its plain form. A nil
// *CausalMaskOptions is the same as a zero one.
type CausalMaskOptions struct {
	// Fill is what a mask of floats holds where a token may not look. 0 means
	// minus infinity; some packages want a large negative number instead, such as
	// -10000. A number that the type does not hold, such as -1e9 for Float16, whose
	// least is -65504, is an error. A mask of another type has no use for Fill.
	Fill float64
	// Window is the number of tokens that a token sees, itself included: those of
	// a sliding window. 0 means all before it.
	Window int
	// Rows is the number of rows where it is more than that of the tokens, for
	// models that take a fixed number: the rows behind are those of padding. They
	// see what the last token sees, so that no row is hidden whole, whose softmax
	// would be NaN. 0 means a row for each token.
	Rows int
	// Width is the number of columns where it is more than past tokens and new
	// ones together, for caches of a fixed size: no token sees the columns behind.
	// 0 means none behind.
	Width int
}

// CausalMask returns the mask of attention for q tokens that follow past others,
// of shape [1, 1, q, past+q] and the given type: the token of row i sees the
// columns up to past+i, itself, and none behind. It is what a language model's
// package takes as causalMask when it is driven by Predict alone.
//
// A mask of floats is added to the scores: 0 where a token may look, and minus
// infinity, or opts.Fill, where it may not. A mask of any other type is 1 (true)
// where a token may look and 0 (false) where it may not.
func CausalMask(dtype DType, q, past int, opts *CausalMaskOptions) *Tensor {
	const op = "causal mask"
	var o CausalMaskOptions
	if opts != nil {
		o = *opts
	}
	if q < 1 || past < 0 || past > MaxBytes-q {
		return fail(op, ErrShape, "%d tokens after %d", q, past)
	}
	rows, width := o.Rows, o.Width
	if rows == 0 {
		rows = q
	}
	if width == 0 {
		width = past + q
	}
	switch {
	case rows < q || width < past+q:
		return fail(op, ErrShape, "%d rows of %d columns for %d tokens after %d", rows, width, q, past)
	case o.Window < 0:
		return fail(op, ErrValue, "a window of %d tokens", o.Window)
	case math.IsNaN(o.Fill) || o.Fill > 0:
		return fail(op, ErrValue, "a fill of %v, want a number below 0", o.Fill)
	}
	if err := fillFits(dtype, o.Fill); err != nil {
		return failed(err)
	}
	seen, hidden := 1.0, 0.0
	if dtype.IsFloat() {
		seen, hidden = 0, o.Fill
		if hidden == 0 {
			hidden = math.Inf(-1)
		}
	}
	out := Fill(dtype, hidden, 1, 1, rows, width)
	if out.err != nil {
		return out
	}
	one := Fill(dtype, seen, width)
	for i := range rows {
		last := past + min(i, q-1)
		first := 0
		if o.Window > 0 {
			first = max(last+1-o.Window, 0)
		}
		size := dtype.Size()
		copy(out.data[(i*width+first)*size:(i*width+last+1)*size], one.data)
	}
	return out
}

// leastOf are the least numbers of the floating-point types that are narrower
// than that of a fill.
var leastOf = map[DType]float64{Float16: -65504, Float32: -math.MaxFloat32}

// fillFits refuses a fill that would become minus infinity, which makes other
// numbers of the softmax than the one asked for, or 0, which hides nothing.
func fillFits(dtype DType, fill float64) error {
	least, ok := leastOf[dtype]
	if !ok || fill == 0 || math.IsInf(fill, -1) {
		return nil
	}
	if got := Fill(dtype, fill).item(); math.IsInf(got, -1) || got == 0 {
		return opError("causal mask", ErrValue, "a fill of %v, which %v does not hold: want a number from %v up to one that is not rounded to 0, or 0 for minus infinity", fill, dtype, least)
	}
	return nil
}

// item returns the number that a tensor of one element holds.
func (t *Tensor) item() float64 {
	x, _ := Item[float64](t) // of one element
	return x
}
