package tensor

import "slices"

// MatMul returns the matrix product of the last two axes of t and other; the
// axes before them broadcast. A vector takes part as a row on the left and as a
// column on the right, and its axis is dropped from the result. Float16 and
// Float32 products are summed in float32, and integers wrap around.
func (t *Tensor) MatMul(other *Tensor) *Tensor {
	if err := firstErr(t, other); err != nil {
		return failed(err)
	}
	if t.dtype != other.dtype || t.dtype == Bool {
		return fail("matmul", ErrDType, "%v and %v", t.dtype, other.dtype)
	}
	if len(t.shape) == 0 || len(other.shape) == 0 {
		return fail("matmul", ErrShape, "%v times %v", t.shape, other.shape)
	}
	a, b := t, other
	if len(t.shape) == 1 {
		a = t.ExpandDims(0)
	}
	if len(other.shape) == 1 {
		b = other.ExpandDims(1)
	}
	out := matmul(a, b)
	if out.err != nil {
		return out
	}
	if len(t.shape) == 1 {
		out = out.Squeeze(-2)
	}
	if len(other.shape) == 1 {
		out = out.Squeeze(-1)
	}
	return out
}

// matmul multiplies two tensors of matrices.
func matmul(a, b *Tensor) *Tensor {
	m, k, n := a.Dim(-2), a.Dim(-1), b.Dim(-1)
	if b.Dim(-2) != k {
		return fail("matmul", ErrShape, "%v times %v", a.shape, b.shape)
	}
	ra, rb := len(a.shape)-2, len(b.shape)-2
	batch, ok := broadcastShape(a.shape[:ra], b.shape[:rb])
	if !ok {
		return fail("matmul", ErrShape, "%v times %v", a.shape, b.shape)
	}
	a = a.Broadcast(slices.Concat(batch, []int{m, k})...)
	b = b.Broadcast(slices.Concat(batch, []int{k, n})...)
	if err := firstErr(a, b); err != nil {
		return failed(err)
	}
	// What is not stored in the type that it is computed in is widened matrix
	// by matrix; that copy obeys the limit too.
	for _, shape := range [][]int{{m, k}, {k, n}, {m, n}} {
		if _, err := checkShape("matmul", wide(a.dtype), shape); err != nil {
			return failed(err)
		}
	}
	out := alloc("matmul", a.dtype, slices.Concat(batch, []int{m, n}))
	if out.err != nil || out.length == 0 || k == 0 {
		return out
	}
	switch a.dtype.class() {
	case classFloat:
		matmulVia[float32](out, a, b)
	case classFloat64:
		matmulVia[float64](out, a, b)
	default:
		matmulVia[int64](out, a, b)
	}
	return out
}

// wide returns the type that elements of d are computed in.
func wide(d DType) DType {
	switch d.class() {
	case classFloat:
		return Float32
	case classFloat64:
		return Float64
	default:
		return Int64
	}
}

// matrix is one of the matrices of a tensor as values of C.
type matrix[C compute] struct {
	src        *Tensor
	rows, cols int
	transposed bool // the columns lie in memory as rows
	offset     int  // of the matrix in data, -1 before the first
	data       []C
}

// newMatrix prepares the matrices of a tensor. A transposed view is taken as it lies in
// memory where the multiplication can: x·wᵀ is what models do, and w then stays in place.
func newMatrix[C compute](t *Tensor, mayTranspose bool) matrix[C] {
	r := len(t.shape)
	m := matrix[C]{src: t, rows: t.shape[r-2], cols: t.shape[r-1], offset: -1}
	m.transposed = mayTranspose && t.strides[r-2] == 1 && t.strides[r-1] != 1 && m.rows > 1
	return m
}

// at returns the elements of the matrix that begins at offset, row-major, or
// column-major when transposed. A matrix that batches share is widened once.
func (m *matrix[C]) at(offset int) []C {
	if m.offset == offset {
		return m.data
	}
	r := len(m.src.shape)
	shape, strides := m.src.shape[r-2:], m.src.strides[r-2:]
	if m.transposed {
		shape, strides = []int{m.cols, m.rows}, []int{strides[1], strides[0]}
	}
	v := &Tensor{
		data: m.src.data, dtype: m.src.dtype, shape: shape, strides: strides,
		offset: offset, length: m.rows * m.cols,
	}
	m.data = newReader[C](v).next(v.length)
	m.offset = offset
	return m.data
}

// matmulVia multiplies batch by batch. A matrix of b that several batches share, as a
// weight does, is widened for the first of them.
func matmulVia[C compute](out, a, b *Tensor) {
	rank := len(out.shape)
	m, n, k := out.shape[rank-2], out.shape[rank-1], a.shape[rank-1]
	ma, mb := newMatrix[C](a, false), newMatrix[C](b, true)
	w := newWriter[C](out)
	// The batches of both operands, in step: walks over their first elements.
	batch := func(t *Tensor) *Tensor {
		return &Tensor{shape: t.shape[:rank-2], strides: t.strides[:rank-2], offset: t.offset}
	}
	var wa, wb walker
	wa.init(batch(a))
	wb.init(batch(b))
	for range out.length / (m * n) {
		x, y := ma.at(wa.take(1)), mb.at(wb.take(1))
		dst := w.next(m * n)
		if mb.transposed {
			multiplyTransposed(dst, x, y, m, k, n)
		} else {
			multiply(dst, x, y, m, k, n)
		}
		w.flush(dst)
	}
}

// A tile of the right-hand matrix that multiply uses for every row before it
// goes on: 64 rows of 512 float32 are 128 KiB, within a second-level cache.
const (
	tileRows = 64
	tileCols = 512
)

// multiply sets dst, m by n, to a·b for row-major a, m by k, and b, k by n.
func multiply[C compute](dst, a, b []C, m, k, n int) {
	clear(dst)
	for j := 0; j < n; j += tileCols {
		cols := min(tileCols, n-j)
		for p := 0; p < k; p += tileRows {
			rows := min(tileRows, k-p)
			for i := range m {
				addRows(dst[i*n+j:][:cols], a[i*k+p:][:rows], b[p*n+j:], n)
			}
		}
	}
}

// addRows adds the rows of b, n apart, to dst, each times its weight.
func addRows[C compute](dst, weights, b []C, n int) {
	p := 0
	for ; p+4 <= len(weights); p += 4 {
		w0, w1, w2, w3 := weights[p], weights[p+1], weights[p+2], weights[p+3]
		b0 := b[p*n:][:len(dst)]
		b1 := b[(p+1)*n:][:len(dst)]
		b2 := b[(p+2)*n:][:len(dst)]
		b3 := b[(p+3)*n:][:len(dst)]
		for j := range dst {
			dst[j] += C(w0*b0[j]) + C(w1*b1[j]) + C(w2*b2[j]) + C(w3*b3[j])
		}
	}
	for ; p < len(weights); p++ {
		w, row := weights[p], b[p*n:][:len(dst)]
		for j := range dst {
			dst[j] += C(w * row[j])
		}
	}
}

// multiplyTransposed is multiply for a column-major b, whose columns lie in memory as
// rows: each element is a dot product of two runs, where adding rows would jump.
func multiplyTransposed[C compute](dst, a, b []C, m, k, n int) {
	for i := range m {
		x := a[i*k:][:k]
		for j := range n {
			dst[i*n+j] = dot(x, b[j*k:][:k])
		}
	}
}

// dot adds up in four lanes, so that an addition does not wait for the one before it. The
// order is part of the result of floats, and the same on every machine.
func dot[C compute](a, b []C) C {
	var s0, s1, s2, s3 C
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += C(a[i] * b[i])
		s1 += C(a[i+1] * b[i+1])
		s2 += C(a[i+2] * b[i+2])
		s3 += C(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += C(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
