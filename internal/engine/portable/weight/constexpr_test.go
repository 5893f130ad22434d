package weight

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// compressed is a program of constexpr operations under construction, with what
// each must decode to by the definition of its operator.
type compressed struct {
	*rand.Rand
	b     *mil.Builder
	round bool
}

// stored is a value with the numbers that it stands for, and its shape.
type stored struct {
	v     *mil.Value
	shape []int
	f     []float32
}

func toHalf(x float32) float32 { return dtype.Float16ToFloat32(dtype.Float32ToFloat16(x)) }

// rounded is what arithmetic makes of computed elements of a type.
func (c *compressed) rounded(f []float32, t dtype.Type) []float32 {
	if c.round && t == dtype.Float16 {
		for k, x := range f {
			f[k] = toHalf(x)
		}
	}
	return f
}

func count(shape []int) int {
	n, _ := dtype.Count(shape)
	return n
}

// ints adds a random constant of an integer type.
func (c *compressed) ints(t dtype.Type, shape ...int) stored {
	lo, hi := 0, 1<<t.Bits()-1
	if t.IsSigned() {
		lo, hi = -1<<(t.Bits()-1), 1<<(t.Bits()-1)-1
	}
	v := make([]int, count(shape))
	f := make([]float32, len(v))
	for k := range v {
		v[k] = lo + c.IntN(hi-lo+1)
		f[k] = float32(v[k])
	}
	return stored{c.b.IntTensor("", t, shape, v...), shape, f}
}

// floats adds a random constant of a floating-point type.
func (c *compressed) floats(t dtype.Type, shape ...int) stored {
	f := make([]float32, count(shape))
	for k := range f {
		f[k] = float32(c.NormFloat64())
		if t == dtype.Float16 {
			f[k] = toHalf(f[k])
		}
	}
	return stored{c.b.Floats("", t, shape, f...), shape, f}
}

func (c *compressed) float() dtype.Type {
	return []dtype.Type{dtype.Float16, dtype.Float16, dtype.Float32}[c.IntN(3)]
}

// shape draws a shape of two to four dimensions.
func (c *compressed) shape() []int {
	if c.IntN(2) == 0 {
		return []int{[]int{1, 3, 4, 6, 8, 16}[c.IntN(6)], []int{1, 2, 5, 8, 16, 32, 33, 64}[c.IntN(8)]}
	}
	if c.IntN(3) == 0 {
		return []int{4, 6, 1, 1}
	}
	s := make([]int, 3+c.IntN(2))
	for d := range s {
		s[d] = []int{1, 2, 3, 4, 6}[c.IntN(5)]
	}
	return s
}

// blocks draws a number of blocks for each dimension.
func (c *compressed) blocks(shape []int) []int {
	n := slices.Clone(shape)
	for d := range n {
		var divisors []int
		for k := 1; k <= shape[d]; k++ {
			if shape[d]%k == 0 {
				divisors = append(divisors, k)
			}
		}
		n[d] = divisors[c.IntN(len(divisors))]
		if c.IntN(3) == 0 {
			n[d] = 1
		}
	}
	return n
}

// index splits a position into indices; position joins them.
func index(p int, shape []int) []int {
	i := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		i[d] = p % shape[d]
		p /= shape[d]
	}
	return i
}

func position(i, shape []int) int {
	p := 0
	for d, n := range shape {
		p = p*n + i[d]
	}
	return p
}

// coarse is the block in which an element lies.
func coarse(p int, shape, blocks []int) int {
	i := index(p, shape)
	for d := range i {
		i[d] /= shape[d] / blocks[d]
	}
	return position(i, blocks)
}

func (c *compressed) op(typ string, t dtype.Type, shape []int, args mil.Args) *mil.Value {
	return c.b.Op(typ, "", mil.TensorType(t, shape...), args)
}

// scaled is constexpr_blockwise_shift_scale of dense data.
func (c *compressed) scaled(data stored) stored {
	n := c.blocks(data.shape)
	t := c.float()
	scale := c.floats(t, n...)
	args := mil.Args{"data": data.v, "scale": scale.v}
	var offset stored
	if dt := data.v.Type.DType; c.IntN(2) == 0 {
		if !dt.IsInt() {
			dt = t
		}
		if dt.IsInt() {
			offset = c.ints(dt, n...)
		} else {
			offset = c.floats(dt, n...)
		}
		args["offset"] = offset.v
	}
	f := make([]float32, len(data.f))
	for p := range f {
		at := coarse(p, data.shape, n)
		o := float32(0)
		if offset.f != nil {
			o = offset.f[at]
		}
		f[p] = scale.f[at] * (data.f[p] - o)
	}
	return stored{c.op("constexpr_blockwise_shift_scale", t, data.shape, args), data.shape, c.rounded(f, t)}
}

var paletteTypes = []dtype.Type{dtype.UInt1, dtype.UInt2, dtype.UInt3, dtype.UInt4, dtype.UInt6, dtype.UInt8}

// palette is constexpr_lut_to_dense, with vectors when v is above 1.
func (c *compressed) palette(v int) stored {
	it := paletteTypes[c.IntN(len(paletteTypes))]
	shape := c.shape()
	n := c.blocks(shape)
	indices := c.ints(it, shape...)
	t := c.float()
	entries := 1 << it.Bits()
	lut := c.floats(t, append(slices.Clone(n), entries, v)...)
	args := mil.Args{"indices": indices.v, "lut": lut.v}
	out, axis := slices.Clone(shape), c.IntN(len(shape))
	if v > 1 {
		args["vector_axis"] = c.b.Int("", axis)
	}
	out[axis] *= v
	f := make([]float32, count(out))
	for p := range f {
		f[p] = c.lookUp(p, out, axis, v, entries, shape, n, indices.f, lut.f)
	}
	return stored{c.op("constexpr_lut_to_dense", t, out, args), out, f}
}

// lookUp is the element of a palettized tensor at a position.
func (c *compressed) lookUp(p int, out []int, axis, v, entries int, shape, n []int, indices, lut []float32) float32 {
	i := index(p, out)
	part := i[axis] % v
	i[axis] /= v
	q := position(i, shape)
	return lut[(coarse(q, shape, n)*entries+int(indices[q]))*v+part]
}

// mask adds a random mask and returns where its ones are.
func (c *compressed) mask(shape []int) (m *mil.Value, ones []int) {
	bits := make([]int, count(shape))
	for p := range bits {
		if c.IntN(3) == 0 {
			bits[p] = 1
			ones = append(ones, p)
		}
	}
	return c.b.IntTensor("", dtype.UInt1, shape, bits...), ones
}

// sparse is constexpr_sparse_to_dense, of stored values or of either joint form.
func (c *compressed) sparse() stored {
	shape := c.shape()
	m, ones := c.mask(shape)
	if len(ones) == 0 {
		m, ones = c.b.IntTensor("", dtype.UInt1, shape, append([]int{1}, make([]int, count(shape)-1)...)...), []int{0}
	}
	var t dtype.Type
	var values *mil.Value
	nonzero := make([]float32, len(ones))
	bits := mil.TensorType(dtype.UInt1, shape...)
	switch c.IntN(4) {
	case 0:
		t = c.float()
		s := c.floats(t, len(ones))
		values, nonzero = s.v, s.f
	case 1: // quantized
		q := c.ints([]dtype.Type{dtype.Int4, dtype.Int8, dtype.UInt8}[c.IntN(3)], len(ones))
		m, values, t = c.sparseScaled(m, bits, q, shape, ones, nonzero)
	default: // palettized, and perhaps scaled
		it := paletteTypes[c.IntN(len(paletteTypes))]
		n := c.blocks(shape)
		t = c.float()
		indices, entries := c.ints(it, len(ones)), 1<<it.Bits()
		lut := c.floats(t, append(slices.Clone(n), entries, 1)...)
		r := c.b.MultiOp("constexpr_lut_to_sparse", "", []mil.Type{bits, mil.TensorType(t, len(ones))},
			mil.Args{"indices_mask": m, "indices_nonzero_data": indices.v, "lut": lut.v})
		m, values = r[0], r[1]
		for k, p := range ones {
			nonzero[k] = lut.f[coarse(p, shape, n)*entries+int(indices.f[k])]
		}
		if c.IntN(2) == 0 {
			m, values, t = c.sparseScaled(m, bits, stored{values, nil, nonzero}, shape, ones, nonzero)
		}
	}
	f := make([]float32, count(shape))
	for k, p := range ones {
		f[p] = nonzero[k]
	}
	v := c.op("constexpr_sparse_to_dense", t, shape, mil.Args{"mask": m, "nonzero_data": values})
	return stored{v, shape, f}
}

// sparseScaled is constexpr_sparse_blockwise_shift_scale; it writes the decoded
// elements to dst.
func (c *compressed) sparseScaled(m *mil.Value, bits mil.Type, data stored, shape, ones []int, dst []float32) (mask, values *mil.Value, t dtype.Type) {
	n := c.blocks(shape)
	t = c.float()
	scale := c.floats(t, n...)
	args := mil.Args{"data_mask": m, "nonzero_data": data.v, "scale": scale.v}
	var offset stored
	if data.v.Type.DType.IsInt() && c.IntN(2) == 0 {
		offset = c.ints(data.v.Type.DType, n...)
		args["offset"] = offset.v
	}
	for k, p := range ones {
		at := coarse(p, shape, n)
		o := float32(0)
		if offset.f != nil {
			o = offset.f[at]
		}
		dst[k] = scale.f[at] * (data.f[k] - o)
	}
	c.rounded(dst, t)
	r := c.b.MultiOp("constexpr_sparse_blockwise_shift_scale", "", []mil.Type{bits, mil.TensorType(t, len(ones))}, args)
	return r[0], r[1], t
}

// affine is constexpr_affine_dequantize with a scalar or a vector each for scale
// and zero point.
func (c *compressed) affine() stored {
	shape := c.shape()
	t := c.float()
	q := c.ints([]dtype.Type{dtype.Int8, dtype.UInt8}[c.IntN(2)], shape...)
	axis := c.IntN(len(shape))
	vector := func() []int {
		if c.IntN(2) == 0 {
			return nil
		}
		return []int{shape[axis]}
	}
	scale, zero := c.floats(t, vector()...), c.ints(q.v.Type.DType, vector()...)
	given := axis - len(shape)*c.IntN(2)
	v := c.op("constexpr_affine_dequantize", t, shape, mil.Args{
		"quantized_data": q.v, "scale": scale.v, "zero_point": zero.v, "axis": c.b.Int("", given),
	})
	f := make([]float32, len(q.f))
	for p := range f {
		at := index(p, shape)[axis]
		f[p] = scale.f[at%len(scale.f)] * (q.f[p] - zero.f[at%len(zero.f)])
	}
	return stored{v, shape, c.rounded(f, t)}
}

// older is a palette or a sparse tensor in the form of targets up to iOS17, whose
// shape is an operand, or a cast.
func (c *compressed) older() stored {
	shape, t := c.shape(), c.float()
	total := count(shape)
	switch c.IntN(3) {
	case 0:
		it := paletteTypes[c.IntN(len(paletteTypes))]
		entries := 1 << it.Bits()
		codes := make([]int, total)
		lut := c.floats(t, entries)
		f := make([]float32, total)
		for p := range codes {
			codes[p] = c.IntN(entries)
			f[p] = lut.f[codes[p]]
		}
		return stored{c.op("constexpr_lut_to_dense", t, shape, mil.Args{
			"indices": c.packed(it, codes), "lut": lut.v, "shape": c.b.IntTensor("", dtype.UInt32, []int{len(shape)}, shape...),
		}), shape, f}
	case 1:
		bits, f := make([]int, total), make([]float32, total)
		var kept []float32
		for p := range bits {
			if bits[p] = c.IntN(2); bits[p] == 1 || p == 0 {
				bits[p] = 1
				f[p] = toHalf(float32(c.NormFloat64()))
				kept = append(kept, f[p])
			}
		}
		return stored{c.op("constexpr_sparse_to_dense", t, shape, mil.Args{
			"nonzero_data": c.b.Floats("", t, []int{len(kept)}, kept...), "mask": c.packed(dtype.UInt1, bits),
			"shape": c.b.IntTensor("", dtype.UInt32, []int{len(shape)}, shape...),
		}), shape, f}
	default:
		s := c.floats(dtype.Float16, shape...)
		return stored{c.op("constexpr_cast", dtype.Float32, shape, mil.Args{"source_val": s.v, "output_dtype": c.b.Text("", "fp32")}), shape, s.f}
	}
}

// packed adds codes as the bytes that they pack into.
func (c *compressed) packed(t dtype.Type, codes []int) *mil.Value {
	data, err := mil.PackInts(t, codes)
	if err != nil {
		panic(err)
	}
	return c.b.Const("", dtype.UInt8, []int{len(data)}, data)
}

// forms of compression, each made at random.
var compressions = map[string]func(c *compressed) stored{
	"blockwise": func(c *compressed) stored {
		t := []dtype.Type{dtype.Int4, dtype.UInt4, dtype.Int8, dtype.UInt8, dtype.UInt3, dtype.UInt6}[c.IntN(6)]
		return c.scaled(c.ints(t, c.shape()...))
	},
	"palettes":             func(c *compressed) stored { return c.palette(1) },
	"palettes of vectors":  func(c *compressed) stored { return c.palette(2 + c.IntN(3)) },
	"sparse":               (*compressed).sparse,
	"affine":               (*compressed).affine,
	"forms up to iOS17":    (*compressed).older,
	"scales on palettes":   func(c *compressed) stored { return c.scaled(c.palette(1)) },
	"scales on vectors":    func(c *compressed) stored { return c.scaled(c.palette(2)) },
	"scales on scales":     func(c *compressed) stored { return c.scaled(c.scaled(c.ints(dtype.Int4, c.shape()...))) },
	"scales on sparse":     func(c *compressed) stored { return c.scaled(c.sparse()) },
	"quantized scales":     (*compressed).quantizedScales,
	"quantized palettes":   (*compressed).quantizedPalette,
	"scales on cast":       func(c *compressed) stored { return c.scaled(c.older()) },
	"row scales on tables": (*compressed).rowScales,
}

// quantizedScales has scales that are compressed themselves.
func (c *compressed) quantizedScales() stored {
	data := c.ints(dtype.Int4, 4, 8)
	scale := c.scaled(c.ints(dtype.UInt8, 4, 2))
	t := scale.v.Type.DType
	f := make([]float32, 32)
	for p := range f {
		f[p] = scale.f[coarse(p, data.shape, []int{4, 2})] * data.f[p]
	}
	v := c.op("constexpr_blockwise_shift_scale", t, data.shape, mil.Args{"data": data.v, "scale": scale.v})
	return stored{v, data.shape, c.rounded(f, t)}
}

// quantizedPalette has a table that is compressed itself.
func (c *compressed) quantizedPalette() stored {
	table := c.scaled(c.ints(dtype.Int8, 2, 1, 16, 1))
	indices := c.ints(dtype.UInt4, 4, 32)
	f := make([]float32, 128)
	for p := range f {
		f[p] = table.f[p/64*16+int(indices.f[p])]
	}
	v := c.op("constexpr_lut_to_dense", table.v.Type.DType, indices.shape, mil.Args{"indices": indices.v, "lut": table.v})
	return stored{v, indices.shape, f}
}

// rowScales is a palette with a scale for each row, which the kernels read as
// stored.
func (c *compressed) rowScales() stored {
	t := c.float()
	rows, cols := 4, []int{8, 32, 33, 64}[c.IntN(4)]
	indices, lut, scale := c.ints(dtype.UInt4, rows, cols), c.floats(t, 1, 1, 16, 1), c.floats(t, rows, 1)
	w := c.op("constexpr_lut_to_dense", t, indices.shape, mil.Args{"indices": indices.v, "lut": lut.v})
	f := make([]float32, rows*cols)
	for p := range f {
		f[p] = scale.f[p/cols] * lut.f[int(indices.f[p])]
	}
	v := c.op("constexpr_blockwise_shift_scale", t, indices.shape, mil.Args{"data": w, "scale": scale.v})
	return stored{v, indices.shape, c.rounded(f, t)}
}

// weightOf runs the constexpr operations of the program and returns the last.
func weightOf(b *mil.Builder, v *mil.Value, round bool) (*Weight, error) {
	b.Output("w", b.Op("identity", "", v.Type, mil.Args{"x": v}))
	fn, err := b.Function()
	if err != nil {
		return nil, err
	}
	known := map[*mil.Value]*Weight{}
	for _, op := range fn.Body.Ops {
		if !IsOperator(op.Type) {
			continue
		}
		ws, err := New(nil, op, known, round)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.Type, err)
		}
		for k, w := range ws {
			known[op.Outputs[k]] = w
		}
	}
	return known[v], nil
}

func TestCompressedConstantsDecodeByTheirDefinitions(t *testing.T) {
	n := uint64(60)
	if testing.Short() {
		n /= 4
	}
	formats := map[string]bool{}
	for _, name := range slices.Sorted(mapsKeys(compressions)) {
		t.Run(name, func(t *testing.T) {
			for seed := range n {
				c := &compressed{rand.New(rand.NewPCG(seed, 11)), mil.NewBuilder("main", "CoreML8"), seed%2 == 0}
				want := compressions[name](c)
				w, err := weightOf(c.b, want.v, c.round)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if !slices.Equal(w.Shape, want.shape) {
					t.Fatalf("seed %d: shape %v, want %v", seed, w.Shape, want.shape)
				}
				formats[checkDecoding(t, c.Rand, w, want.f, fmt.Sprintf("seed %d, shape %v, %s", seed, w.Shape, w.format))] = true
				if t.Failed() {
					return
				}
			}
		})
	}
	if len(formats) < 10 {
		t.Errorf("only the formats %v were read by the kernels", formats)
	}
}

func mapsKeys(m map[string]func(c *compressed) stored) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// checkDecoding compares every way to read a compressed constant with what it
// must hold, and returns the format in which the kernels read it.
func checkDecoding(t *testing.T, r *rand.Rand, w *Weight, want []float32, what string) string {
	t.Helper()
	for range 8 {
		start := r.IntN(len(want))
		got := make([]float32, r.IntN(len(want)-start)+1)
		w.Decode(got, start)
		if k := firstDifference(got, want[start:]); k >= 0 {
			t.Errorf("%s: from %d on, element %d is %v, want %v", what, start, k, got[k], want[start+k])
			return ""
		}
	}
	m, err := w.Matrix(nil)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return ""
	}
	rows, cols := m.Rows(), m.Cols()
	if rows*cols != len(want) || rows != w.Shape[0] {
		t.Errorf("%s: matrix of %d rows and %d columns", what, rows, cols)
		return ""
	}
	row := make([]float32, cols)
	for k := range rows {
		m.Row(row, k)
		if at := firstDifference(row, want[k*cols:]); at >= 0 {
			t.Errorf("%s: %s: row %d column %d is %v, want %v", what, m.Format(), k, at, row[at], want[k*cols+at])
			return ""
		}
	}
	// A product with columns of one 1 shows the elements: one vector and several
	// take different ways through the kernels.
	for _, n := range []int{1, 5} {
		x, dst := make([]float32, n*cols), make([]float32, n*rows)
		at := make([]int, n)
		for k := range at {
			at[k] = r.IntN(cols)
			x[k*cols+at[k]] = 1
		}
		m.Mul(dst, rows, x, cols, n, 0, rows, make([]float32, m.ScratchLen(n)))
		for k := range at {
			for j := range rows {
				got, exact := float64(dst[k*rows+j]), float64(want[j*cols+at[k]])
				if math.Abs(got-exact) > 1e-5*max(1, math.Abs(exact)) {
					t.Errorf("%s: %s: product of %d: row %d column %d is %v, want %v", what, m.Format(), n, j, at[k], got, exact)
					return ""
				}
			}
		}
	}
	return m.Format()
}

func firstDifference(got, want []float32) int {
	for k, x := range got {
		if math.Float32bits(x) != math.Float32bits(want[k]) && !(x == 0 && want[k] == 0) && (x == x || want[k] == want[k]) {
			return k
		}
	}
	return -1
}
