package kernel_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

func TestAConcatenationEqualsItsParts(t *testing.T) {
	same := func(round bool) []quantSpec {
		return []quantSpec{{40, 128, 4, true, 1, 32, false, 0, round, 0}, {7, 128, 4, true, 1, 32, false, 0, round, 0}, {16, 128, 4, true, 1, 64, false, 0, round, 0}}
	}
	mixed := []quantSpec{{40, 128, 4, true, 1, 32, false, 0, false, 0}, {9, 128, 4, false, 1, 32, false, 2, false, 0}, {5, 128, 8, true, 1, 128, false, 0, false, 0}}
	eachVariant(t, func(t *testing.T) {
		p := workpool.New(2)
		defer p.Close()
		for name, specs := range map[string][]quantSpec{"alike": same(false), "alike and rounded": same(true), "mixed": mixed, "with halves between": same(false)} {
			t.Run(name, func(t *testing.T) {
				r := newRand(19)
				var parts []kernel.Mat
				rows, bytes := 0, 0
				for _, s := range specs {
					m, _ := s.make(t, r)
					parts = append(parts, m)
					rows, bytes = rows+s.rows, bytes+m.Bytes()
				}
				if name == "with halves between" { // which want no preparation
					w := make([]uint16, 16*128)
					kernel.F32ToF16(w, normals(t, r, len(w)))
					m, err := kernel.NewF16(16, 128, w)
					if err != nil {
						t.Fatal(err)
					}
					parts = slices.Insert(parts, 2, kernel.Mat(m))
					rows, bytes = rows+16, bytes+m.Bytes()
				}
				c, err := kernel.NewConcat(parts...)
				if err != nil {
					t.Fatal(err)
				}
				if c.Rows() != rows || c.Cols() != 128 || c.Bytes() != bytes {
					t.Errorf("%d rows, %d columns, %d bytes", c.Rows(), c.Cols(), c.Bytes())
				}
				for _, n := range []int{1, 2, 6} {
					x, got, want := normals(t, r, n*128), guarded[float32](t, n*rows), guarded[float32](t, n*rows)
					task := kernel.MatMulTask{Mat: c, Dst: got, X: x, Ldd: rows, Ldx: 128, N: n}
					task.Go(p, 0)
					at := 0
					for _, m := range parts {
						part := kernel.MatMulTask{Mat: m, Dst: want[at:], X: x, Ldd: rows, Ldx: 128, N: n}
						part.Go(p, 0)
						at += m.Rows()
					}
					direct := guarded[float32](t, n*rows)
					c.Mul(direct, rows, x, 128, n, 0, rows, guarded[float32](t, c.ScratchLen(n)))
					for i := range want {
						if got[i] != want[i] || direct[i] != want[i] {
							t.Fatalf("n=%d: element %d is %v as a task and %v alone, want %v", n, i, got[i], direct[i], want[i])
						}
					}
				}
				a, b := make([]float32, 128), make([]float32, 128)
				c.Row(a, specs[0].rows+3)
				parts[1].Row(b, 3)
				for i := range a {
					if a[i] != b[i] {
						t.Fatalf("row %d of part 1: weight %d is %v, want %v", 3, i, a[i], b[i])
					}
				}
			})
		}
	})
}

func TestAConcatenationRefusesPartsOfDifferentWidth(t *testing.T) {
	r := newRand(20)
	a, _ := quantSpec{4, 64, 4, true, 1, 32, false, 0, false, 0}.make(t, r)
	b, _ := quantSpec{4, 96, 4, true, 1, 32, false, 0, false, 0}.make(t, r)
	if _, err := kernel.NewConcat(a, b); !errors.Is(err, kernel.ErrMat) {
		t.Errorf("error %v, want ErrMat", err)
	}
	if _, err := kernel.NewConcat(); !errors.Is(err, kernel.ErrMat) {
		t.Errorf("no parts: error %v, want ErrMat", err)
	}
}
