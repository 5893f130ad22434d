//go:build !noasm

package kernel_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

func TestTheDotProductExtensionChangesNoBit(t *testing.T) {
	use(t, kernel.NEON)
	t.Cleanup(func() { use(t, kernel.NEON) })
	if !kernel.SetDot(true) {
		t.Skip("this processor has no dot product extension")
	}
	for _, d := range [][5]int{{13, 576, 1, 32, 4}, {6, 256, 2, 64, 4}, {5, 1024, 1, 1024, 4}, {13, 576, 1, 32, 8}, {5, 1024, 1, 1024, 8}} {
		for variant := range 6 {
			r := newRand(uint64(variant))
			s := quantSpec{d[0], d[1], d[4], variant&1 != 0, d[2], d[3], false, variant >> 1, false, 0}
			c, _ := s.config(t, r)
			// The extreme codes and inputs are those that narrower sums would overflow.
			for i := range c.Codes[:32] {
				c.Codes[i] = 0x88
				if d[4] == 8 {
					c.Codes[i] = [2]byte{0x80, 0}[variant&1^1]
				}
			}
			c.Fast = true
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 4, 8, 15} {
				x, scratch := normals(t, r, n*s.cols), guarded[float32](t, m.ScratchLen(n))
				for i := range x[:64] {
					x[i] = 3
				}
				got, want := guarded[float32](t, n*s.rows), guarded[float32](t, n*s.rows)
				kernel.SetDot(false)
				m.Mul(want, s.rows, x, s.cols, n, 0, s.rows, scratch)
				kernel.SetDot(true)
				m.Mul(got, s.rows, x, s.cols, n, 0, s.rows, scratch)
				for i := range want {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%v n=%d: element %d is %v, %v without the extension", s, n, i, got[i], want[i])
					}
				}
			}
		}
	}
}
