package quantize

import (
	"context"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Decode returns the numbers that a weight stands for, each rounded to its type as the
// operators give it. The planes must fit each other, as Encode makes them.
func (e *Encoded) Decode(ctx context.Context, threads int) ([]float32, error) {
	if e.Codes == nil {
		values, err := unpackFloats(ctx, threads, e.Values)
		if err != nil || e.Mask == nil {
			return values, err
		}
		return e.spread(ctx, threads, values)
	}
	codes, err := unpackCodes(ctx, threads, e.Codes.Type, e.Codes.Data, e.Codes.Len())
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(codes))
	signed := e.Codes.Type.IsSigned()
	for i, c := range codes {
		values[i] = float32(c)
		if signed {
			values[i] = float32(int8(c))
		}
	}
	if e.Mask != nil {
		if values, err = e.spread(ctx, threads, values); err != nil {
			return nil, err
		}
	}
	if e.LUT != nil {
		if values, err = e.look(ctx, threads, values); err != nil {
			return nil, err
		}
	}
	if e.Scale != nil {
		if err := scale(ctx, threads, e.Type, e.Shape, values, e.Scale, e.Offset); err != nil {
			return nil, err
		}
	}
	if e.Mask == nil || e.Offset == nil && e.LUT == nil {
		return values, nil
	}
	mask, err := unpackCodes(ctx, threads, dtype.UInt1, e.Mask.Data, len(values))
	for i, m := range mask {
		if m == 0 {
			values[i] = 0
		}
	}
	return values, err
}

// spread puts numbers in the places where the mask is 1.
func (e *Encoded) spread(ctx context.Context, threads int, kept []float32) ([]float32, error) {
	n := e.Mask.Len()
	mask, err := unpackCodes(ctx, threads, dtype.UInt1, e.Mask.Data, n)
	if err != nil {
		return nil, err
	}
	values, at := make([]float32, n), 0
	for i, m := range mask {
		if m != 0 {
			if at == len(kept) {
				return nil, unfit("the mask is longer than its numbers")
			}
			values[i] = kept[at]
			at++
		}
	}
	return values, nil
}

// numbers returns the elements of a plane of any type.
func (p *Plane) numbers(ctx context.Context, threads int) ([]float32, error) {
	if p.Type.IsFloat() {
		return unpackFloats(ctx, threads, p)
	}
	codes, err := unpackCodes(ctx, threads, p.Type, p.Data, p.Len())
	values := make([]float32, len(codes))
	for i, c := range codes {
		values[i] = float32(c)
		if p.Type.IsSigned() {
			values[i] = float32(int8(c))
		}
	}
	return values, err
}

// scale makes scale * (value - offset) of values, for each block its own.
func scale(ctx context.Context, threads int, t dtype.Type, shape []int, values []float32, scale, offset *Plane) error {
	sizes := make([]int, len(shape))
	for i, n := range shape {
		if scale.Shape[i] > 0 {
			sizes[i] = n / scale.Shape[i]
		}
	}
	g, err := gridOf(shape, sizes)
	if err != nil {
		return err
	}
	factors, err := scale.numbers(ctx, threads)
	if err != nil {
		return err
	}
	shifts := make([]float32, len(factors))
	if offset != nil {
		if shifts, err = offset.numbers(ctx, threads); err != nil {
			return err
		}
	}
	round := rounding(t)
	return parallel(ctx, threads, len(values), grainOf, func(lo, hi int) {
		g.runs(lo, hi, func(lo, hi, cell int) {
			by, minus := factors[cell], shifts[cell]
			for i, v := range values[lo:hi] {
				values[lo+i] = round((v - minus) * by)
			}
		})
	})
}

// look replaces indices by the entries of their palettes.
func (e *Encoded) look(ctx context.Context, threads int, indices []float32) ([]float32, error) {
	lut, err := e.LUT.numbers(ctx, threads)
	if err != nil {
		return nil, err
	}
	if e.LUTScale != nil {
		if err := scale(ctx, threads, e.LUTScale.Type, e.LUT.Shape, lut, e.LUTScale, e.LUTOffset); err != nil {
			return nil, err
		}
	}
	rank := len(e.LUT.Shape) - 2
	entries, width := e.LUT.Shape[rank], e.LUT.Shape[rank+1]
	shape := slices.Clone(e.Shape)
	if width > 1 {
		shape[e.VectorAxis] /= width
	}
	sizes := make([]int, rank)
	for i, n := range shape {
		if e.LUT.Shape[i] > 0 {
			sizes[i] = n / e.LUT.Shape[i]
		}
	}
	g, err := gridOf(shape, sizes)
	if err != nil {
		return nil, err
	}
	if width == 1 {
		return indices, parallel(ctx, threads, len(indices), grainOf, func(lo, hi int) {
			g.runs(lo, hi, func(lo, hi, cell int) {
				table := lut[cell*entries : (cell+1)*entries]
				for i, v := range indices[lo:hi] {
					indices[lo+i] = table[int(v)]
				}
			})
		})
	}
	// An entry's elements lie behind each other along an axis.
	inner := 1
	for _, n := range shape[e.VectorAxis+1:] {
		inner *= n
	}
	out := make([]float32, len(indices)*width)
	return out, parallel(ctx, threads, len(indices), grainOf, func(lo, hi int) {
		g.runs(lo, hi, func(lo, hi, cell int) {
			table := lut[cell*entries*width : (cell+1)*entries*width]
			for i := lo; i < hi; i++ {
				at := i/inner*inner*width + i%inner
				for k, v := range table[int(indices[i])*width:][:width] {
					out[at+k*inner] = v
				}
			}
		})
	})
}

// Error is how far a compressed weight is from the weight.
type Error struct {
	// Largest is the largest distance, RMS the root of the mean of the squares.
	Largest, RMS float64
}

// Compare returns how far a compressed weight is from the numbers it was made of.
func (e *Encoded) Compare(ctx context.Context, values []float32) (Error, error) {
	got, err := e.Decode(ctx, 0)
	if err != nil || len(values) == 0 {
		return Error{}, err
	}
	// Sums of pieces of fixed borders, so that every number of threads adds alike.
	const piece = grainOf
	pieces := (len(values) + piece - 1) / piece
	sums, tops := make([]float64, pieces), make([]float64, pieces)
	err = parallel(ctx, 0, pieces, 1, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			for i := p * piece; i < min((p+1)*piece, len(values)); i++ {
				d := math.Abs(float64(got[i]) - float64(values[i]))
				sums[p] += d * d
				tops[p] = max(tops[p], d)
			}
		}
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return Error{Largest: slices.Max(tops), RMS: math.Sqrt(sum / float64(len(values)))}, err
}
