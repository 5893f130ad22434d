package generate_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

func TestCausalMaskHidesOnlyLaterTokens(t *testing.T) {
	inf := float32(math.Inf(-1))
	for _, dtype := range []tensor.DType{tensor.Float16, tensor.Float32} {
		for _, fill := range []float32{inf, -1e4} {
			for _, size := range [][2]int{{1, 0}, {1, 5}, {4, 0}, {3, 4}, {7, 130}} {
				q, past := size[0], size[1]
				t.Run(fmt.Sprintf("%v %v of %d after %d", dtype, fill, q, past), func(t *testing.T) {
					m, err := generate.CausalMask(dtype, q, past, fill)
					if err != nil {
						t.Fatal(err)
					}
					if got, want := fmt.Sprint(m.DType(), m.Shape()), fmt.Sprint(dtype, []int{1, 1, q, past + q}); got != want {
						t.Fatalf("mask is %s, want %s", got, want)
					}
					data, err := tensor.Values[float32](m)
					if err != nil {
						t.Fatal(err)
					}
					for i := range q {
						for j := range past + q {
							want := float32(0)
							if j > past+i {
								want = fill
							}
							if got := data[i*(past+q)+j]; got != want {
								t.Fatalf("row %d, column %d is %v, want %v", i, j, got, want)
							}
						}
					}
				})
			}
		}
	}
}

func TestAMaskBeyondAllMemoryIsAnError(t *testing.T) {
	if _, err := generate.CausalMask(tensor.Float16, 1<<20, 1<<20, 0); err == nil {
		t.Error("a mask of two to the 41 elements was made")
	}
}
