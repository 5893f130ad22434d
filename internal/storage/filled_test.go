package storage_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestCloneFilledCopiesEveryNumber(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 7, 1023, 1024, 1025, 2048, 5000, 70001} {
		src := make([]float32, n)
		for range n / 700 {
			src[rng.IntN(n)] = rng.Float32()
		}
		if n > 0 {
			src[n-1] = 3
		}
		got := storage.CloneFilled(src)
		if !slices.Equal(got, src) || got == nil {
			t.Errorf("a copy of %d numbers differs", n)
		}
		if n > 0 {
			got[n-1] = 4
			if src[n-1] != 3 {
				t.Errorf("a copy of %d numbers shares their memory", n)
			}
		}
	}
	if storage.CloneFilled([]uint16(nil)) != nil {
		t.Error("nil gives something")
	}
	if storage.IsZero(make([]byte, 9000)) == false || storage.IsZero(append(make([]byte, 9000), 1)) {
		t.Error("zeros are not told from others")
	}
}
