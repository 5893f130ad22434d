package kernel_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// TestRandomShapesAgreeWithTheDefinition draws shapes that kernels take whole, in
// parts and not at all. The fuzz targets go further, but only where the machine
// that runs the tests runs the kernels.
func TestRandomShapesAgreeWithTheDefinition(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		draw := newRand(21)
		for range 60 {
			r := newRand(draw.Uint64())
			block := []int{8, 16, 24, 32, 32, 32, 40, 64, 128, 7}[r.IntN(10)]
			rows, n := 1+r.IntN(14), 1+r.IntN(14)
			s := quantSpec{
				rows, block * (1 + r.IntN(6)), 4 + 4*r.IntN(2), r.IntN(2) == 0, 1, block,
				r.IntN(2) == 0, r.IntN(3), r.IntN(3) == 0, 0,
			}
			if r.IntN(4) == 0 {
				s.rowBlock = rows
			}
			c, w := s.config(t, r)
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			checkMul(t, m, w, r, n)
			if c.Fast = true; !s.round {
				if m, err = kernel.NewQuant(c); err != nil {
					t.Fatal(err)
				}
				checkFast(t, m, w, r, n)
			}
			l := lutSpec{rows, s.cols, []int{1, 2, 3, 4, 6, 8}[r.IntN(6)], rows, s.cols, r.IntN(4) == 0, r.IntN(3), r.IntN(2) == 0}
			p, w := l.make(t, r)
			checkMul(t, p, w, r, n)
		}
	})
}

func TestQuantisedInputsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, width := range []int{4, 8} {
			offset := 2 * (width / 4 % 2)
			s := quantSpec{130, 96, width, offset == 0, 1, 32, false, offset, false, 0}
			r := newRand(22)
			c, _ := s.config(t, r)
			c.Fast = true
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 3, 8, 13, 47} {
				x, want := normals(t, r, n*96), guarded[float32](t, n*130)
				m.Mul(want, 130, x, 96, n, 0, 130, guarded[float32](t, m.ScratchLen(n)))
				for _, threads := range []int{1, 2, 5} {
					p := workpool.New(threads)
					got := guarded[float32](t, n*130)
					task := kernel.MatMulTask{Mat: m, Dst: got, X: x, Ldd: 130, Ldx: 96, N: n}
					task.Go(p, 0)
					for i := range want {
						if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
							t.Fatalf("n=%d, %d threads: element %d is %v, want %v", n, threads, i, got[i], want[i])
						}
					}
					p.Close()
				}
			}
		}
	})
}

func TestPartsOfDifferentWidthShareQuantisedInputs(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(23)
		var parts []kernel.Mat
		rows := 0
		for _, s := range []quantSpec{
			{20, 128, 4, true, 1, 32, false, 0, false, 0},
			{9, 128, 8, true, 1, 128, false, 0, false, 0},
			{6, 128, 4, false, 2, 64, true, 0, false, 0},
		} {
			c, _ := s.config(t, r)
			c.Fast = true
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			parts, rows = append(parts, m), rows+s.rows
		}
		whole, err := kernel.NewConcat(parts...)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 5, 11} {
			x, got, want := normals(t, r, n*128), guarded[float32](t, n*rows), guarded[float32](t, n*rows)
			task := kernel.MatMulTask{Mat: whole, Dst: got, X: x, Ldd: rows, Ldx: 128, N: n}
			task.Go(nil, 0)
			at := 0
			for _, m := range parts {
				m.Mul(want[at:], rows, x, 128, n, 0, m.Rows(), guarded[float32](t, m.ScratchLen(n)))
				at += m.Rows()
			}
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("n=%d: element %d is %v, want %v", n, i, got[i], want[i])
				}
			}
		}
	})
}
