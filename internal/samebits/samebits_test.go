package samebits_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/samebits"
)

// functions are all of one argument: what package math has, how many units of the last
// place a result may be off, and arguments whose results are recorded.
var functions = []struct {
	name      string
	got, want func(float64) float64
	units     float64
	lo, hi    float64
	hash      uint64 // of the bits of results
}{
	{"Exp", samebits.Exp, math.Exp, 1, -745, 710, 0xa583b5d41d0730f9},
	{"Exp2", samebits.Exp2, math.Exp2, 1, -1075, 1024, 0x4d147dbb97e3b854},
	{"Expm1", samebits.Expm1, math.Expm1, 2, -40, 40, 0x6f15569b78423367},
	{"Log", samebits.Log, math.Log, 2, 0, 1e6, 0xef5b820dcf2f635d},
	{"Log1p", samebits.Log1p, math.Log1p, 2, -1, 10, 0x5fa494ee92db7be8},
	{"Sin", samebits.Sin, math.Sin, 1, -1000, 1000, 0xa4595d01f0f30afb},
	{"Cos", samebits.Cos, math.Cos, 1, -1000, 1000, 0x949ce808076cba6b},
	{"Tan", samebits.Tan, math.Tan, 3, -100, 100, 0x3bbf6a7b89d598f},
	{"Asin", samebits.Asin, math.Asin, 3, -1, 1, 0x668b953d67c0b416},
	{"Acos", samebits.Acos, math.Acos, 3, -1, 1, 0xdb06eeadb5a431f4},
	{"Atan", samebits.Atan, math.Atan, 2, -20, 20, 0x9130249da44dec5b},
	{"Sinh", samebits.Sinh, math.Sinh, 3, -720, 720, 0x333f172e2c40496e},
	{"Cosh", samebits.Cosh, math.Cosh, 3, -720, 720, 0xb99a116ef875a42d},
	{"Tanh", samebits.Tanh, math.Tanh, 4, -25, 25, 0xf29b5b985f20ac79},
	{"Asinh", samebits.Asinh, math.Asinh, 3, -100, 100, 0x6befb3ebf4019d7e},
	{"Acosh", samebits.Acosh, math.Acosh, 3, 1, 100, 0x60f941823ec754b5},
	{"Atanh", samebits.Atanh, math.Atanh, 3, -1, 1, 0x76da5870d351c5b8},
	{"Erf", samebits.Erf, math.Erf, 3, -7, 7, 0x8fcfb448401af76d},
	{"Erfc", samebits.Erfc, math.Erfc, 700, -6, 25, 0xc124206aa1d51721},
}

func arguments(seed uint64, lo, hi float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, 0, 20_000)
	for len(x) < cap(x) {
		v := lo + float64((hi-lo)*r.Float64())
		x = append(x, v, float64(float32(v)))
		if small := v * math.Ldexp(1, -r.IntN(60)); small >= lo && small <= hi {
			x = append(x, small)
		}
	}
	return x
}

// apart is the distance in units of the last place of want.
func apart(got, want float64) float64 {
	if got == want || got != got && want != want {
		return 0
	}
	unit := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
	return math.Abs(got-want) / unit
}

// TestFunctionsAreNearExactValues reads values that testdata/values.py computed.
func TestFunctionsAreNearExactValues(t *testing.T) {
	text, err := os.ReadFile("testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	worst, seen := map[string]float64{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		var name string
		var x, want float64
		if _, err := fmt.Sscan(line, &name, &x, &want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, f := range functions {
			if f.name != name {
				continue
			}
			seen[name]++
			got := f.got(x)
			d := apart(got, want)
			worst[name] = max(worst[name], d)
			if d > f.units {
				t.Errorf("%s(%v) = %v, want %v, %.0f units away", name, x, got, want, d)
			}
		}
	}
	for _, f := range functions {
		t.Logf("%s is off by %.0f units at most", f.name, worst[f.name])
		if seen[f.name] < 50 {
			t.Errorf("%s has %d values", f.name, seen[f.name])
		}
	}
}

func TestFunctionsHaveTheSpecialValuesOfPackageMath(t *testing.T) {
	inf := math.Inf(1)
	special := []float64{
		0, math.Copysign(0, -1), 1, -1, inf, -inf, math.NaN(), 1e-300, 1e-20, -1e-20, 2, -2, 700, -700,
	}
	for _, f := range functions {
		for _, x := range special {
			got, want := f.got(x), f.want(x)
			if d := apart(got, want); d > max(f.units, 1) || math.Signbit(got) != math.Signbit(want) && want == want {
				t.Errorf("%s(%v) = %v, package math has %v", f.name, x, got, want)
			}
		}
	}
	for _, x := range append(special, 0.5, -0.5, 3, -3) {
		for _, y := range append(special, 0.5, -0.5, 3, -3, 1<<53, 1<<53+2) {
			got, want := samebits.Pow(x, y), math.Pow(x, y)
			if d := apart(got, want); d > 1000 || math.Signbit(got) != math.Signbit(want) && want == want {
				t.Errorf("Pow(%v, %v) = %v, package math has %v", x, y, got, want)
			}
		}
	}
}

func TestPowersAreNearThoseOfPackageMath(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 20_000 {
		x, y := r.ExpFloat64()*100, r.NormFloat64()*10
		got, want := samebits.Pow(x, y), math.Pow(x, y)
		if math.Abs(got-want) > 1e-13*want {
			t.Fatalf("Pow(%v, %v) = %v, package math has %v", x, y, got, want)
		}
	}
}

// TestFunctionsHaveRecordedBits is what says that another processor has the same: the
// hashes are of amd64, and the tests run elsewhere too.
func TestFunctionsHaveRecordedBits(t *testing.T) {
	for k, f := range functions {
		h := fnv.New64a()
		for _, x := range arguments(uint64(k), f.lo, f.hi) {
			b := math.Float64bits(f.got(x))
			_, _ = h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24), byte(b >> 32), byte(b >> 40), byte(b >> 48), byte(b >> 56)})
		}
		if got := h.Sum64(); got != f.hash {
			t.Errorf("%s has %#x, recorded is %#x", f.name, got, f.hash)
		}
	}
}

func BenchmarkExp(b *testing.B) {
	x := arguments(1, -30, 0)
	for _, f := range functions[:1] {
		for name, run := range map[string]func(float64) float64{"samebits": f.got, "math": f.want} {
			b.Run(name, func(b *testing.B) {
				sum := 0.0
				for i := 0; b.Loop(); i++ {
					sum += run(x[i%len(x)])
				}
				_ = sum
			})
		}
	}
}
