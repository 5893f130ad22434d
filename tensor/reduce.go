package tensor

import (
	"math"
	"slices"
)

// Sum adds up the elements along axes, all of them when axes is empty. With
// keepDims the axes stay with size 1. Floating-point sums are formed in float64
// and rounded once; integers wrap around. The sum of nothing is 0.
func (t *Tensor) Sum(axes []int, keepDims bool) *Tensor { return reduce(&sumOp, t, axes, keepDims) }

// Mean returns the mean along axes, of floating-point tensors only, by the
// rules of [Tensor.Sum]. The mean of nothing is NaN.
func (t *Tensor) Mean(axes []int, keepDims bool) *Tensor { return reduce(&meanOp, t, axes, keepDims) }

// Product multiplies the elements along axes, by the rules of [Tensor.Sum].
// The product of nothing is 1.
func (t *Tensor) Product(axes []int, keepDims bool) *Tensor {
	return reduce(&productOp, t, axes, keepDims)
}

// Min returns the smallest element along axes, and NaN where there is one. The
// axes must not be empty; see [Tensor.Sum] for the arguments.
func (t *Tensor) Min(axes []int, keepDims bool) *Tensor { return reduce(&lowestOp, t, axes, keepDims) }

// Max returns the greatest element along axes, and NaN where there is one. The
// axes must not be empty; see [Tensor.Sum] for the arguments.
func (t *Tensor) Max(axes []int, keepDims bool) *Tensor { return reduce(&highestOp, t, axes, keepDims) }

// All reports, for a Bool tensor, whether every element along axes is true. It
// is so for no elements.
func (t *Tensor) All(axes []int, keepDims bool) *Tensor { return reduce(&allOp, t, axes, keepDims) }

// Any reports, for a Bool tensor, whether an element along axes is true.
func (t *Tensor) Any(axes []int, keepDims bool) *Tensor { return reduce(&anyOp, t, axes, keepDims) }

// reduceOp folds elements into an accumulator: int64 for integers and Bool,
// float64 for floats.
type reduceOp struct {
	name      string
	initInt   int64
	initFloat float64
	i64       func(acc int64, v []int64) int64
	f32       func(acc float64, v []float32) float64
	f64       func(acc float64, v []float64) float64
	boolean   bool // for Bool only, else for numbers only
	nonempty  bool
	mean      bool
}

var (
	sumOp = reduceOp{
		name: "sum",
		i64:  sumOf[int64, int64], f32: sumOf[float64, float32], f64: sumOf[float64, float64],
	}
	meanOp = reduceOp{
		name: "mean", mean: true,
		f32: sumOf[float64, float32], f64: sumOf[float64, float64],
	}
	productOp = reduceOp{
		name: "product", initInt: 1, initFloat: 1,
		i64: productOf[int64, int64], f32: productOf[float64, float32], f64: productOf[float64, float64],
	}
	lowestOp = reduceOp{
		name: "min", initInt: math.MaxInt64, initFloat: math.Inf(1), nonempty: true,
		i64: lowestOf[int64, int64], f32: lowestOf[float64, float32], f64: lowestOf[float64, float64],
	}
	highestOp = reduceOp{
		name: "max", initInt: math.MinInt64, initFloat: math.Inf(-1), nonempty: true,
		i64: highestOf[int64, int64], f32: highestOf[float64, float32], f64: highestOf[float64, float64],
	}
	allOp = reduceOp{name: "all", initInt: 1, boolean: true, i64: lowestOf[int64, int64]}
	anyOp = reduceOp{name: "any", boolean: true, i64: highestOf[int64, int64]}
)

func sumOf[A int64 | float64, C compute](acc A, v []C) A {
	for _, x := range v {
		acc += A(x)
	}
	return acc
}

func productOf[A int64 | float64, C compute](acc A, v []C) A {
	for _, x := range v {
		acc *= A(x)
	}
	return acc
}

func lowestOf[A int64 | float64, C compute](acc A, v []C) A {
	for _, x := range v {
		acc = min(acc, A(x))
	}
	return acc
}

func highestOf[A int64 | float64, C compute](acc A, v []C) A {
	for _, x := range v {
		acc = max(acc, A(x))
	}
	return acc
}

// reduction is a tensor with its reduced axes moved behind the others, so that
// each result is formed from the next count elements.
type reduction struct {
	view  *Tensor
	shape []int // of the result
	count int
}

func newReduction(op string, t *Tensor, axes []int, keepDims bool) (reduction, error) {
	set, err := axisSet(op, axes, len(t.shape))
	if err != nil {
		return reduction{}, err
	}
	r := reduction{count: 1}
	kept, gone := make([]int, 0, len(t.shape)), make([]int, 0, len(t.shape))
	for i, d := range t.shape {
		if !set[i] {
			kept = append(kept, i)
			r.shape = append(r.shape, d)
			continue
		}
		gone = append(gone, i)
		r.count *= d
		if keepDims {
			r.shape = append(r.shape, 1)
		}
	}
	if len(t.shape) == 0 {
		r.view = t
		return r, nil
	}
	r.view = t.Transpose(slices.Concat(kept, gone)...)
	return r, r.view.err
}

func reduce(op *reduceOp, t *Tensor, axes []int, keepDims bool) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if op.boolean != (t.dtype == Bool) || op.i64 == nil && t.dtype.IsInt() {
		return fail(op.name, ErrDType, "not defined for %v", t.dtype)
	}
	r, err := newReduction(op.name, t, axes, keepDims)
	if err != nil {
		return failed(err)
	}
	out := alloc(op.name, t.dtype, r.shape)
	if out.err != nil {
		return out
	}
	if r.count == 0 && op.nonempty && out.length > 0 {
		return fail(op.name, ErrShape, "no elements along %v of %v", axes, t.shape)
	}
	switch t.dtype.class() {
	case classFloat:
		fold(out, r, op.initFloat, op.f32, op.mean)
	case classFloat64:
		fold(out, r, op.initFloat, op.f64, op.mean)
	default:
		fold(out, r, op.initInt, op.i64, false)
	}
	return out
}

// fold runs f over the elements that each result is made of, which the view of r has next
// to each other. Minimum and maximum of floats pass through float64 unchanged.
func fold[A int64 | float64, C compute](out *Tensor, r reduction, first A, f func(A, []C) A, mean bool) {
	src, w := newReader[C](r.view), newWriter[A](out)
	for range out.length {
		acc := first
		for left := r.count; left > 0; {
			n := min(chunk, left)
			acc = f(acc, src.next(n))
			left -= n
		}
		if mean {
			acc = A(float64(acc) / float64(r.count))
		}
		w.put(acc)
	}
}
