package dtype_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Quotients, remainders and powers are Python's, but for what only wraps in 64 bits and
// for division by zero, which Python refuses.
func TestIntegersAreDividedAndRaisedAsPythonDoes(t *testing.T) {
	const least, most = math.MinInt64, math.MaxInt64
	for _, c := range []struct{ a, b, div, mod int64 }{
		{7, 2, 3, 1},
		{-7, 2, -4, 1},
		{7, -2, -4, -1},
		{-7, -2, 3, -1},
		{6, -3, -2, 0},
		{0, -5, 0, 0},
		{least, 2, least / 2, 0},
		{least, 3, -3074457345618258603, 1},
		{most, -2, -4611686018427387904, -1},
		{least, -1, least, 0},
		{5, 0, 0, 0},
		{-5, 0, 0, 0},
	} {
		if div, mod := dtype.FloorDiv(c.a, c.b), dtype.FloorMod(c.a, c.b); div != c.div || mod != c.mod {
			t.Errorf("%d by %d: got %d remainder %d, want %d remainder %d", c.a, c.b, div, mod, c.div, c.mod)
		}
	}
	for _, c := range []struct{ a, b, want int64 }{
		{3, 0, 1},
		{0, 0, 1},
		{3, 5, 243},
		{-3, 3, -27},
		{2, 62, 1 << 62},
		{2, 63, least},
		{2, 64, 0},
		{3, 41, -420491770248316829}, // 36472996377170786403 less 2^65
		{2, -1, 0},
		{0, -1, 0},
		{1, -7, 1},
		{-1, -7, -1},
		{-1, -8, 1},
		{-1, least, 1},
	} {
		if got := dtype.Pow(c.a, c.b); got != c.want {
			t.Errorf("%d to the power of %d: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
