package axes_test

import (
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

func TestBoundsFollowEveryFormOfAShape(t *testing.T) {
	fixed := coreml.FeatureDescription{Shape: []int{1, 8}}
	listed := coreml.FeatureDescription{Shape: []int{1, 8}, Enumerated: [][]int{{1, 8, 2}, {1, 4}, {1, 16, 2}}}
	ranges := coreml.FeatureDescription{Shape: []int{1, 8}, Ranges: []coreml.Range{{Lower: 1, Upper: 1}, {Lower: 0, Upper: -1}}}
	for _, c := range []struct {
		name               string
		f                  *coreml.FeatureDescription
		rank, axis         int
		smallest, greatest int
	}{
		{"one shape", &fixed, 2, 1, 8, 8},
		{"from the end", &fixed, 2, -2, 1, 1},
		{"no such axis", &fixed, 2, 2, 0, 0},
		{"no such axis from the end", &fixed, 2, -3, 0, 0},
		{"a list of shapes", &listed, 3, 1, 4, 16},
		{"an axis that not all of them have", &listed, 3, 2, 2, 2},
		{"ranges without an end", &ranges, 2, 1, 0, -1},
	} {
		if got := axes.Rank(c.f); got != c.rank {
			t.Errorf("%s: rank %d, want %d", c.name, got, c.rank)
		}
		if lo, hi := axes.Bounds(c.f, c.axis); lo != c.smallest || hi != c.greatest {
			t.Errorf("%s: %d to %d, want %d to %d", c.name, lo, hi, c.smallest, c.greatest)
		}
	}
}
