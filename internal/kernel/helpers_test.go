package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// eachVariant runs a test under every kernel set that this machine has.
func eachVariant(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	was := kernel.CPU().Variant
	t.Cleanup(func() { use(t, was) })
	for _, v := range kernel.Variants() {
		t.Run(v, func(t *testing.T) { use(t, v); f(t) })
	}
}

func use(tb testing.TB, name string) {
	tb.Helper()
	if err := kernel.SetVariant(name); err != nil {
		tb.Fatal(err)
	}
}

// someUnderRace returns each nth of the cases under the race detector with -short,
// from another one for each variant: what single loops compute is looked at without it.
func someUnderRace[C any](cases []C, n int) []C {
	if !raceEnabled || !testing.Short() {
		return cases
	}
	var some []C
	for i := slices.Index(kernel.Variants(), kernel.CPU().Variant) % n; i < len(cases); i += n {
		some = append(some, cases[i])
	}
	return some
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// normals fills a guarded slice with normally distributed numbers.
func normals(tb testing.TB, r *rand.Rand, n int) []float32 {
	x := guarded[float32](tb, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func halves(tb testing.TB, r *rand.Rand, n int, scale float64) []uint16 {
	x := guarded[uint16](tb, n)
	for i := range x {
		x[i] = dtype.Float32ToFloat16(float32(r.NormFloat64() * scale))
	}
	return x
}

func randomBytes(tb testing.TB, r *rand.Rand, n int) []byte {
	x := guarded[byte](tb, n)
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	return x
}

const eps = 1.0 / (1 << 24)

// dotBound is the documented bound on a sum of n products whose magnitudes sum
// to abs: 2n·eps·abs, with a few terms for the final additions.
func dotBound(n int, abs float64) float64 { return 2 * float64(n+4) * eps * abs }

// sameBits fails unless two numbers have the same bits or are both NaN.
func sameBits(t *testing.T, what string, got, want float32) {
	t.Helper()
	if math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
		t.Fatalf("%s = %v (%08x), want %v (%08x)", what, got, math.Float32bits(got), want, math.Float32bits(want))
	}
}

// allTheSame is sameBits for each of some results.
func allTheSame(t *testing.T, what any, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%+v: result %d of %d is %v (%#x), want %v (%#x)", what, i, len(want), got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// near fails unless |got-want| <= bound, NaN equal to NaN.
func near(t *testing.T, what string, got float32, want, bound float64) {
	t.Helper()
	if math.IsNaN(want) && math.IsNaN(float64(got)) {
		return
	}
	if d := math.Abs(float64(got) - want); !(d <= bound) && float64(got) != want {
		t.Fatalf("%s = %v, want %v within %.3g (off by %.3g)", what, got, want, bound, d)
	}
}

// ulps is the distance between a float32 and an exact value in units of the
// last place of the exact value.
func ulps(got float32, want float64) float64 {
	w := math.Abs(float64(float32(want)))
	unit := float64(math.Nextafter32(float32(w), float32(math.Inf(1)))) - w
	return math.Abs(float64(got)-want) / unit
}
