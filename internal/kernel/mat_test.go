package kernel_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// matCase builds a matrix and, independently, its decoded weights.
type matCase struct {
	name  string
	build func(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32)
}

// bits reads element i of a stream of packed fields, bit by bit.
func bits(data []byte, width, i int) int {
	v := 0
	for b := range width {
		at := i*width + b
		v |= int(data[at/8]>>(at%8)&1) << b
	}
	return v
}

func signed(v, width int) int {
	if v >= 1<<(width-1) {
		v -= 1 << width
	}
	return v
}

func round(w float32, on bool) float32 {
	if on {
		return dtype.RoundFloat16(w)
	}
	return w
}

type quantSpec struct {
	rows, cols, bits   int
	signed             bool
	rowBlock, colBlock int
	wide               bool // float32 scales
	offset             int  // 0 none, 1 float, 2 codes
	round              bool
	spread             float64 // of the half scales, 0 for 0.02
}

func (s quantSpec) String() string {
	return fmt.Sprintf("%dx%d %d bits signed=%v block %dx%d wide=%v offset=%d round=%v",
		s.rows, s.cols, s.bits, s.signed, s.rowBlock, s.colBlock, s.wide, s.offset, s.round)
}

func (s quantSpec) make(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32) {
	tb.Helper()
	c, w := s.config(tb, r)
	m, err := kernel.NewQuant(c)
	if err != nil {
		tb.Fatal(err)
	}
	return m, w
}

// config builds the stored tensors and the weights that they stand for.
func (s quantSpec) config(tb testing.TB, r *rand.Rand) (kernel.QuantConfig, []float32) {
	tb.Helper()
	cb := s.cols / s.colBlock
	blocks := s.rows / s.rowBlock * cb
	c := kernel.QuantConfig{
		Rows: s.rows, Cols: s.cols, Bits: s.bits, Signed: s.signed, RowBlock: s.rowBlock, ColBlock: s.colBlock, Round: s.round,
		Codes: randomBytes(tb, r, (s.rows*s.cols*s.bits+7)/8),
	}
	scale := make([]float32, blocks)
	if s.wide {
		c.Scale32 = normals(tb, r, blocks)
		copy(scale, c.Scale32)
	} else {
		c.Scale16 = halves(tb, r, blocks, cmp.Or(s.spread, 0.02))
		for i, h := range c.Scale16 {
			scale[i] = dtype.Float16ToFloat32(h)
		}
	}
	off := make([]float32, blocks)
	switch s.offset {
	case 1:
		c.Offset = guarded[float32](tb, blocks)
		for i := range off {
			off[i] = float32(r.IntN(17) - 4)
			c.Offset[i] = off[i]
		}
	case 2:
		c.OffsetCodes = randomBytes(tb, r, (blocks*s.bits+7)/8)
		for i := range off {
			v := bits(c.OffsetCodes, s.bits, i)
			if s.signed {
				v = signed(v, s.bits)
			}
			off[i] = float32(v)
		}
	}
	w := make([]float32, s.rows*s.cols)
	for i := range w {
		v := bits(c.Codes, s.bits, i)
		if s.signed {
			v = signed(v, s.bits)
		}
		b := i/s.cols/s.rowBlock*cb + i%s.cols/s.colBlock
		w[i] = round(scale[b]*(float32(v)-off[b]), s.round)
	}
	return c, w
}

type lutSpec struct {
	rows, cols, bits   int
	rowGroup, colGroup int
	wide               bool
	scale              int // 0 none, 1 half, 2 float
	round              bool
}

func (s lutSpec) String() string {
	return fmt.Sprintf("%dx%d lut%d group %dx%d wide=%v scale=%d round=%v", s.rows, s.cols, s.bits, s.rowGroup, s.colGroup, s.wide, s.scale, s.round)
}

func (s lutSpec) make(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32) {
	tb.Helper()
	cg := s.cols / s.colGroup
	size := s.rows / s.rowGroup * cg << s.bits
	c := kernel.LUTConfig{
		Rows: s.rows, Cols: s.cols, Bits: s.bits, RowGroup: s.rowGroup, ColGroup: s.colGroup, Round: s.round,
		Indices: randomBytes(tb, r, (s.rows*s.cols*s.bits+7)/8),
	}
	table := make([]float32, size)
	if s.wide {
		c.Table32 = normals(tb, r, size)
		copy(table, c.Table32)
	} else {
		c.Table16 = halves(tb, r, size, 1)
		for i, h := range c.Table16 {
			table[i] = dtype.Float16ToFloat32(h)
		}
	}
	scale := make([]float32, s.rows)
	for i := range scale {
		scale[i] = 1
	}
	switch s.scale {
	case 1:
		c.Scale16 = halves(tb, r, s.rows, 0.1)
		for i, h := range c.Scale16 {
			scale[i] = dtype.Float16ToFloat32(h)
		}
	case 2:
		c.Scale32 = normals(tb, r, s.rows)
		copy(scale, c.Scale32)
	}
	w := make([]float32, s.rows*s.cols)
	for i := range w {
		row, col := i/s.cols, i%s.cols
		at := (row/s.rowGroup*cg+col/s.colGroup)<<s.bits + bits(c.Indices, s.bits, i)
		w[i] = round(table[at]*scale[row], s.round)
	}
	m, err := kernel.NewLUT(c)
	if err != nil {
		tb.Fatal(err)
	}
	return m, w
}

func matCases() []matCase {
	var cases []matCase
	add := func(name string, f func(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32)) {
		cases = append(cases, matCase{name, f})
	}
	for _, d := range [][2]int{{1, 1}, {5, 7}, {70, 576}, {9, 1030}, {66, 64}} {
		add(fmt.Sprintf("%dx%d fp16", d[0], d[1]), func(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32) {
			h := halves(tb, r, d[0]*d[1], 1)
			w := make([]float32, len(h))
			kernel.F16ToF32(w, h)
			m, err := kernel.NewF16(d[0], d[1], h)
			if err != nil {
				tb.Fatal(err)
			}
			return m, w
		})
		add(fmt.Sprintf("%dx%d fp32", d[0], d[1]), func(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32) {
			w := normals(tb, r, d[0]*d[1])
			m, err := kernel.NewF32(d[0], d[1], w)
			if err != nil {
				tb.Fatal(err)
			}
			return m, w
		})
		add(fmt.Sprintf("%dx%d decoded", d[0], d[1]), func(tb testing.TB, r *rand.Rand) (kernel.Mat, []float32) {
			w := normals(tb, r, d[0]*d[1])
			m, err := kernel.NewDecoded(d[0], d[1], "own", 4*len(w), func(dst []float32, row int) { copy(dst, w[row*d[1]:(row+1)*d[1]]) })
			if err != nil {
				tb.Fatal(err)
			}
			return m, w
		})
	}
	for _, d := range [][4]int{
		{70, 576, 1, 32},
		{9, 1056, 1, 32},
		{4, 64, 2, 16},
		{6, 64, 1, 8},
		{5, 40, 1, 40},
		{3, 36, 1, 12},
		{5, 33, 1, 33},
		{8, 1600, 1, 1600},
		{8, 1024, 1, 64},
		{4, 1536, 4, 1536},
		{7, 15, 7, 15},
		{5, 768, 1, 96},
		{3, 4096, 1, 32},
		{2, 17000, 1, 8},
	} {
		for _, width := range []int{4, 8} {
			for variant := range 12 {
				if d[0]*d[1] > 8000 && variant != 1 && variant != 4 && variant != 6 && variant != 11 {
					continue // enough for a large shape: every mode once
				}
				s := quantSpec{d[0], d[1], width, variant&1 != 0, d[2], d[3], variant == 7 || variant == 4, variant >> 1 % 3, variant >= 6, 0}
				add(s.String(), s.make)
			}
		}
	}
	for _, width := range []int{4, 8} {
		for offset := range 3 {
			// Scales whose products are subnormal halves.
			s := quantSpec{6, 128, width, true, 1, 32, false, offset, true, 3e-7}
			add("tiny "+s.String(), s.make)
		}
	}
	for _, d := range [][4]int{{70, 576, 70, 576}, {8, 64, 2, 64}, {6, 96, 3, 32}, {5, 33, 5, 33}, {4, 1040, 1, 1040}, {4, 30, 4, 10}} {
		for _, width := range []int{1, 2, 3, 4, 6, 8} {
			for variant := range 4 {
				s := lutSpec{d[0], d[1], width, d[2], d[3], variant == 3, variant % 3, variant&1 != 0}
				add(s.String(), s.make)
			}
		}
	}
	return cases
}

func TestRowsDecodeToTheBit(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range matCases() {
			t.Run(c.name, func(t *testing.T) {
				m, w := c.build(t, newRand(8))
				row := guarded[float32](t, m.Cols())
				for r := range m.Rows() {
					m.Row(row, r)
					for i, got := range row {
						if want := w[r*m.Cols()+i]; got != want && (got == got || want == want) {
							t.Fatalf("weight [%d, %d] = %v, want %v", r, i, got, want)
						}
					}
				}
			})
		}
	})
}

func TestRowsThatOverflowAHalfDecodeToInfinity(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, width := range []int{4, 8} {
			s := quantSpec{6, 128, width, true, 1, 32, false, 0, true, 15000}
			m, w := s.make(t, newRand(18))
			row, infinite := make([]float32, 128), 0
			for r := range 6 {
				m.Row(row, r)
				for i, got := range row {
					if want := w[r*128+i]; got != want && (got == got || want == want) {
						t.Fatalf("weight [%d, %d] = %v, want %v", r, i, got, want)
					}
					if math.IsInf(float64(row[i]), 0) {
						infinite++
					}
				}
			}
			if infinite == 0 {
				t.Fatal("no weight overflowed")
			}
		}
	})
}

// checkMul multiplies n vectors in one call and in pieces, and compares with the
// definition: decoded weights, and products summed in the order of all sums. So the
// results depend on nothing else.
func checkMul(t *testing.T, m kernel.Mat, w []float32, r *rand.Rand, n int) {
	t.Helper()
	rows, cols := m.Rows(), m.Cols()
	ldx, ldd := cols+r.IntN(3), rows+r.IntN(3)
	x := normals(t, r, (n-1)*ldx+cols)
	dst, parts := guarded[float32](t, (n-1)*ldd+rows), guarded[float32](t, (n-1)*ldd+rows)
	scratch := guarded[float32](t, m.ScratchLen(n))
	for i := range scratch {
		scratch[i] = float32(math.NaN())
	}
	m.Mul(dst, ldd, x, ldx, n, 0, rows, scratch)
	for lo := 0; lo < rows; {
		hi := min(rows, lo+1+r.IntN(19))
		m.Mul(parts, ldd, x, ldx, n, lo, hi, scratch)
		lo = hi
	}
	for tok := range n {
		for row := range rows {
			want := kernel.DotOrdered(w[row*cols:(row+1)*cols], x[tok*ldx:tok*ldx+cols])
			got, split := dst[tok*ldd+row], parts[tok*ldd+row]
			sameBits(t, fmt.Sprintf("n=%d: result [%d, %d]", n, tok, row), got, want)
			sameBits(t, fmt.Sprintf("n=%d: result [%d, %d] in parts", n, tok, row), split, want)
		}
	}
}

func TestProductsAreOrderedSumsOfDecodedWeights(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range someUnderRace(matCases(), 3) {
			t.Run(c.name, func(t *testing.T) {
				r := newRand(9)
				m, w := c.build(t, r)
				for _, n := range []int{1, 2, 3, 4, 7, 16, 33} {
					checkMul(t, m, w, r, n)
				}
			})
		}
	})
}

func TestATileDecodesToTheBit(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range someUnderRace(matCases(), 3) {
			t.Run(c.name, func(t *testing.T) {
				m, w := c.build(t, newRand(17))
				rows, cols, n := m.Rows(), m.Cols(), 9
				scratch, dst := guarded[float32](t, m.ScratchLen(n)), guarded[float32](t, n*rows)
				// Unit vectors select single weights; a sum of zeros and one weight is exact.
				for c := 0; c < cols; c += n * 17 {
					x := guarded[float32](t, n*cols)
					for i := range n {
						x[i*cols+min(c+i, cols-1)] = 1
					}
					m.Mul(dst, rows, x, cols, n, 0, rows, scratch)
					for i := range n {
						for r := range rows {
							if want := w[r*cols+min(c+i, cols-1)]; dst[i*rows+r] != want {
								t.Fatalf("weight [%d, %d] = %v, want %v", r, c+i, dst[i*rows+r], want)
							}
						}
					}
				}
			})
		}
	})
}

func FuzzQuantProduct(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(4), uint8(8), uint8(3), uint8(7))
	f.Add(uint64(2), uint8(1), uint8(1), uint8(33), uint8(1), uint8(0))
	f.Add(uint64(3), uint8(9), uint8(40), uint8(16), uint8(2), uint8(255))
	f.Fuzz(func(t *testing.T, seed uint64, rows, colBlocks, colBlock, n, flags uint8) {
		was := kernel.CPU().Variant
		defer use(t, was)
		s := quantSpec{
			int(rows%12) + 1, (int(colBlocks%40) + 1) * (int(colBlock%70) + 1), 4 + int(flags&1)*4, flags&2 != 0, 1, int(colBlock%70) + 1,
			flags&4 != 0, int(flags >> 3 % 3), flags&128 != 0, 0,
		}
		for _, v := range kernel.Variants() {
			use(t, v)
			r := newRand(seed)
			c, w := s.config(t, r)
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			checkMul(t, m, w, r, int(n%14)+1)
			if c.Fast = true; s.round {
				continue
			}
			if m, err = kernel.NewQuant(c); err != nil {
				t.Fatal(err)
			}
			checkFast(t, m, w, r, int(n%14)+1)
		}
	})
}

func FuzzLUTProduct(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(4), uint8(8), uint8(3), uint8(7))
	f.Add(uint64(2), uint8(1), uint8(1), uint8(64), uint8(1), uint8(4))
	f.Add(uint64(3), uint8(9), uint8(3), uint8(32), uint8(2), uint8(77))
	f.Fuzz(func(t *testing.T, seed uint64, rows, colGroups, colGroup, n, flags uint8) {
		was := kernel.CPU().Variant
		defer use(t, was)
		group := int(colGroup%70) + 1
		s := lutSpec{
			int(rows%12) + 1, (int(colGroups%12) + 1) * group, []int{1, 2, 3, 4, 6, 8}[flags%6], 1, group,
			flags&64 != 0, int(flags / 6 % 3), flags&128 != 0,
		}
		if seed&1 != 0 {
			s.rowGroup, s.colGroup = s.rows, s.cols
		}
		for _, v := range kernel.Variants() {
			use(t, v)
			r := newRand(seed)
			m, w := s.make(t, r)
			checkMul(t, m, w, r, int(n%14)+1)
		}
	})
}

func TestATaskGivesTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		s := quantSpec{130, 96, 4, true, 1, 32, false, 0, true, 0}
		r := newRand(10)
		m, _ := s.make(t, r)
		for _, n := range []int{1, 7} {
			x, bias := normals(t, r, n*96), normals(t, r, 130)
			var want []float32
			for _, threads := range []int{1, 2, 5} {
				p := workpool.New(threads)
				dst := guarded[float32](t, n*130)
				task := kernel.MatMulTask{Mat: m, Dst: dst, X: x, Ldd: 130, Ldx: 96, N: n, Bias: bias, RoundOut: true}
				task.Go(p, 0)
				if want == nil {
					want = dst
				}
				for i := range dst {
					if dst[i] != want[i] || dst[i] != dtype.RoundFloat16(dst[i]) {
						t.Fatalf("%d threads: element %d is %v, want %v", threads, i, dst[i], want[i])
					}
				}
				if a := testutil.Allocs(10, func() { task.Go(p, 0) }); a != 0 {
					t.Errorf("a task allocated %v times", a)
				}
				p.Close()
			}
		}
	})
}

func TestMatMulMatchesTheDefinition(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(11)
		for range 150 {
			m, n, k := 1+r.IntN(20), 1+r.IntN(70), r.IntN(40)
			if r.IntN(10) == 0 {
				k += 600
			}
			transB := r.IntN(2) == 0
			lda, ldb, ldd := k+r.IntN(3), n+r.IntN(3), n+r.IntN(3)
			sizeB := max(0, (k-1)*ldb+n)
			if transB {
				ldb = k + r.IntN(3)
				sizeB = (n-1)*ldb + k
			}
			a, b, dst := normals(t, r, (m-1)*lda+k), normals(t, r, sizeB), guarded[float32](t, (m-1)*ldd+n)
			kernel.MatMul(dst, ldd, a, lda, b, ldb, transB, m, n, k)
			for i := range m {
				for j := range n {
					var want float32
					if transB {
						want = kernel.DotOrdered(a[i*lda:i*lda+k], b[j*ldb:j*ldb+k])
					} else {
						for c := range k {
							want = kernel.FMA32(a[i*lda+c], b[c*ldb+j], want)
						}
					}
					sameBits(t, fmt.Sprintf("[%d,%d,%d] transB=%v: element [%d, %d]", m, n, k, transB, i, j), dst[i*ldd+j], want)
				}
			}
		}
	})
}
