package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// quantize(input, zero_point = 0, scale, axis, output_dtype) and dequantize(input,
// zero_point = 0, scale, axis): linear quantisation of values that are computed, from iOS17 on. Weights are not
// stored so: theirs are the constexpr operators of package weight. Source: coremltools,
// mil/ops/defs/iOS17/quantization_ops.py.
//
// Models quantised for 8-bit activations have pairs of these around their products.
// The values between are integers in memory, and no product of int8 is used for them:
// each operator rounds as the program says, and no more.
func init() {
	add(
		Operator{
			Name: "quantize", Params: in("input", "zero_point", "scale!", "axis.", "output_dtype"),
			Eval: quantize, Check: checkQuantize, Exact: true,
			Texts: Texts{"output_dtype": {"int8", "uint8", "int4", "uint4"}},
		},
		Operator{Name: "dequantize", Params: in("input", "zero_point", "scale!", "axis."), Eval: dequantize, Check: checkDequantize},
	)
}

// affine is the scale and zero point of quantize and dequantize: single numbers,
// or one for each index of an axis.
type affine struct {
	scale []float32
	zero  []int32 // nil stands for 0
	inner int     // elements between two steps along the axis
}

// at returns the numbers that belong to element k: the scale repeats behind the axis and
// before it.
func (a *affine) at(k int) (scale, zero float64) {
	j := k / a.inner % len(a.scale)
	if a.zero != nil {
		zero = float64(a.zero[j])
	}
	return float64(a.scale[j]), zero
}

// affine reads scale, zero point and axis. A scale of one element needs no axis, and
// its zero point may not be a list either.
func (c *Call) affine() (a affine, err error) {
	x, zero, scale := c.In(0), c.In(1), c.In(2)
	n := scale.Len()
	a.inner = max(1, x.Len())
	if n != 1 {
		axis, err := c.axisIn(3, -1, x)
		if err != nil {
			return a, err
		}
		if x.Dims[axis] != n {
			return a, fmt.Errorf("scale holds %d elements for dimension %d of %d", n, axis, x.Dims[axis])
		}
		a.inner = max(1, x.Span(axis+1, x.Rank))
	}
	if n == 0 {
		return a, fmt.Errorf("scale is empty")
	}
	a.scale = c.F32(scale)
	if zero != nil {
		if zero.Len() != n {
			return a, fmt.Errorf("zero_point holds %d elements, scale %d", zero.Len(), n)
		}
		a.zero = c.I32(zero)
	}
	return a, nil
}

// quantize is round(input/scale) + zero_point, ties to even, limited to the range
// of the type: an infinity is its end. A NaN, which is 0/0 too, becomes the zero point,
// the number that stands for 0.
func quantize(c *Call) error {
	a, err := c.affine()
	if err != nil {
		return err
	}
	src := c.F32(c.In(0))
	if c.floatOut(0) {
		return errTypes
	}
	lo, hi := array.IntRange(c.out(0).DType)
	dst := c.newI32(0)
	c.Env.Pieces(len(src), func(from, to int) {
		for k := from; k < to; k++ {
			scale, zero := a.at(k)
			q := math.RoundToEven(float64(src[k])/scale) + zero
			if q != q {
				q = zero
			}
			// Limited in float64, where infinities compare as they should, and only
			// then converted.
			dst[k] = int32(max(float64(lo), min(q, float64(hi))))
		}
	})
	return nil
}

// dequantize is scale * (input - zero_point). The difference of two int8 does not fit
// int8, so it is taken in float64, where the product with a scale is exact too.
func dequantize(c *Call) error {
	a, err := c.affine()
	if err != nil {
		return err
	}
	src := c.F32(c.In(0))
	if !c.floatOut(0) {
		return errTypes
	}
	dst := c.newF32(0)
	c.Env.Pieces(len(src), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			scale, zero := a.at(k)
			dst[k] = float32(scale * (float64(src[k]) - zero))
		}
	})
	return nil
}

// errTypes is the fault of a program whose result is of another kind than x: integers
// where x holds floating-point numbers, or the other way round.
var errTypes = errors.New("the result's type does not go with x")
