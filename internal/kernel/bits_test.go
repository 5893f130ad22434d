package kernel_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// vectorArgs are what a function of vectors is called with.
type vectorArgs struct {
	x, y, z []float32
	half    []uint16
	s       float32
}

// vectorCalls are the functions of vectors; each returns all that it computes.
var vectorCalls = []struct {
	name string
	call func(a *vectorArgs) []float32
}{
	{"Dot", func(a *vectorArgs) []float32 { return []float32{kernel.Dot(a.x, a.y)} }},
	{"DotF16", func(a *vectorArgs) []float32 { return []float32{kernel.DotF16(a.half, a.y)} }},
	{"SumF32", func(a *vectorArgs) []float32 { return []float32{kernel.SumF32(a.x)} }},
	{"SumSquares", func(a *vectorArgs) []float32 { return []float32{kernel.SumSquares(a.x)} }},
	{"MaxF32", func(a *vectorArgs) []float32 { return []float32{kernel.MaxF32(a.x)} }},
	{"Axpy", func(a *vectorArgs) []float32 { kernel.Axpy(a.z, a.s, a.x); return a.z }},
	{"AxpyF16", func(a *vectorArgs) []float32 { kernel.AxpyF16(a.z, a.s, a.half); return a.z }},
	{"Add", func(a *vectorArgs) []float32 { kernel.Add(a.z, a.x, a.y); return a.z }},
	{"Mul", func(a *vectorArgs) []float32 { kernel.Mul(a.z, a.x, a.y); return a.z }},
	{"Scale", func(a *vectorArgs) []float32 { kernel.Scale(a.z, a.x, a.s); return a.z }},
	{"Exp", func(a *vectorArgs) []float32 { kernel.Exp(a.z, a.x); return a.z }},
	{"Silu", func(a *vectorArgs) []float32 { kernel.Silu(a.z, a.x); return a.z }},
	{"GeluTanh", func(a *vectorArgs) []float32 { kernel.GeluTanh(a.z, a.x); return a.z }},
	{"GeluErf", func(a *vectorArgs) []float32 { kernel.GeluErf(a.z, a.x); return a.z }},
	{"Tanh", func(a *vectorArgs) []float32 { kernel.Tanh(a.z, a.x); return a.z }},
	{"Softmax", func(a *vectorArgs) []float32 { kernel.Softmax(a.x); return a.x }},
	{"RMSNorm", func(a *vectorArgs) []float32 { kernel.RMSNorm(a.z, a.x, a.y, 1e-5); return a.z }},
	{"RMSNorm without gamma", func(a *vectorArgs) []float32 { kernel.RMSNorm(a.z, a.x, nil, 1e-5); return a.z }},
	{"LayerNorm", func(a *vectorArgs) []float32 { kernel.LayerNorm(a.z, a.x, a.y, a.x, 1e-5); return a.z }},
	{"LayerNorm alone", func(a *vectorArgs) []float32 { kernel.LayerNorm(a.z, a.x, nil, nil, 1e-5); return a.z }},
	{"AddMask", func(a *vectorArgs) []float32 { kernel.AddMask(a.x, a.y); return a.x }},
	{"Rotate", func(a *vectorArgs) []float32 { return rotated(a, false) }},
	{"Rotate, rounded", func(a *vectorArgs) []float32 { return rotated(a, true) }},
	{"RotateRows", func(a *vectorArgs) []float32 { return rotatedRows(a, false) }},
	{"RotateRows, rounded", func(a *vectorArgs) []float32 { return rotatedRows(a, true) }},
	{"Gate of SiLU", func(a *vectorArgs) []float32 { return gated(a, kernel.SiluActivation, false) }},
	{"Gate of SiLU, rounded", func(a *vectorArgs) []float32 { return gated(a, kernel.SiluActivation, true) }},
	{"Gate of GELU", func(a *vectorArgs) []float32 { return gated(a, kernel.GeluErfActivation, false) }},
	{"MulScale", func(a *vectorArgs) []float32 { kernel.MulScale(a.z, a.x, a.y, a.s); return a.z }},
	{"F16ToF32", func(a *vectorArgs) []float32 { kernel.F16ToF32(a.z, a.half); return a.z }},
	{"F32ToF16", func(a *vectorArgs) []float32 {
		kernel.F32ToF16(a.half, a.x)
		for i, h := range a.half {
			a.z[i] = math.Float32frombits(uint32(h))
		}
		return a.z
	}},
	{"RoundF16", func(a *vectorArgs) []float32 { kernel.RoundF16(a.x); return a.x }},
}

func rotated(a *vectorArgs, round bool) []float32 {
	n := len(a.z) &^ 1
	kernel.Rotate(a.z[:n], a.x[:n], a.y[:n], a.y[:n], round)
	return a.z[:n]
}

// rotatedRows turns three rows of a third each, all by the same angles.
func rotatedRows(a *vectorArgs, round bool) []float32 {
	n := len(a.z) / 3 &^ 1
	x, table := kernel.Rows{Of: a.x, Apart: n}, kernel.Rows{Of: a.y}
	kernel.RotateRows(a.z[:3*n], n, 3, x, table, table, round)
	return a.z[:3*n]
}

func gated(a *vectorArgs, f kernel.Activation, round bool) []float32 {
	g := kernel.Gate{Activation: f, Round: round}
	g.Apply(a.z, a.x, a.y)
	return a.z
}

// exactNaNs are the functions whose NaNs have bits that the definition states.
var exactNaNs = []string{"F16ToF32", "F32ToF16", "RoundF16"}

// vectorFillings are kinds of numbers.
var vectorFillings = []struct {
	name string
	fill func(r *rand.Rand) float32
}{
	{"normal", func(r *rand.Rand) float32 { return float32(r.NormFloat64()) }},
	{"of any size", func(r *rand.Rand) float32 { return float32(r.NormFloat64() * math.Pow(10, r.Float64()*20-10)) }},
	{"arguments of exp", func(r *rand.Rand) float32 { return r.Float32()*240 - 120 }},
	{"with few digits", func(r *rand.Rand) float32 { return float32(r.IntN(4096)-2048) / 64 }},
	{"below the normal ones", func(r *rand.Rand) float32 {
		return float32(r.NormFloat64()) * float32(math.Ldexp(1, -60-r.IntN(90)))
	}},
	{"negative or -Inf", func(r *rand.Rand) float32 {
		if r.IntN(3) == 0 {
			return float32(math.Inf(-1))
		}
		return -float32(r.ExpFloat64())
	}},
	{"zeros and ones of both signs", func(r *rand.Rand) float32 {
		return float32(math.Copysign(float64(r.IntN(8)/7), float64(r.IntN(2))-0.5))
	}},
	{"any bits", func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32()) }},
	{"zeros, infinities and the like", func(r *rand.Rand) float32 { return special[r.IntN(len(special))] }},
}

// bitLengths are lengths around groups, chunks and pieces of them.
func bitLengths() []int {
	var n []int
	for i := range 101 {
		n = append(n, i)
	}
	return append(n, 127, 128, 255, 500, 511, 512, 513, 528, 576, 1023, 1024, 1030, 1536, 2047, 4099)
}

// drawArgs draws the arguments.
func drawArgs(r *rand.Rand, n int, fill func(r *rand.Rand) float32) *vectorArgs {
	a := &vectorArgs{make([]float32, n), make([]float32, n), make([]float32, n), make([]uint16, n), fill(r)}
	for i := range n {
		a.x[i], a.y[i], a.z[i], a.half[i] = fill(r), fill(r), fill(r), dtype.Float32ToFloat16(fill(r))
	}
	return a
}

// guardedArgs returns slices that end where a page does, and so begin anywhere.
func guardedArgs(tb testing.TB, n int) *vectorArgs {
	return &vectorArgs{guarded[float32](tb, n), guarded[float32](tb, n), guarded[float32](tb, n), guarded[uint16](tb, n), 0}
}

func (a *vectorArgs) copyFrom(b *vectorArgs) {
	copy(a.x, b.x)
	copy(a.y, b.y)
	copy(a.z, b.z)
	copy(a.half, b.half)
	a.s = b.s
}

// TestEveryVariantComputesTheSameBits compares the functions of vectors with the plain
// Go: any NaN is equal to any other, where the bits of it are not stated.
func TestEveryVariantComputesTheSameBits(t *testing.T) {
	variants := kernel.Variants()
	was := kernel.CPU().Variant
	t.Cleanup(func() { use(t, was) })
	for i, n := range bitLengths() {
		args := guardedArgs(t, n)
		for f, filling := range vectorFillings {
			if testing.Short() && n > 16 && i%4 != f%4 {
				continue
			}
			drawn := drawArgs(newRand(uint64(100*n+f)), n, filling.fill)
			for _, c := range vectorCalls {
				var want []float32
				for _, variant := range slices.Backward(variants) {
					use(t, variant)
					args.copyFrom(drawn)
					got := c.call(args)
					if want == nil {
						want = slices.Clone(got)
						continue
					}
					what := fmt.Sprintf("%s of %d numbers, %s, %s", c.name, n, filling.name, variant)
					compareBits(t, what, got, want, slices.Contains(exactNaNs, c.name))
				}
			}
		}
	}
}

// recordedBits is a hash of what the functions of vectors compute, on any processor.
const recordedBits = 0x21e3217f7de7718e

// TestVectorsHaveRecordedBits is what says that another processor has the same bits: the
// hash is of amd64, and the tests run elsewhere too. The numbers are drawn as bits, so
// that they are the same there.
func TestVectorsHaveRecordedBits(t *testing.T) {
	draw := func(r *rand.Rand) float32 {
		return math.Float32frombits(r.Uint32()&(1<<31|1<<23-1) | uint32(107+r.IntN(27))<<23)
	}
	eachVariant(t, func(t *testing.T) {
		h := fnv.New64a()
		for _, n := range []int{1, 7, 16, 100, 511, 576, 1030} {
			args := guardedArgs(t, n)
			drawn := drawArgs(newRand(uint64(n)), n, draw)
			for _, c := range vectorCalls {
				args.copyFrom(drawn)
				for _, v := range c.call(args) {
					b := math.Float32bits(v)
					if v != v {
						b = 0x7fc00000
					}
					_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, b))
				}
			}
		}
		if got := h.Sum64(); got != recordedBits {
			t.Errorf("the bits have the hash %#x, recorded is %#x", got, uint64(recordedBits))
		}
	})
}

func compareBits(t *testing.T, what string, got, want []float32, nan bool) {
	t.Helper()
	for i := range want {
		g, w := math.Float32bits(got[i]), math.Float32bits(want[i])
		if g != w && (nan || got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d is %v (%#08x), the definition %v (%#08x)", what, i, got[i], g, want[i], w)
		}
	}
}
