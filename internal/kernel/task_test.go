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
		{4, 4, 1, 262144},            // one chunk
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
