package kernel_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

func TestEveryHalfWidensAsTheDefinition(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		src := guarded[uint16](t, 65536)
		for i := range src {
			src[i] = uint16(i)
		}
		dst := guarded[float32](t, 65536)
		kernel.F16ToF32(dst, src)
		for i, got := range dst {
			if want := dtype.Float16ToFloat32(uint16(i)); math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("half %#04x widens to %#08x, want %#08x", i, math.Float32bits(got), math.Float32bits(want))
			}
		}
	})
}

// hardFloats are the floats at, between, and one bit beside all neighbouring
// halves, and random bit patterns.
func hardFloats() []float32 {
	var x []float32
	for h := range 65536 {
		f := dtype.Float16ToFloat32(uint16(h))
		next := dtype.Float16ToFloat32(uint16(h) + 1)
		mid := float32((float64(f) + float64(next)) / 2)
		for _, v := range []float32{f, mid} {
			b := math.Float32bits(v)
			x = append(x, v, math.Float32frombits(b+1), math.Float32frombits(b-1))
		}
	}
	r := newRand(1)
	for range 200000 {
		x = append(x, math.Float32frombits(r.Uint32()))
	}
	return x
}

func TestFloatsRoundToHalfAsTheDefinition(t *testing.T) {
	hard := hardFloats()
	eachVariant(t, func(t *testing.T) {
		src := guarded[float32](t, len(hard))
		copy(src, hard)
		dst := guarded[uint16](t, len(src))
		kernel.F32ToF16(dst, src)
		for i, got := range dst {
			if want := dtype.Float32ToFloat16(src[i]); got != want {
				t.Fatalf("%#08x rounds to %#04x, want %#04x", math.Float32bits(src[i]), got, want)
			}
		}
		kernel.RoundF16(src)
		for i, got := range src {
			if want := dtype.RoundFloat16(hard[i]); math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%#08x rounds to %v, want %v", math.Float32bits(hard[i]), got, want)
			}
		}
	})
}

func TestConversionsOfEveryLengthStayInside(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(2)
		for n := range 70 {
			h := halves(t, r, n, 1)
			f := guarded[float32](t, n)
			kernel.F16ToF32(f, h)
			back := guarded[uint16](t, n)
			kernel.F32ToF16(back, f)
			kernel.RoundF16(f)
			for i := range h {
				if back[i] != h[i] || f[i] != dtype.Float16ToFloat32(h[i]) {
					t.Fatalf("length %d: element %d changed", n, i)
				}
			}
		}
	})
}
