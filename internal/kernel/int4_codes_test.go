package kernel_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

func TestBFloat16WidensAsTheDefinition(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		src := guarded[uint16](t, 65536)
		for i := range src {
			src[i] = uint16(i)
		}
		for _, n := range []int{0, 1, 7, 8, 9, 31, 32, 47, 65536} {
			dst := guarded[float32](t, n)
			kernel.BF16ToF32(dst, src[65536-n:])
			for i, got := range dst {
				if want := uint32(65536-n+i) << 16; math.Float32bits(got) != want {
					t.Fatalf("number %d of %d widens to %#08x, want %#08x", i, n, math.Float32bits(got), want)
				}
			}
		}
	})
}

// magnitudes are normal numbers with now and then one at which a comparison could go wrong.
func magnitudes(t *testing.T, n int, hard bool) []float32 {
	r := newRand(uint64(n))
	x := normals(t, r, n)
	for i := range x {
		switch r.IntN(50) {
		case 0:
			x[i] = float32(math.Copysign(0, -1))
		case 1:
			x[i] = -math.SmallestNonzeroFloat32
		case 2:
			if hard {
				x[i] = special[r.IntN(len(special))]
			}
		}
	}
	return x
}

func TestPeaksAreTheLargestMagnitudes(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, block := range []int{1, 2, 16, 32, 48, 64, 96, 4096} {
			for _, n := range []int{0, 1, 2, 5} {
				for _, hard := range []bool{false, true} {
					x := magnitudes(t, n*block, hard)
					dst := guarded[float32](t, n)
					kernel.BlockPeaks(dst, x, block)
					for b, got := range dst {
						want := float32(0)
						for _, v := range x[b*block:][:block] {
							want = max(want, float32(math.Abs(float64(v)))) // NaN where one of them is
						}
						sameBits(t, fmt.Sprintf("peak %d of blocks of %d", b, block), got, want)
					}
				}
			}
		}
	})
}

func TestThePeakOfNumbersThatAreNotFiniteIsNone(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for n := range 40 {
			x := magnitudes(t, n, false)
			want := float32(0)
			for _, v := range x {
				want = max(want, float32(math.Abs(float64(v))))
			}
			sameBits(t, "peak", kernel.Peak(x), want)
			for i, was := range x {
				for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					x[i] = float32(bad)
					if got := kernel.Peak(x); got == got {
						t.Fatalf("peak with %v at %d of %d is %v", bad, i, n, got)
					}
				}
				x[i] = was
			}
		}
	})
}

// int4Weights are n blocks with a step each: numbers of fp16 of very different size, many of
// which lie about half way between two codes.
func int4Weights(t *testing.T, seed uint64, n, block int) (x, steps []float32) {
	r := newRand(seed)
	x, steps = guarded[float32](t, n*block), guarded[float32](t, n)
	for b := range steps {
		peak := dtype.RoundFloat16(float32(math.Exp2(r.Float64()*30 - 16))) // 1.5e-5 to 16384
		steps[b] = dtype.RoundFloat16(2 * peak / 14)
		v := x[b*block:][:block]
		for i := range v {
			switch r.IntN(4) {
			case 0:
				v[i] = (float32(r.IntN(16)) - 7.5) * steps[b]
			case 1:
				v[i] = float32(math.Copysign(0, r.Float64()-0.5))
			default:
				v[i] = float32(r.Float64()*2-1) * peak
			}
			v[i] = min(max(dtype.RoundFloat16(v[i]), -peak), peak)
		}
		if r.IntN(8) == 0 { // a block of zeros
			clear(v)
			steps[b] = 1
		}
	}
	return x, steps
}

// definedCode is a code as coremltools computes it.
func definedCode(v, step float32) int {
	q := math.RoundToEven(float64(dtype.RoundFloat16(v / step)))
	return int(min(max(q, -7), 7))
}

func TestCodesOf4BitsAreThoseOfTheDefinition(t *testing.T) {
	type result struct{ largest, squares float32 }
	plain := map[string]result{}
	use(t, kernel.Generic)
	check := func(t *testing.T, n, block int) {
		x, steps := int4Weights(t, uint64(n*block), n, block)
		codes := guarded[byte](t, n*block/2)
		var got result
		got.largest, got.squares = kernel.Int4Codes(codes, x, steps, block)
		largest, squares := 0.0, 0.0
		for i, v := range x {
			step := steps[i/block]
			want := definedCode(v, step)
			if c := int(int8(codes[i/2]<<(4-i%2*4)) >> 4); c != want {
				t.Fatalf("%d blocks of %d: %v in steps of %v is %d, want %d", n, block, v, step, c, want)
			}
			d := float64(v - float32(want)*step)
			largest, squares = max(largest, math.Abs(d)), squares+d*d
		}
		name := fmt.Sprint(n, block)
		want, ok := plain[name]
		if !ok {
			near(t, "sum of squares", got.squares, squares, 1e-5*squares)
			near(t, "largest error", got.largest, largest, 0)
			plain[name] = got
			return
		}
		sameBits(t, name+": sum of squares", got.squares, want.squares)
		sameBits(t, name+": largest error", got.largest, want.largest)
	}
	all := func(t *testing.T) {
		for _, block := range []int{2, 14, 16, 32, 48, 64, 128, 4096} {
			for _, n := range []int{0, 1, 2, 3, 64} {
				check(t, n, block)
			}
		}
	}
	all(t)
	eachVariant(t, all)
}

// Every weight that a block may have beside its largest, for some of the largest ones.
func TestCodesOfEveryHalf(t *testing.T) {
	first, last, stride := dtype.Float32ToFloat16(1e-5)+1, dtype.Float32ToFloat16(32752), uint16(97)
	if testing.Short() {
		stride *= 23
	}
	eachVariant(t, func(t *testing.T) {
		for p := first; p <= last; p += stride {
			n := (2*(int(p)+1) + 31) / 32 * 32
			x, codes := make([]float32, n), make([]byte, n/2)
			for h := range int(p) + 1 {
				x[2*h] = dtype.Float16ToFloat32(uint16(h))
				x[2*h+1] = -x[2*h]
			}
			step := dtype.RoundFloat16(2 * dtype.Float16ToFloat32(p) / 14)
			kernel.Int4Codes(codes, x, []float32{step}, n)
			for h := range int(p) + 1 {
				want := definedCode(x[2*h], step)
				if c := int(codes[h] & 15); c != want || int(int8(codes[h])>>4) != -want {
					t.Fatalf("%v and its negative in steps of %v are %#x, want %d", x[2*h], step, codes[h], want)
				}
			}
		}
	})
}

func FuzzCodesOf4Bits(f *testing.F) {
	f.Add([]byte("some weights of sixteen bits, of which most are no sensible numbers"), uint8(0))
	f.Add(bytes.Repeat([]byte{0, 0x3c, 0, 0xbc, 0xff, 0x7b, 1, 0}, 40), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, each uint8) {
		block := 32 * (int(each)%4 + 1)
		n := min(len(data)/2/block, 64)
		all := make([]float32, n*block)
		for i := range all {
			all[i] = dtype.Float16ToFloat32(uint16(data[2*i]) | uint16(data[2*i+1])<<8)
		}
		results, was := map[string]string{}, kernel.CPU().Variant
		defer use(t, was)
		for _, v := range []string{kernel.Generic, kernel.Variants()[0]} {
			use(t, v)
			x, peaks, steps, codes := slices.Clone(all), make([]float32, n), make([]float32, n), make([]byte, len(all)/2)
			kernel.BlockPeaks(peaks, x, block)
			for i, p := range peaks {
				steps[i] = dtype.RoundFloat16(2 * p / 14)
				if !(p >= 1e-5 && p <= 32752) { // nothing that Int4Codes takes
					clear(x[i*block : (i+1)*block])
					steps[i] = 1
				}
			}
			largest, squares := kernel.Int4Codes(codes, x, steps, block)
			results[v] = fmt.Sprintf("peaks %v, codes %x, errors %x and %x", peaks, codes, math.Float32bits(largest), math.Float32bits(squares))
		}
		for v, got := range results {
			if want := results[kernel.Generic]; got != want {
				t.Errorf("%s: %s\nwant %s", v, got, want)
			}
		}
	})
}
