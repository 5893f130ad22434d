//go:build !noasm

package kernel_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// TestRowsAreTheSameInEveryWayOfFetching has rows that are longer than what is fetched
// ahead into the first cache, and short ones.
func TestRowsAreTheSameInEveryWayOfFetching(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for way := range kernel.FetchWays {
			before := kernel.SetFetch(way)
			t.Cleanup(func() { kernel.SetFetch(before) })
			r := newRand(41)
			for _, cols := range []int{64, 8192} {
				half := halves(t, r, 8*cols, 1)
				w := make([]float32, len(half))
				kernel.F16ToF32(w, half)
				f16, err := kernel.NewF16(8, cols, half)
				if err != nil {
					t.Fatal(err)
				}
				f32, err := kernel.NewF32(8, cols, w)
				if err != nil {
					t.Fatal(err)
				}
				checkMul(t, f16, w, r, 1)
				checkMul(t, f32, w, r, 1)
				for _, bits := range []int{4, 8} {
					m, w := quantSpec{8, cols, bits, true, 1, 32, false, 0, false, 0}.make(t, r)
					checkMul(t, m, w, r, 1)
				}
				for _, bits := range []int{4, 6} {
					m, w := lutSpec{8, cols, bits, 8, cols, false, 0, false}.make(t, r)
					checkMul(t, m, w, r, 1)
				}
			}
		}
	})
}

// TestRowsAreFetchedByFours would otherwise fetch what four rows begin with too late.
func TestRowsAreFetchedByFours(t *testing.T) {
	for way := range kernel.FetchWays {
		before := kernel.SetFetch(way)
		for _, stride := range []int{16, 288, 2048, 7168, 28672} {
			ahead, got := kernel.RowsAhead(stride)
			what := fmt.Sprintf("way %d, %d bytes apart", way, stride)
			if ahead <= 0 || ahead%(4*stride) != 0 {
				t.Errorf("%s: fetched %d bytes ahead", what, ahead)
			}
			// Only a few rows may go to the first cache.
			if got != way && ahead <= 12<<10 || kernel.IsFirst(got) && ahead > 12<<10 {
				t.Errorf("%s: fetched in way %d", what, got)
			}
		}
		kernel.SetFetch(before)
	}
}
