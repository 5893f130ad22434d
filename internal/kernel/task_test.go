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
