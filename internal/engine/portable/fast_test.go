package portable_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
)

// int4Linear builds y = x·Wᵀ for int4 weights in blocks of 32.
func int4Linear(t *testing.T, arith engine.Arithmetic, rows, cols int) *portable.Built {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	codes, scales := make([]int, rows*cols), make([]float32, rows*cols/32)
	for k := range codes {
		codes[k] = r.IntN(16) - 8
	}
	for k := range scales {
		scales[k] = 0.01 + 0.01*r.Float32()
	}
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float16, mil.Unknown, cols)
	w := b.Op("constexpr_blockwise_shift_scale", "", half(rows, cols), mil.Args{
		"data":  b.IntTensor("", dtype.Int4, []int{rows, cols}, codes...),
		"scale": b.Float16s("", []int{rows, cols / 32}, scales...),
	})
	b.Output("y", b.Op("linear", "", half(mil.Unknown, rows), mil.Args{"x": x, "weight": w}))
	p, err := portable.Build(b, arith, true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Arithmetic fast stays near wide for one vector and for many, and short rows
// it leaves as they are.
func TestFastRoundsTheInputsOfLongRowsOnly(t *testing.T) {
	for _, test := range []struct {
		cols, n int
		same    bool
	}{
		{256, 1, true},
		{256, 9, true},
		{1024, 1, false},
		{1024, 9, false},
	} {
		x := randomHalves(t, rand.New(rand.NewPCG(7, 8)), []int{test.n, test.cols})
		got := run(t, int4Linear(t, engine.ArithmeticFast, 48, test.cols), nil, x)[0]
		want := run(t, int4Linear(t, engine.ArithmeticWide, 48, test.cols), nil, x)[0]
		size, off := 0.0, 0.0
		for k := range want {
			size += float64(want[k]) * float64(want[k])
			off += float64(got[k]-want[k]) * float64(got[k]-want[k])
		}
		if share := math.Sqrt(off / size); share > 0.01 || (test.same && share != 0) {
			t.Errorf("%d vectors of %d: fast is off by %v of the result", test.n, test.cols, share)
		}
	}
}
