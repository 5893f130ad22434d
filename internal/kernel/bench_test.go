package kernel_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// benchMats builds matrices in the layouts of published packages.
func benchMats(b *testing.B, rows, cols int) []kernel.Mat {
	b.Helper()
	r := newRand(1)
	var mats []kernel.Mat
	add := func(m kernel.Mat, err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		mats = append(mats, m)
	}
	q := func(width int, signed, offset, round, fast bool, block int) {
		n := rows * cols / block
		c := kernel.QuantConfig{
			Rows: rows, Cols: cols, Bits: width, Signed: signed, RowBlock: 1, ColBlock: block, Round: round,
			Codes: make([]byte, rows*cols*width/8), Scale16: make([]uint16, n),
		}
		for i := range c.Codes {
			c.Codes[i] = byte(r.Uint32())
		}
		for i := range c.Scale16 {
			c.Scale16[i] = 0x2000 + uint16(r.IntN(512))
		}
		if fast {
			c.Fast = true
		}
		if offset {
			c.OffsetCodes = make([]byte, (n*width+7)/8)
		}
		add(kernel.NewQuant(c))
	}
	lut := func(width int) {
		c := kernel.LUTConfig{Rows: rows, Cols: cols, Bits: width, RowGroup: rows, ColGroup: cols, Indices: make([]byte, rows*cols*width/8), Table16: make([]uint16, 1<<width)}
		for i := range c.Indices {
			c.Indices[i] = byte(r.Uint32())
		}
		add(kernel.NewLUT(c))
	}
	q(4, true, false, false, false, 32)
	q(4, true, false, true, false, 32)
	q(4, false, true, false, false, 32)
	q(8, true, false, false, false, cols)
	q(8, true, false, true, false, cols)
	// Zeros that were never written all lie in one page of the system's.
	half, full := make([]uint16, rows*cols), make([]float32, rows*cols)
	for i := range half {
		half[i], full[i] = 0x3c00, 1
	}
	add(kernel.NewF16(rows, cols, half))
	add(kernel.NewF32(rows, cols, full))
	lut(4)
	lut(6)
	lut(8)
	q(4, true, false, false, true, 32)
	q(8, true, false, false, true, cols)
	return mats
}

func benchTask(b *testing.B, m kernel.Mat, n, threads int, round string) {
	b.Run(fmt.Sprintf("%s%s/%dx%d/n=%d/threads=%d", m.Format(), round, m.Rows(), m.Cols(), n, threads), func(b *testing.B) {
		p := workpool.New(threads)
		defer p.Close()
		x := make([]float32, n*m.Cols())
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		task := kernel.MatMulTask{Mat: m, Dst: make([]float32, n*m.Rows()), X: x, Ldd: m.Rows(), Ldx: m.Cols(), N: n}
		for b.Loop() {
			task.Go(p, 0)
		}
		secs := b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(float64(m.Bytes())/secs/1e9, "GB/s")
		b.ReportMetric(2*float64(m.Rows())*float64(m.Cols())*float64(n)/secs/1e9, "GFLOP/s")
	})
}

// BenchmarkMatMul reports the stored bytes read and the arithmetic done in a
// second. 14336 rows of 4096 do not fit in a cache; 1536 rows of 576 do.
func BenchmarkMatMul(b *testing.B) {
	for _, d := range [][2]int{{14336, 4096}, {1536, 576}} {
		for i, m := range benchMats(b, d[0], d[1]) {
			round := ""
			switch i {
			case 1, 4:
				round = " rounded"
			case 10, 11:
				round = " fast"
			}
			for _, n := range []int{1, 4, 128} {
				for threads := 1; threads <= 2; threads++ {
					benchTask(b, m, n, threads, round)
				}
			}
		}
	}
}

// BenchmarkFast is the arithmetic Fast at the shapes of a small and of a large
// model.
func BenchmarkFast(b *testing.B) {
	for _, d := range [][2]int{{1536, 576}, {576, 1536}, {4096, 4096}, {14336, 4096}, {4096, 14336}} {
		mats := benchMats(b, d[0], d[1])
		for _, n := range []int{1, 4, 32, 128} {
			for threads := 1; threads <= 2; threads++ {
				benchTask(b, mats[10], n, threads, " fast")
				benchTask(b, mats[11], n, threads, " fast")
			}
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	for _, s := range []attnSpec{
		{9, 3, 1, 512, 64, 64, true, false, true, false},
		{32, 8, 1, 512, 128, 128, true, false, true, false},
		{9, 3, 128, 512, 64, 64, true, false, true, false},
		{32, 8, 128, 512, 128, 128, true, false, true, true},
	} {
		b.Run(s.String(), func(b *testing.B) {
			a := s.build(b, newRand(1))
			for b.Loop() {
				a.Go(nil, 0)
			}
			flops := 2 * float64(s.heads*s.queries*s.keys) * float64(s.dim+s.vdim)
			b.ReportMetric(flops/(b.Elapsed().Seconds()/float64(b.N))/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkVector(b *testing.B) {
	r := newRand(1)
	x, y, z := normals(b, r, 4096), normals(b, r, 4096), make([]float32, 4096)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"Softmax", func() { copy(z, x); kernel.Softmax(z) }},
		{"Silu", func() { kernel.Silu(z, x) }},
		{"GeluErf", func() { kernel.GeluErf(z, x) }},
		{"RMSNorm", func() { kernel.RMSNorm(z, x, y, 1e-5) }},
		{"LayerNorm", func() { kernel.LayerNorm(z, x, y, y, 1e-5) }},
		{"Add", func() { kernel.Add(z, x, y) }},
		{"RoundF16", func() { kernel.RoundF16(z) }},
		{"Dot", func() { kernel.Dot(x, y) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/element")
		})
	}
}
