package kernel_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// benchFormat is a way of storing weights, in one arithmetic.
type benchFormat struct {
	name, arithmetic string
	make             func(rows, cols, copyOf int) (kernel.Mat, error)
}

// cut returns n bytes of memory for copy k of a matrix, on a cache line's
// boundary, in turn through all of it.
func cut(mem []byte, n, k int) []byte {
	step := (n + 63) / 64 * 64
	fit := max(len(mem)/max(step, 1), 1)
	at := k % fit * step
	return mem[at : at+n : at+n]
}

// quantFormat is codes with a scale for each block of a row; no block means one
// for the row.
func quantFormat(bits, block int, offset bool, arithmetic string) benchFormat {
	name := fmt.Sprintf("int%d", bits)
	if offset {
		name = fmt.Sprintf("uint%d", bits)
	}
	if block == 0 {
		name += "-row"
	} else {
		name += fmt.Sprintf("-%d", block)
	}
	return benchFormat{name, arithmetic, func(rows, cols, k int) (kernel.Mat, error) {
		width := block
		if width == 0 {
			width = cols
		}
		scales := rows * cols / width
		c := kernel.QuantConfig{
			Rows: rows, Cols: cols, Bits: bits, Signed: !offset, RowBlock: 1, ColBlock: width,
			Round: arithmetic == "faithful", Fast: arithmetic == "fast",
			Codes:   cut(benchCodes(), rows*cols*bits/8, k),
			Scale16: asHalves(cut(benchHalves(), 2*scales, k)),
		}
		if offset {
			c.OffsetCodes = cut(benchCodes(), (scales*bits+7)/8, k)
		}
		return kernel.NewQuant(c)
	}}
}

// lutFormat is indices into a palette for so many rows; none means one palette.
func lutFormat(bits, group int) benchFormat {
	name := fmt.Sprintf("lut%d", bits)
	if group > 0 {
		name += fmt.Sprintf("-%drows", group)
	}
	return benchFormat{name, "any", func(rows, cols, k int) (kernel.Mat, error) {
		height := group
		if height == 0 {
			height = rows
		}
		return kernel.NewLUT(kernel.LUTConfig{
			Rows: rows, Cols: cols, Bits: bits, RowGroup: height, ColGroup: cols,
			Indices: cut(benchCodes(), rows*cols*bits/8, k),
			Table16: asHalves(cut(benchHalves(), rows/height<<bits*2, k)),
		})
	}}
}

// benchFormats are those of published packages. Where the arithmetic makes no
// difference to the kernel it is called any.
func benchFormats() []benchFormat {
	var list []benchFormat
	for _, arithmetic := range []string{"faithful", "wide", "fast"} {
		list = append(list,
			quantFormat(4, 32, false, arithmetic), quantFormat(4, 16, false, arithmetic),
			quantFormat(4, 32, true, arithmetic), quantFormat(8, 0, false, arithmetic))
	}
	return append(list, lutFormat(4, 0), lutFormat(4, 16), lutFormat(6, 0),
		benchFormat{"fp16", "any", func(rows, cols, k int) (kernel.Mat, error) {
			return kernel.NewF16(rows, cols, asHalves(cut(benchHalves(), 2*rows*cols, k)))
		}},
		benchFormat{"fp32", "any", func(rows, cols, k int) (kernel.Mat, error) {
			return kernel.NewF32(rows, cols, asFloats(cut(benchHalves(), 4*rows*cols, k)))
		}})
}

// benchLayers are matrices of two models: of attention, of the feed-forward part,
// and the small one's head.
var benchLayers = []struct {
	model      string
	rows, cols int
}{
	{"smollm2-135m", 576, 576},
	{"smollm2-135m", 1536, 576},
	{"smollm2-135m", 49152, 576},
	{"mistral-7b", 4096, 4096},
	{"mistral-7b", 14336, 4096},
}

// BenchmarkMatMul multiplies 1, 32 and 128 vectors by matrices of the shapes and
// formats of real models: n=1 is a token of text, the others are pieces of a
// prompt. Each turn takes the next of as many copies of the matrix as there is
// memory for, so that weights come from memory and not from a cache.
func BenchmarkMatMul(b *testing.B) {
	for _, l := range benchLayers {
		for _, f := range benchFormats() {
			for _, n := range []int{1, 32, 128} {
				for _, threads := range benchThreads() {
					name := fmt.Sprintf("model=%s/shape=%dx%d/weights=%s/arithmetic=%s/n=%d/threads=%d",
						l.model, l.rows, l.cols, f.name, f.arithmetic, n, threads)
					b.Run(name, func(b *testing.B) { benchMatMul(b, f, l.rows, l.cols, n, threads) })
				}
			}
		}
	}
}

func benchMatMul(b *testing.B, f benchFormat, rows, cols, n, threads int) {
	mats := make([]kernel.Mat, 1)
	for i := 0; i < len(mats); i++ {
		m, err := f.make(rows, cols, i)
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			mats = make([]kernel.Mat, max(benchMemory/m.Bytes(), 1))
		}
		mats[i] = m
	}
	p := workpool.New(threads)
	defer p.Close()
	x := make([]float32, n*cols)
	for i := range x {
		x[i] = float32(i%7) - 3
	}
	task := kernel.MatMulTask{Dst: make([]float32, n*rows), X: x, Ldd: rows, Ldx: cols, N: n}
	turn := 0
	for b.Loop() {
		task.Mat = mats[turn%len(mats)]
		task.Go(p, 0)
		turn++
	}
	reportRates(b, mats[0].Bytes(), 2*float64(rows)*float64(cols)*float64(n), threads)
}
