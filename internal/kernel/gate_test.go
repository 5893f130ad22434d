package kernel_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// A product with a gate gives what both products and the gate by themselves do, whatever
// the forms of the weights, the number of vectors, and who computes which rows.
func TestAGateWithinAProductEqualsOneBehindIt(t *testing.T) {
	weights := map[string]quantSpec{
		"int4": {192, 128, 4, true, 1, 32, false, 0, false, 0}, "int8": {192, 128, 8, true, 1, 128, false, 0, false, 0},
		"rows that are no tile": {39, 96, 4, false, 1, 32, false, 0, true, 0},
	}
	gates := []kernel.Gate{
		{Activation: kernel.SiluActivation}, {Activation: kernel.SiluActivation, Round: true}, {Activation: kernel.GeluTanhActivation},
	}
	eachVariant(t, func(t *testing.T) {
		p := workpool.New(2)
		defer p.Close()
		for name, s := range weights {
			r := newRand(23)
			first, _ := s.make(t, r)
			second, _ := s.make(t, r)
			both, err := kernel.NewConcat(first, second)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 3, 8, 33} {
				x := normals(t, r, n*s.cols)
				for _, g := range gates {
					for _, half := range []bool{false, true} {
						want := gateBehind(t, p, &g, []kernel.Mat{first, second}, x, n, half)
						for _, threads := range []int{1, 2} {
							got := guarded[float32](t, n*s.rows)
							task := kernel.MatMulTask{Mat: both, Gate: &g, Dst: got, X: x, Ldd: s.rows, Ldx: s.cols, N: n, RoundOut: half}
							task.Go(p, threads)
							allTheSame(t, fmt.Sprintf("%s, %d vectors, %d threads, %+v, rounded %v", name, n, threads, g, half), got, want)
						}
					}
				}
			}
		}
	})
}

// gateBehind multiplies first and gates the results afterwards.
func gateBehind(t *testing.T, p *workpool.Pool, g *kernel.Gate, mats []kernel.Mat, x []float32, n int, half bool) []float32 {
	t.Helper()
	rows, cols := mats[0].Rows(), mats[0].Cols()
	var both [2][]float32
	for i, m := range mats {
		both[i] = make([]float32, n*rows)
		task := kernel.MatMulTask{Mat: m, Dst: both[i], X: x, Ldd: rows, Ldx: cols, N: n, RoundOut: half}
		task.Go(p, 0)
	}
	want := make([]float32, n*rows)
	g.Apply(want, both[0], both[1])
	if half {
		kernel.RoundF16(want)
	}
	return want
}

func TestGateIsTheActivationTimesTheOther(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range []struct {
			name           string
			g              kernel.Gate
			gate, up, want float32
		}{
			{"silu", kernel.Gate{Activation: kernel.SiluActivation}, 3, 10, 28.577223},
			// silu(3) is 2.857722, in binary16 2.857421875.
			{"silu, rounded", kernel.Gate{Activation: kernel.SiluActivation, Round: true}, 3, 10, 28.57421875},
			{"silu of a large negative number", kernel.Gate{Activation: kernel.SiluActivation}, -200, 5, 0},
			{"gelu", kernel.Gate{Activation: kernel.GeluErfActivation}, 1, 2, 1.6826895},
		} {
			for _, n := range []int{1, 16, 21} {
				gate, up, got := make([]float32, n), make([]float32, n), guarded[float32](t, n)
				for i := range n {
					gate[i], up[i] = c.gate, c.up
				}
				c.g.Apply(got, gate, up)
				for i, v := range got {
					near(t, fmt.Sprintf("%s, element %d of %d", c.name, i, n), v, float64(c.want), 1e-5)
				}
			}
		}
	})
}
