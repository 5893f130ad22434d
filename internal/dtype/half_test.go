package dtype_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// format is a floating-point format of 16 bits, as IEEE 754 describes one.
type format struct {
	name             string
	fraction, bias   int // bits of the fraction, bias of the exponent
	widen            func(uint16) float32
	round            func(float32) uint16
	infinity, lowest uint16 // the bits of infinity and of the smallest number
}

var formats = []format{
	{"binary16", 10, 15, dtype.Float16ToFloat32, dtype.Float32ToFloat16, 0x7c00, 1},
	{"bfloat16", 7, 127, dtype.BFloat16ToFloat32, dtype.Float32ToBFloat16, 0x7f80, 1},
}

// value is the number that the bits stand for, by the definition.
func (f format) value(bits uint16) float64 {
	fraction := int(bits) & (1<<f.fraction - 1)
	exponent := int(bits&0x7fff) >> f.fraction
	top := 1<<(15-f.fraction) - 1
	sign := 1.0
	if bits&0x8000 != 0 {
		sign = -1
	}
	switch {
	case exponent == top && fraction != 0:
		return math.NaN()
	case exponent == top:
		return sign * math.Inf(1)
	case exponent == 0:
		return math.Copysign(math.Ldexp(float64(fraction), 1-f.bias-f.fraction), sign)
	}
	return sign * math.Ldexp(float64(fraction+1<<f.fraction), exponent-f.bias-f.fraction)
}

func TestAll65536NumbersAreWidenedExactlyAndComeBack(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			for i := range 1 << 16 {
				bits := uint16(i)
				want, got := f.value(bits), f.widen(bits)
				if math.IsNaN(want) {
					if got == got || math.Signbit(float64(got)) != (bits&0x8000 != 0) {
						t.Fatalf("%#04x is %v, want NaN of its sign", bits, got)
					}
					// NaN comes back quiet, with its sign and the rest of its payload.
					if back := f.round(got); back != bits|1<<(f.fraction-1) {
						t.Fatalf("NaN %#04x comes back as %#04x", bits, back)
					}
					continue
				}
				if float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want) {
					t.Fatalf("%#04x is %v, want %v", bits, got, want)
				}
				if back := f.round(got); back != bits {
					t.Fatalf("%#04x comes back as %#04x", bits, back)
				}
			}
		})
	}
}

// TestRoundingGoesToTheNearestAndToTheEvenOne asks at, just below and just above
// the middle between each two neighbours: whoever is right there is right between.
func TestRoundingGoesToTheNearestAndToTheEvenOne(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			for bits := uint16(0); bits < f.infinity; bits++ {
				low, high := f.value(bits), f.value(bits+1)
				if bits+1 == f.infinity {
					// The neighbour that the largest number would have.
					high = low + (low - f.value(bits-1))
				}
				middle := float32(low + (high-low)/2)
				if float64(middle) != low+(high-low)/2 {
					continue // beyond the precision of float32, where no middle can be asked for
				}
				even := bits + bits&1
				for _, c := range []struct {
					x    float32
					want uint16
				}{
					{middle, even},
					{math.Nextafter32(middle, 0), bits},
					{math.Nextafter32(middle, float32(math.Inf(1))), bits + 1},
				} {
					if got := f.round(c.x); got != c.want {
						t.Fatalf("%v rounds to %#04x, want %#04x", c.x, got, c.want)
					}
					if got := f.round(-c.x); got != c.want|0x8000 {
						t.Fatalf("%v rounds to %#04x, want %#04x", -c.x, got, c.want|0x8000)
					}
				}
			}
		})
	}
}

func TestWhatIsTooLargeBecomesInfinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, f := range formats {
		for _, x := range []float32{inf, math.MaxFloat32} {
			if got := f.round(x); got != f.infinity {
				t.Errorf("%s: %v becomes %#04x", f.name, x, got)
			}
			if got := f.round(-x); got != f.infinity|0x8000 {
				t.Errorf("%s: %v becomes %#04x", f.name, -x, got)
			}
		}
	}
	// The numbers that programs for Core ML come across: the largest half, and the
	// half step above it from which infinity is nearer.
	for x, want := range map[float32]float32{65504: 65504, 65519.996: 65504, 65520: inf, 1e-8: 0, 0x1p-24: 0x1p-24, 0x1p-25: 0, 1.0004: 1} {
		if got := dtype.RoundFloat16(x); got != want {
			t.Errorf("%v becomes %v, want %v", x, got, want)
		}
	}
}

func TestHalvesAreTheirBytesAlignedOrNot(t *testing.T) {
	memory := []byte{1, 0xa0, 2, 0xb0, 3, 0xc0, 4}
	for from, want := range [][]uint16{{0xa001, 0xb002, 0xc003}, {0x02a0, 0x03b0, 0x04c0}} {
		if got := dtype.Halves(memory[from:]); !slices.Equal(got, want) {
			t.Errorf("from byte %d on they are %#x, want %#x", from, got, want)
		}
	}
	if got := dtype.Halves(memory[:1]); len(got) != 0 {
		t.Errorf("one byte holds %#x", got)
	}
	if got := dtype.HalfBytes(dtype.Halves(memory[:6])); !bytes.Equal(got, memory[:6]) {
		t.Errorf("back they are %x", got)
	}
}
