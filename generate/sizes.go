package generate

import (
	"maps"
	"slices"

	"github.com/gocoreml/coreml/coreml"
)

// A description of a hundred bytes can declare features of gigabytes. These bound
// what is allocated because of one.
const (
	// maxConstantElements bounds the constants together. They are written when a
	// package is opened; those of models are numbers and short vectors.
	maxConstantElements = 1 << 24
	// maxCacheElements bounds the caches that go in and out together, as the
	// portable engine bounds the states of a function.
	maxCacheElements = 1 << 31
	// maxMaskBytes bounds a causal mask: 16,384 tokens in one prediction in float32.
	maxMaskBytes = 1 << 30
)

// budget counts the elements of several features down from their bound.
type budget struct{ most, left int64 }

func newBudget(most int64) *budget { return &budget{most, most} }

// take counts the elements of f, and reports false where they are too many.
func (b *budget) take(f *coreml.FeatureDescription) bool {
	n := int64(1)
	for _, size := range f.Shape {
		if size > 0 && n > b.left/int64(size) {
			return false
		}
		n *= int64(size)
	}
	b.left -= n
	return true
}

// refuseLargeCaches refuses caches that are too large to be made.
func refuseLargeCaches(b *binder) error {
	sizes := newBudget(maxCacheElements)
	for _, in := range slices.Sorted(maps.Keys(b.d.Caches)) {
		f, field := b.desc.Input(in), ""
		if sizes.take(f) {
			continue
		}
		if b.override.Caches != nil {
			field = "caches." + in
		}
		return final(driverErrorf(field, "input %s makes more than %d elements of all caches together", f, sizes.most))
	}
	return nil
}

// checkConstants refuses constants that their inputs cannot hold, and inputs that
// are too large to be filled.
func (d *Driver) checkConstants(desc *coreml.Description) error {
	sizes := newBudget(maxConstantElements)
	for _, in := range slices.Sorted(maps.Keys(d.Constants)) {
		f := desc.Input(in)
		if why := notConstant(f, d.Constants[in]); why != "" {
			return driverErrorf("constants."+in, "%s", why)
		}
		if !sizes.take(f) {
			return driverErrorf("constants."+in, "input %s makes more than %d elements of all constants together", f, sizes.most)
		}
	}
	return nil
}
