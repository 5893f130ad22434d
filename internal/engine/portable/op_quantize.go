package portable

import (
	"fmt"
	"math"
)

func init() {
	add(
		operator{
			name: "quantize", params: in("input", "zero_point", "scale!", "axis", "output_dtype"),
			eval: quantize, exact: true,
		},
		operator{name: "dequantize", params: in("input", "zero_point", "scale!", "axis"), eval: dequantize},
	)
}

// affine is the scale and zero point of quantize and dequantize: single numbers,
// or one for each index of an axis.
type affine struct {
	scale []float32
	zero  []int32 // nil stands for 0
	inner int     // elements between two steps along the axis
}

// at returns the numbers that belong to element k.
func (a *affine) at(k int) (scale, zero float64) {
	j := k / a.inner % len(a.scale)
	if a.zero != nil {
		zero = float64(a.zero[j])
	}
	return float64(a.scale[j]), zero
}

func (c *call) affine() (a affine, err error) {
	x, zero, scale := c.in(0), c.in(1), c.in(2)
	n := scale.len()
	a.inner = max(1, x.len())
	if n != 1 {
		axis, err := c.axisIn(3, -1, x)
		if err != nil {
			return a, err
		}
		if x.dims[axis] != n {
			return a, fmt.Errorf("scale holds %d elements for dimension %d of %d", n, axis, x.dims[axis])
		}
		a.inner = max(1, x.span(axis+1, x.rank))
	}
	if n == 0 {
		return a, fmt.Errorf("scale is empty")
	}
	a.scale = c.f32(scale)
	if zero != nil {
		if zero.len() != n {
			return a, fmt.Errorf("zero_point holds %d elements, scale %d", zero.len(), n)
		}
		a.zero = c.i32(zero)
	}
	return a, nil
}

// quantize is round(input/scale) + zero_point, ties to even, limited to the range
// of the type.
func quantize(c *call) error {
	a, err := c.affine()
	if err != nil {
		return err
	}
	src := c.f32(c.in(0))
	if c.floatOut(0) {
		return errTypes
	}
	lo, hi := intRange(c.out(0).dt)
	dst := c.newI32(0)
	c.fr.pieces(len(src), func(from, to int) {
		for k := from; k < to; k++ {
			scale, zero := a.at(k)
			q := math.RoundToEven(float64(src[k])/scale) + zero
			if q != q {
				q = zero
			}
			dst[k] = int32(max(float64(lo), min(q, float64(hi))))
		}
	})
	return nil
}

// dequantize is scale * (input - zero_point).
func dequantize(c *call) error {
	a, err := c.affine()
	if err != nil {
		return err
	}
	src := c.f32(c.in(0))
	if !c.floatOut(0) {
		return errTypes
	}
	dst := c.newF32(0)
	c.fr.pieces(len(src), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			scale, zero := a.at(k)
			dst[k] = float32(scale * (float64(src[k]) - zero))
		}
	})
	return nil
}
