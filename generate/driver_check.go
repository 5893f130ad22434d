package generate

import (
	"maps"
	"slices"

	"github.com/gocoreml/coreml/coreml"
)

// maxContext bounds the context of a package that declares no bound itself.
const maxContext = 1 << 20

// check reports whether the fields that are set fit the description, each for
// itself: that there are such features, of fitting type and rank, and that none
// has two uses. Whether they fit each other is for the family to say.
func (d *Driver) check(desc *coreml.Description) error {
	if d.ContextLength < 0 || d.ContextLength > maxContext {
		return driverErrorf("context", "is %d, want 1 to %d, or 0 for what the package allows", d.ContextLength, maxContext)
	}
	if d.MaxQuery < 0 {
		return driverErrorf("max_query", "is %d, want 1 or more, or 0 for what the package allows", d.MaxQuery)
	}
	// Written so that NaN is refused too.
	if f := d.MaskFill; f != nil && !(*f < 0) {
		return driverErrorf("mask_fill", "is %v, want a number below 0", *f)
	}
	if err := checkUses("input", d.inputUses(), desc.Inputs); err != nil {
		return err
	}
	if err := checkUses("output", d.outputUses(), desc.Outputs); err != nil {
		return err
	}
	return d.checkFeatures(desc)
}

// featureUse is a field of a driver and the feature that it names.
type featureUse struct{ field, feature string }

// inputUses lists the inputs that the driver names, in a fixed order, so that
// of several errors it is always the same that is reported.
func (d *Driver) inputUses() []featureUse {
	list := ifNamed(featureUse{"tokens", d.Tokens}, featureUse{"mask", d.Mask}, featureUse{"attention_mask", d.AttentionMask})
	list = append(list, keyUses("caches.", d.Caches)...)
	return append(list, keyUses("constants.", d.Constants)...)
}

// outputUses lists the outputs that the driver names, in a fixed order.
func (d *Driver) outputUses() []featureUse {
	list := ifNamed(featureUse{"logits", d.Logits})
	for _, name := range slices.Sorted(maps.Keys(d.Caches)) {
		list = append(list, featureUse{"caches." + name, d.Caches[name]})
	}
	return list
}

// keyUses lists the keys of a field that is an object with names of features.
func keyUses[T any](prefix string, object map[string]T) []featureUse {
	var list []featureUse
	for _, name := range slices.Sorted(maps.Keys(object)) {
		list = append(list, featureUse{prefix + name, name})
	}
	return list
}

// usedFeatures returns the names of the features that have a use.
func usedFeatures(uses []featureUse) map[string]bool {
	used := map[string]bool{}
	for _, u := range uses {
		used[u.feature] = true
	}
	return used
}

// ifNamed leaves out fields that are not set.
func ifNamed(list ...featureUse) []featureUse {
	return slices.DeleteFunc(list, func(u featureUse) bool { return u.feature == "" })
}

// checkUses refuses names that do not exist, kinds other than multi-arrays, and
// two uses of one feature. Side is "input" or "output".
func checkUses(side string, uses []featureUse, list []coreml.FeatureDescription) error {
	taken := map[string]string{}
	for _, u := range uses {
		i := slices.IndexFunc(list, func(f coreml.FeatureDescription) bool { return f.Name == u.feature && u.feature != "" })
		if i < 0 {
			return driverErrorf(u.field, "there is no %s %q; the %ss are %s", side, u.feature, side, featureNames(list))
		}
		if f := &list[i]; f.Kind != coreml.KindMultiArray {
			return driverErrorf(u.field, "%s %s is no multi-array", side, f)
		}
		if other, ok := taken[u.feature]; ok {
			return driverErrorf(u.field, "%s %q has another meaning already, that of %s", side, u.feature, other)
		}
		taken[u.feature] = u.field
	}
	return nil
}

// checkFeatures compares types, ranks and fixed sizes with the uses. All names
// exist: checkUses came first.
func (d *Driver) checkFeatures(desc *coreml.Description) error {
	for _, c := range []struct {
		field, side string
		f           *coreml.FeatureDescription
		why         func(*coreml.FeatureDescription) string
	}{
		{"tokens", "input", desc.Input(d.Tokens), notTokens},
		{"mask", "input", desc.Input(d.Mask), notMask},
		{"attention_mask", "input", desc.Input(d.AttentionMask), notAttentionMask},
		{"logits", "output", desc.Output(d.Logits), notLogits},
	} {
		if c.f == nil {
			continue // not set
		}
		if why := c.why(c.f); why != "" {
			return driverErrorf(c.field, "%s %s %s", c.side, c.f, why)
		}
	}
	for _, in := range slices.Sorted(maps.Keys(d.Caches)) {
		if why := notCache(desc.Input(in), desc.Output(d.Caches[in])); why != "" {
			return driverErrorf("caches."+in, "%s", why)
		}
	}
	return d.checkConstants(desc)
}
