package enginetest

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// The weights of these cases are [4, 8] and hold small multiples of a power of
// two, and so do the inputs: every sum is a number that float16 holds.
const (
	weightRows = 4
	weightCols = 8
)

// weightCodes are what the compressed weights store, from 0 to 15. 7 and 16
// have no common factor, so that all codes occur.
func weightCodes() []int {
	v := make([]int, weightRows*weightCols)
	for i := range v {
		v[i] = (i*7 + 3) % 16
	}
	return v
}

// weightPrograms multiply by a weight in each form that a package stores one
// in. Rows, blocks and tables differ from each other, so that one read from the
// wrong place shows.
func weightPrograms() []programCase {
	codes := weightCodes()
	// decode applies f to the code in each row and column.
	decode := func(f func(row, col, code int) float64) []float64 {
		w := make([]float64, len(codes))
		for i, c := range codes {
			w[i] = f(i/weightCols, i%weightCols, c)
		}
		return w
	}
	// The same codes as two's complement of 4 bits.
	signed := make([]int, len(codes))
	for i, c := range codes {
		signed[i] = c - 8
	}
	// There is one for each row and block of four columns. All are powers of
	// two, and so is the palette's step.
	scale := func(row, col int) float64 { return []float64{0.5, 1, 0.25, 2}[row] * float64(1+col/4) }
	lut := func(row, code int) float64 { return float64(code-5)/4 + float64(row/2) }

	var cases []programCase
	add := func(name string, build func(b *mil.Builder) *mil.Value, w []float64) {
		cases = append(cases, weightCase(name, build, w))
	}
	add("a dense weight", func(b *mil.Builder) *mil.Value {
		return b.Float16s("w", []int{weightRows, weightCols}, narrow(decode(func(_, _, c int) float64 { return float64(c) }))...)
	}, decode(func(_, _, c int) float64 { return float64(c) }))
	add("int4 blocks with scales", func(b *mil.Builder) *mil.Value {
		return b.Op("constexpr_blockwise_shift_scale", "w", fp16(weightRows, weightCols), mil.Args{
			"data":  b.IntTensor("data", dtype.Int4, []int{weightRows, weightCols}, signed...),
			"scale": b.Float16s("scale", []int{weightRows, 2}, scales(scale)...),
		})
	}, decode(func(r, col, c int) float64 { return float64(c-8) * scale(r, col) }))
	add("uint4 blocks with zero points", func(b *mil.Builder) *mil.Value {
		return b.Op("constexpr_blockwise_shift_scale", "w", fp16(weightRows, weightCols), mil.Args{
			"data":   b.IntTensor("data", dtype.UInt4, []int{weightRows, weightCols}, codes...),
			"scale":  b.Float16s("scale", []int{weightRows, 2}, scales(scale)...),
			"offset": b.IntTensor("offset", dtype.UInt4, []int{weightRows, 2}, 0, 15, 3, 4, 8, 8, 1, 2),
		})
	}, decode(func(r, col, c int) float64 {
		return float64(c-[]int{0, 15, 3, 4, 8, 8, 1, 2}[r*2+col/4]) * scale(r, col)
	}))
	add("int8 rows with scales", func(b *mil.Builder) *mil.Value {
		return b.Op("constexpr_blockwise_shift_scale", "w", fp16(weightRows, weightCols), mil.Args{
			"data":  b.IntTensor("data", dtype.Int8, []int{weightRows, weightCols}, signed...),
			"scale": b.Float16s("scale", []int{weightRows, 1}, 0.5, 1, 0.25, 2),
		})
	}, decode(func(r, _, c int) float64 { return float64(c-8) * scale(r, 0) }))
	add("palettes of two rows each", func(b *mil.Builder) *mil.Value {
		var tables []float64
		for _, row := range []int{0, 2} {
			for code := range 16 {
				tables = append(tables, lut(row, code))
			}
		}
		return b.Op("constexpr_lut_to_dense", "w", fp16(weightRows, weightCols), mil.Args{
			"indices": b.IntTensor("indices", dtype.UInt4, []int{weightRows, weightCols}, codes...),
			"lut":     b.Float16s("lut", []int{2, 1, 16, 1}, narrow(tables)...),
		})
	}, decode(func(r, _, c int) float64 { return lut(r, c) }))
	add("a sparse weight", func(b *mil.Builder) *mil.Value {
		var mask []int
		var kept []float32
		for _, c := range codes {
			bit := c & 1
			mask = append(mask, bit)
			if bit == 1 {
				kept = append(kept, float32(c))
			}
		}
		return b.Op("constexpr_sparse_to_dense", "w", fp16(weightRows, weightCols), mil.Args{
			"nonzero_data": b.Float16s("kept", []int{len(kept)}, kept...),
			"mask":         b.IntTensor("mask", dtype.UInt1, []int{weightRows, weightCols}, mask...),
		})
	}, decode(func(_, _, c int) float64 { return float64(c * (c & 1)) }))
	return cases
}

// scales lays out two blocks of four columns for each row.
func scales(scale func(row, col int) float64) []float32 {
	var v []float32
	for row := range weightRows {
		v = append(v, float32(scale(row, 0)), float32(scale(row, 4)))
	}
	return v
}

// weightCase is a linear layer with a bias, fed with one row and with three.
// One row and several take different kernels in the portable engine.
func weightCase(name string, weight func(b *mil.Builder) *mil.Value, w []float64) programCase {
	bias := []float64{1, -2, 0.5, 0}
	c := programCase{
		name: name,
		build: func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 1, mil.Unknown, weightCols)
			b.Output("y", b.Op("linear", "y", fp16(1, mil.Unknown, weightRows), mil.Args{
				"x": x, "weight": weight(b), "bias": b.Float16s("bias", []int{weightRows}, narrow(bias)...),
			}))
		},
	}
	for _, n := range []int{1, 3, 1} {
		x := ramp(n*weightCols, -3, 1)
		// Halves from -1.5 to 1.5, so that products stay exact.
		for i := range x {
			x[i] = float64(int(x[i])%4) / 2
		}
		y := dot(x, w, n, weightRows, weightCols)
		for i := range y {
			y[i] += bias[i%weightRows]
		}
		c.steps = append(c.steps, programStep{
			in:   values{"x": f32([]int{1, n, weightCols}, narrow(x)...)},
			want: map[string]answer{"y": {[]int{1, n, weightRows}, y}},
		})
	}
	return c
}
