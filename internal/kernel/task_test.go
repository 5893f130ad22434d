package kernel_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// TestThreadsHaveTheSameNumberOfTiles has small matrices whose largest chunks would leave one
// over.
func TestThreadsHaveTheSameNumberOfTiles(t *testing.T) {
	for _, c := range []struct{ tiles, most, threads, want int }{
		{36, 4, 2, 3}, // 9 chunks, of which one thread had 5
		{60, 7, 2, 6},
		{192, 12, 2, 12},
		{36, 4, 1, 4},
		{36, 4, 3, 4},
		{1, 1, 8, 1},
		{5, 9, 2, 4},
		{0, 1, 2, 1},
	} {
		got := kernel.EvenTiles(c.tiles, c.most, c.threads)
		if got != c.want {
			t.Errorf("%d tiles on %d threads: chunks of %d, want %d (most %d)", c.tiles, c.threads, got, c.want, c.most)
		}
	}
}

func TestOneThreadHasFewChunks(t *testing.T) {
	for _, c := range []struct {
		rows, bytes, threads, want int
	}{
		{3072, 3072 * 324, 1, 800},   // a quarter of the matrix
		{3072, 3072 * 324, 2, 192},   // eight chunks each
		{16, 16 << 20, 1, 16},        // not less than a tile
		{49152, 49152 * 324, 1, 800}, // however many there are
		{4, 4, 1, 16},                // not more than there are
	} {
		m, err := kernel.NewDecoded(c.rows, 8, "decoded", c.bytes, func([]float32, int) {})
		if err != nil {
			t.Fatal(err)
		}
		if got := kernel.Grain(m, c.threads); got != c.want {
			t.Errorf("%d rows of %d bytes on %d threads: chunks of %d rows, want %d", c.rows, c.bytes/c.rows, c.threads, got, c.want)
		}
	}
}

// A product that is rounded is the product, rounded: whatever the rows of a chunk, which
// are rounded together, and however far apart they lie.
func TestARoundedProductIsTheProductRounded(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range []quantSpec{{192, 64, 4, true, 1, 32, false, 0, false, 0}, {39, 64, 4, true, 1, 32, false, 0, false, 0}} {
			r := newRand(29)
			m, _ := s.make(t, r)
			for _, n := range []int{1, 5, 20} {
				ld := s.rows + 3
				x, got, want := normals(t, r, n*s.cols), make([]float32, n*ld), make([]float32, n*ld)
				task := kernel.MatMulTask{Mat: m, Dst: want, X: x, Ldd: ld, Ldx: s.cols, N: n}
				task.Go(nil, 0)
				kernel.RoundF16(want)
				task.Dst, task.RoundOut = got, true
				for i := range got {
					got[i] = 1.0001 // between the rows it stays
				}
				task.Go(nil, 0)
				for i := range n {
					for _, v := range got[i*ld+s.rows : (i+1)*ld] {
						sameBits(t, "a number between rows", v, 1.0001)
					}
					allTheSame(t, [2]int{n, i}, got[i*ld:][:s.rows], want[i*ld:][:s.rows])
				}
			}
		}
	})
}
