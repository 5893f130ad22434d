package kernel_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// fewSpecs are matrices for the kernels of few vectors: widths with and without whole
// chunks, whole groups and a half, rows that go together and such that do not.
func fewSpecs() []quantSpec {
	var list []quantSpec
	for _, d := range []struct{ rows, rowBlock, cols, block int }{
		{1, 1, 64, 32},
		{2, 1, 128, 32},
		{3, 1, 192, 32},
		{58, 1, 576, 32},
		{7, 1, 960, 32},
		{4, 2, 512, 32},
		{5, 1, 4096 + 64, 32},
		{3, 1, 14336 + 128, 32},
		{1, 1, 64, 16},
		{9, 1, 448, 16},
		{6, 3, 576, 16},
		{5, 1, 2048 + 192, 16},
		{1, 1, 64, 64},
		{5, 1, 1024 + 448, 64},
		{6, 1, 128, 128},
		{7, 1, 576, 192},
		{4, 1, 1536, 512},
		{6, 6, 704, 704},
	} {
		for form := range 12 {
			list = append(list, quantSpec{d.rows, d.cols, 4, form&1 != 0, d.rowBlock, d.block, form&2 != 0, form >> 2, false, 0})
		}
	}
	// Of 8-bit codes a row, or all of them, has one scale.
	for _, d := range []struct{ rows, rowBlock, cols int }{{1, 1, 64}, {5, 1, 576}, {3, 1, 1024 + 64}, {4, 2, 4096 + 192}, {6, 6, 128}, {300, 1, 192}} {
		for form := range 12 {
			list = append(list, quantSpec{d.rows, d.cols, 8, form&1 != 0, d.rowBlock, d.cols, form&2 != 0, form >> 2, false, 0})
		}
	}
	return list
}

// TestFewVectorsHaveTheBitsOfTheDefinition compares every kernel set with plain Go.
func TestFewVectorsHaveTheBitsOfTheDefinition(t *testing.T) {
	for i, s := range fewSpecs() {
		r := newRand(uint64(i))
		c, _ := s.config(t, r)
		if s.offset == 1 && i%3 == 0 {
			for i := range c.Offset {
				c.Offset[i] += float32(r.NormFloat64())
			}
		}
		c.Fast = true
		x := fewInputs(t, r, s.cols, i)
		for n := 1; n <= 9; n++ {
			if testing.Short() && (n+i)%3 != 0 {
				continue
			}
			compareVariants(t, s, c, x[:n*s.cols], n)
		}
	}
}

// fewInputs are 9 vectors: with values of one size, of many sizes, and with 8 at a time
// that are 0, too small to count, or so large that products overflow.
func fewInputs(t *testing.T, r *rand.Rand, cols, kind int) []float32 {
	x := normals(t, r, 9*cols)
	for i := range x {
		switch where := r.IntN(40); {
		case kind%3 == 0:
		case kind%3 == 1:
			x[i] = float32(math.Ldexp(float64(x[i]), r.IntN(60)-40))
		case where == 0:
			clear(x[i&^7 : i+1])
		case where == 1:
			x[i] *= 1e-31
		case where == 2 && kind%2 == 0:
			x[i] = 3e38
		case where == 3:
			// Half of a step more than a whole number of them.
			x[i&^7], x[i] = 127, float32(r.IntN(126))+0.5
		}
	}
	return x
}

// compareVariants multiplies by every kernel set.
func compareVariants(t *testing.T, s quantSpec, c kernel.QuantConfig, x []float32, n int) {
	t.Helper()
	was := kernel.CPU().Variant
	defer use(t, was)
	m, err := kernel.NewQuant(c)
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	variants := kernel.Variants()
	for i := len(variants) - 1; i >= 0; i-- {
		use(t, variants[i])
		got := guarded[float32](t, n*c.Rows)
		task := kernel.MatMulTask{Mat: m, Dst: got, X: x, Ldd: c.Rows, Ldx: c.Cols, N: n, Alone: true}
		task.Go(nil, 0)
		if want == nil {
			want = got // plain Go is the last one
		}
		for j := range got {
			if math.Float32bits(got[j]) != math.Float32bits(want[j]) && (got[j] == got[j] || want[j] == want[j]) {
				t.Fatalf("%v: row %d of vector %d of %d is %v (%#x) with %s, and %v (%#x) as defined", s, j%c.Rows, j/c.Rows, n,
					got[j], math.Float32bits(got[j]), variants[i], want[j], math.Float32bits(want[j]))
			}
		}
	}
}

// TestFewVectorsHaveTheRecordedBits is for what no comparison on one machine sees: that
// the definition is the same for every architecture's compiler.
func TestFewVectorsHaveTheRecordedBits(t *testing.T) {
	const want = 0xcde5aa0a6b5238a5
	eachVariant(t, func(t *testing.T) {
		h := fnv.New64a()
		for _, s := range fewSpecs() {
			r := newRand(77)
			c := kernel.QuantConfig{
				Rows: s.rows, Cols: s.cols, Bits: s.bits, Signed: s.signed, RowBlock: s.rowBlock, ColBlock: s.colBlock, Fast: true,
				Codes: randomBytes(t, r, s.rows*s.cols*s.bits/8),
			}
			fraction := func() float32 { return float32(r.IntN(1<<24)-1<<23) / (1 << 20) }
			blocks := s.rows / s.rowBlock * (s.cols / s.colBlock)
			c.Scale32, c.Offset = make([]float32, blocks), make([]float32, blocks)
			for i := range blocks {
				c.Scale32[i], c.Offset[i] = fraction(), fraction()
			}
			if s.offset == 0 {
				c.Offset = nil
			}
			x := make([]float32, s.cols)
			for i := range x {
				x[i] = fraction()
			}
			for _, f := range productOf(t, c, x, 1) {
				_ = binary.Write(h, binary.LittleEndian, f) // it never fails
			}
		}
		if got := h.Sum64(); got != want {
			t.Errorf("the products' hash is %#x, want %#x", got, uint64(want))
		}
	})
}
