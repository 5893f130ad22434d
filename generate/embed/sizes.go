package embed

import (
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

const (
	// maxLength bounds the tokens of a text: far above any model in use.
	maxLength = 1 << 20
	// maxCells bounds the places of a prediction, and so the memory of its inputs.
	maxCells = 1 << 22
)

// size is a shape of the token ids: texts in a prediction and tokens in a text.
type size struct{ batch, length int }

// cells is the number of places of a prediction.
func (s size) cells() int { return s.batch * s.length }

// input is an input that is filled for each prediction.
type input struct {
	f *coreml.FeatureDescription
	// shared says that all texts of a batch have one row, as of positions.
	shared bool
}

// shape returns the shape of the input for a size: its last axes are the batch and
// the length.
func (in input) shape(s size) []int {
	switch {
	case axes.Rank(in.f) == 1:
		return []int{s.length}
	case in.shared:
		return []int{1, s.length}
	}
	return []int{s.batch, s.length}
}

// sizes are those that all inputs of a package allow: a list, or any within bounds.
type sizes struct {
	list     []size // nil where the bounds hold
	lo, hi   size
	batching int // the most texts in a prediction that the caller wants
}

// findSizes returns the sizes that every input allows. Lengths without an end get
// one, limit.
func findSizes(inputs []input, limit, batching int) (*sizes, error) {
	s := &sizes{lo: size{1, 1}, hi: size{maxBatch, maxLength}, batching: batching}
	var listed *coreml.FeatureDescription
	for _, in := range inputs {
		if len(in.f.Enumerated) > 0 && (listed == nil || !in.shared) {
			listed = in.f
		}
		s.narrow(in, limit)
	}
	if listed != nil {
		for _, shape := range listed.Enumerated {
			s.add(inputs, sizeOf(shape))
		}
		if len(s.list) > 0 {
			return s, nil
		}
	}
	if listed != nil || s.lo.batch > s.hi.batch || s.lo.length > s.hi.length {
		return nil, noEmbeddings("the inputs have no shape in common: %s", describe(values(inputs)))
	}
	if s.lo.cells() > maxCells {
		return nil, noEmbeddings("a prediction takes %d tokens, which is more than %d: %s", s.lo.cells(), maxCells, describe(values(inputs)))
	}
	return s, nil
}

// narrow takes the bounds of an input into account.
func (s *sizes) narrow(in input, limit int) {
	lo, hi := bounds(in.f, -1)
	if hi < 0 {
		hi = max(limit, lo)
	}
	s.lo.length, s.hi.length = max(s.lo.length, lo), min(s.hi.length, hi)
	if in.shared {
		return
	}
	if lo, hi = bounds(in.f, 0); axes.Rank(in.f) == 1 {
		lo, hi = 1, 1
	} else if hi < 0 {
		hi = maxBatch
	}
	s.lo.batch, s.hi.batch = max(s.lo.batch, lo), min(s.hi.batch, hi)
}

// sizeOf returns the size that a shape of an input stands for.
func sizeOf(shape []int) size {
	if len(shape) == 1 {
		return size{1, shape[0]}
	}
	return size{shape[0], shape[len(shape)-1]}
}

// add lists a size that all inputs allow.
func (s *sizes) add(inputs []input, one size) {
	if one.batch < 1 || one.length < 1 || one.batch > maxBatch || one.length > maxLength || one.cells() > maxCells || slices.Contains(s.list, one) {
		return
	}
	for _, in := range inputs {
		if in.f.Check(in.shape(one)...) != nil {
			return
		}
	}
	s.list = append(s.list, one)
}

// values copies features, for an error.
func values(list []input) []coreml.FeatureDescription {
	out := make([]coreml.FeatureDescription, len(list))
	for i, in := range list {
		out[i] = *in.f
	}
	return out
}

// longest returns the greatest length.
func (s *sizes) longest() int {
	if s.list == nil {
		return max(s.lo.length, min(s.hi.length, maxCells/s.lo.batch))
	}
	most := 0
	for _, one := range s.list {
		most = max(most, one.length)
	}
	return most
}

// exact reports whether every length up to the longest can be had without
// padding.
func (s *sizes) exact() bool { return s.list == nil && s.lo.length < s.hi.length }

// choose returns the size for count texts of which the longest has length tokens:
// the one with the fewest places for a text, and of those that are equal the one
// for most texts. length is not above longest.
func (s *sizes) choose(count, length int) size {
	if s.list == nil {
		length = max(length, s.lo.length)
		return size{max(min(count, s.batching, s.hi.batch, maxCells/length), s.lo.batch), length}
	}
	var best size
	cost := func(one size) float64 { return float64(one.cells()) / float64(min(one.batch, count)) }
	for _, one := range s.list {
		if one.length < length {
			continue
		}
		if best.batch == 0 || cost(one) < cost(best) || cost(one) == cost(best) && one.batch > best.batch {
			best = one
		}
	}
	return best
}
