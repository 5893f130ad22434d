package tensor

import (
	"math"
	"math/rand/v2"

	"golang.org/x/exp/constraints"
)

// Ones returns a tensor of ones.
func Ones(dtype DType, shape ...int) *Tensor { return Fill(dtype, 1, shape...) }

// Fill returns a tensor whose elements are all value, converted by the rules
// of [Tensor.To]. [Full] takes the value's own type.
func Fill(dtype DType, value float64, shape ...int) *Tensor {
	out := alloc("fill", dtype, shape)
	if out.err == nil {
		fill(out, New(Float64).Scalar(value).To(dtype))
	}
	return out
}

// Full returns a tensor whose elements are all value.
func Full[T Element](value T, shape ...int) *Tensor {
	out := alloc("full", TypeOf[T](), shape)
	if out.err == nil {
		fill(out, Scalar(value))
	}
	return out
}

// fill sets every element of out to the scalar v, which has its type.
func fill(out, v *Tensor) {
	if v = v.Broadcast(out.shape...); v.err == nil {
		copyElements(out, v)
	}
}

// Scalar returns a tensor of rank 0.
func Scalar[T Element](value T) *Tensor { return Wrap([]T{value}) }

// Scalar returns a tensor of rank 0 and of t's type that holds value, converted
// by the rules of [Tensor.To]. It is how a number takes part in an operation:
//
//	logits.Div(logits.Scalar(0.7)).Softmax(-1)
func (t *Tensor) Scalar(value float64) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	return Scalar(value).To(t.dtype)
}

// Vector returns a tensor of rank 1 that holds values.
func Vector[T Element](values ...T) *Tensor { return FromSlice(values, len(values)) }

// Arange returns the vector from, from+step, from+2·step, … of all such
// numbers before to. A step of zero, or one that is not a number, is an error.
// [Half] has no arithmetic in Go and is refused: convert with [Tensor.To].
func Arange[T Number](from, to, step T) *Tensor {
	d := TypeOf[T]()
	if d == Float16 {
		return fail("arange", ErrDType, "not defined for %v", d)
	}
	// The count is computed in float64: exact for every type but int64 beyond
	// 2^53.
	count := math.Ceil((float64(to) - float64(from)) / float64(step))
	switch {
	case step == 0 || math.IsNaN(count):
		return fail("arange", ErrValue, "from %v to %v by %v", from, to, step)
	case count > MaxBytes:
		return fail("arange", ErrShape, "%g elements", count)
	}
	out := alloc("arange", d, []int{int(max(count, 0))})
	if out.err != nil {
		return out
	}
	dst := elems[T](out)
	for i := range dst {
		if d.IsFloat() {
			dst[i] = T(float64(from) + float64(float64(i)*float64(step)))
			continue
		}
		dst[i] = from + T(i)*step // modulo the type's range, and within it at the end
	}
	return out
}

// Linspace returns a vector of count evenly spaced numbers, the first one from
// and the last one through.
func Linspace[T constraints.Float](from, through T, count int) *Tensor {
	out := alloc("linspace", TypeOf[T](), []int{count})
	if out.err != nil {
		return out
	}
	dst := elems[T](out)
	for i := range dst {
		dst[i] = T(float64(from) + float64((float64(through)-float64(from))*float64(i)/float64(count-1)))
	}
	if count > 0 {
		dst[0] = from
	}
	if count > 1 {
		dst[count-1] = through
	}
	return out
}

// RandomUniform returns numbers drawn evenly from lo ≤ x < hi and rounded to
// dtype, which for a floating-point type can give hi itself; integers are
// rounded down. The same seed gives the same numbers on every platform. Bool
// is not possible.
func RandomUniform(dtype DType, lo, hi float64, seed uint64, shape ...int) *Tensor {
	if !(lo <= hi) || math.IsInf(hi-lo, 0) {
		return fail("random uniform", ErrValue, "range %g to %g", lo, hi)
	}
	whole := dtype.IsInt()
	return random("random uniform", dtype, shape, func(r *rand.Rand) float64 {
		// The conversion keeps a compiler from fusing the two operations.
		v := lo + float64(r.Float64()*(hi-lo))
		if whole {
			v = math.Floor(v)
		}
		return v
	}, seed)
}

// RandomNormal returns numbers drawn from a normal distribution and rounded to
// dtype, which must be floating-point. The same seed gives the same numbers.
func RandomNormal(dtype DType, mean, deviation float64, seed uint64, shape ...int) *Tensor {
	if dtype.Size() > 0 && !dtype.IsFloat() {
		return fail("random normal", ErrDType, "not defined for %v", dtype)
	}
	return random("random normal", dtype, shape, func(r *rand.Rand) float64 {
		return mean + float64(r.NormFloat64()*deviation)
	}, seed)
}

func random(op string, dtype DType, shape []int, draw func(*rand.Rand) float64, seed uint64) *Tensor {
	if dtype == Bool {
		return fail(op, ErrDType, "not defined for %v", dtype)
	}
	out := alloc(op, dtype, shape)
	if out.err != nil {
		return out
	}
	r := newRand(seed)
	w := newWriter[float64](out)
	for left := out.length; left > 0; {
		n := min(chunk, left)
		dst := w.next(n)
		for i := range dst {
			dst[i] = draw(r)
		}
		w.flush(dst)
		left -= n
	}
	return out
}

// newRand returns a generator whose stream depends on seed alone.
func newRand(seed uint64) *rand.Rand {
	// The second word only has to be fixed: the golden ratio's fraction.
	return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
}
