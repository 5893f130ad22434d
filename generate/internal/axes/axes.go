// Package axes says what sizes the axes of a feature may have, however its description
// gives them: as one shape, as a list of shapes, or as ranges.
package axes

import "github.com/gocoreml/coreml/coreml"

// Rank returns the number of axes. A description may give flexible shapes in
// place of the plain one, which then says nothing.
func Rank(f *coreml.FeatureDescription) int {
	switch {
	case len(f.Ranges) > 0:
		return len(f.Ranges)
	case len(f.Enumerated) > 0:
		return len(f.Enumerated[0])
	}
	return len(f.Shape)
}

// Bounds returns the smallest and the greatest size of an axis, counted from
// the end when negative. The greatest is -1 where there is none, and both are 0 for an
// axis that the feature has not.
func Bounds(f *coreml.FeatureDescription, axis int) (lo, hi int) {
	if axis < 0 {
		axis += Rank(f)
	}
	switch {
	case axis < 0 || axis >= Rank(f):
		return 0, 0
	case len(f.Ranges) > 0:
		return f.Ranges[axis].Lower, f.Ranges[axis].Upper
	case len(f.Enumerated) > 0:
		lo, hi = f.Enumerated[0][axis], 0
		for _, shape := range f.Enumerated {
			if axis < len(shape) {
				lo, hi = min(lo, shape[axis]), max(hi, shape[axis])
			}
		}
		return lo, hi
	}
	return f.Shape[axis], f.Shape[axis]
}
