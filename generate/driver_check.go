package generate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// bad returns the error of one field of a driver.
func bad(field, reason string, args ...any) error {
	return &DriverError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// names lists features for an error.
func names(list []coreml.FeatureDescription) string {
	if len(list) == 0 {
		return "none"
	}
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Name
	}
	return strings.Join(out, ", ")
}

// check reports whether the fields that are set fit the description, each for
// itself: that there are such features, of fitting type and rank, and that none
// has two meanings.
func (d *Driver) check(desc *coreml.Description) error {
	switch d.Family {
	case "", FamilyStateful, FamilyIOCache, FamilyNoCache:
	default:
		return bad("family", "is %q; the families are %s, %s and %s", d.Family, FamilyStateful, FamilyIOCache, FamilyNoCache)
	}
	if d.Context < 0 || d.Context > maxContext {
		return bad("context", "is %d, want 1 to %d, or 0 for what the package allows", d.Context, maxContext)
	}
	if d.MaxQuery < 0 {
		return bad("max_query", "is %d, want 1 or more, or 0 for what the package allows", d.MaxQuery)
	}
	if f := d.MaskFill; f != nil && !(*f < 0) {
		return bad("mask_fill", "is %v, want a number below 0", *f)
	}
	if err := d.checkMeanings(desc); err != nil {
		return err
	}
	return d.checkFeatures(desc)
}

// meaning is one feature that a driver names, with the field that does so.
type meaning struct{ field, name string }

// inputs lists the inputs that the driver names, in a fixed order.
func (d *Driver) inputs() []meaning {
	list := []meaning{{"tokens", d.Tokens}, {"mask", d.Mask}, {"attention_mask", d.AttentionMask}}
	for _, name := range slices.Sorted(maps.Keys(d.Caches)) {
		list = append(list, meaning{"caches." + name, name})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Constants)) {
		list = append(list, meaning{"constants." + name, name})
	}
	return named(list)
}

// outputs lists the outputs that the driver names, in a fixed order.
func (d *Driver) outputs() []meaning {
	list := []meaning{{"logits", d.Logits}}
	for _, name := range slices.Sorted(maps.Keys(d.Caches)) {
		if d.Caches[name] == "" {
			// An empty name is no name of an output, and is refused as such.
			list = append(list, meaning{"caches." + name, "\x00"})
			continue
		}
		list = append(list, meaning{"caches." + name, d.Caches[name]})
	}
	return named(list)
}

func named(list []meaning) []meaning {
	return slices.DeleteFunc(list, func(m meaning) bool { return m.name == "" && !strings.Contains(m.field, ".") })
}

// checkMeanings refuses names that do not exist, kinds other than multi-arrays,
// and two meanings for one feature.
func (d *Driver) checkMeanings(desc *coreml.Description) error {
	for _, side := range []struct {
		kind string
		uses []meaning
		list []coreml.FeatureDescription
	}{{"input", d.inputs(), desc.Inputs}, {"output", d.outputs(), desc.Outputs}} {
		taken := map[string]string{}
		for _, m := range side.uses {
			i := slices.IndexFunc(side.list, func(f coreml.FeatureDescription) bool { return f.Name == m.name })
			if i < 0 {
				return bad(m.field, "there is no %s %q; the %ss are %s", side.kind, strings.Trim(m.name, "\x00"), side.kind, names(side.list))
			}
			if f := &side.list[i]; f.Kind != coreml.KindMultiArray {
				return bad(m.field, "%s %s is no multi-array", side.kind, f)
			}
			if other, ok := taken[m.name]; ok {
				return bad(m.field, "%s %q has another meaning already, that of %s", side.kind, m.name, other)
			}
			taken[m.name] = m.field
		}
	}
	return nil
}

// checkFeatures compares types, ranks and fixed sizes with the meanings.
func (d *Driver) checkFeatures(desc *coreml.Description) error {
	if f := desc.Input(d.Tokens); f != nil {
		if why := notTokens(f); why != "" {
			return bad("tokens", "input %s %s", f, why)
		}
	}
	if f := desc.Input(d.Mask); f != nil {
		if why := notMask(f); why != "" {
			return bad("mask", "input %s %s", f, why)
		}
	}
	if f := desc.Input(d.AttentionMask); f != nil {
		if rank(f) != 2 || !allowsSize(f, 0, 1) {
			return bad("attention_mask", "input %s has not the shape [1, n]", f)
		}
	}
	if f := desc.Output(d.Logits); f != nil {
		if why := notLogits(f); why != "" {
			return bad("logits", "output %s %s", f, why)
		}
	}
	for _, in := range slices.Sorted(maps.Keys(d.Caches)) {
		if why := notCache(desc.Input(in), desc.Output(d.Caches[in])); why != "" {
			return bad("caches."+in, "%s", why)
		}
	}
	for _, in := range slices.Sorted(maps.Keys(d.Constants)) {
		if why := notConstant(desc.Input(in), d.Constants[in]); why != "" {
			return bad("constants."+in, "%s", why)
		}
	}
	return nil
}

// allowsSize reports whether an axis may have size n.
func allowsSize(f *coreml.FeatureDescription, axis, n int) bool {
	lo, hi := bounds(f, axis)
	return lo <= n && (hi < 0 || n <= hi)
}

// notTokens says why an input cannot take token ids, and is empty where it can.
func notTokens(f *coreml.FeatureDescription) string {
	switch {
	case f.DType != tensor.Int32 && f.DType != tensor.Float32 && f.DType != tensor.Float16:
		return fmt.Sprintf("is of type %v, want int32, or float32 or float16 for an older export", f.DType)
	case rank(f) != 2 || !allowsSize(f, 0, 1):
		return "has not the shape [1, q]"
	}
	return ""
}

// notMask says why an input cannot take the additive causal mask.
func notMask(f *coreml.FeatureDescription) string {
	switch {
	case f.DType != tensor.Float32 && f.DType != tensor.Float16:
		return fmt.Sprintf("is of type %v, want float32 or float16", f.DType)
	case rank(f) != 4 || !allowsSize(f, 0, 1) || !allowsSize(f, 1, 1):
		return "has not the shape [1, 1, q, past+q]"
	}
	return ""
}

// notLogits says why an output cannot give logits.
func notLogits(f *coreml.FeatureDescription) string {
	if f.DType != tensor.Float32 && f.DType != tensor.Float16 {
		return fmt.Sprintf("is of type %v, want float32 or float16", f.DType)
	}
	n := rank(f)
	for axis := range n - 2 {
		if !allowsSize(f, axis, 1) {
			return "has not the shape [1, q, vocabulary]"
		}
	}
	if lo, hi := bounds(f, -1); n > 0 && lo == hi && hi < 2 {
		return fmt.Sprintf("has %d logits for a token", hi)
	}
	return ""
}

// notCache says why an output cannot become an input of the next prediction.
func notCache(in, out *coreml.FeatureDescription) string {
	switch {
	case in.Flexible():
		return fmt.Sprintf("cache input %s has no fixed shape", in)
	case in.DType != out.DType:
		return fmt.Sprintf("input %s and output %s differ in type", in, out)
	case out.Check(in.Shape...) != nil:
		return fmt.Sprintf("input %s and output %s differ in shape", in, out)
	}
	return ""
}

// notConstant says why an input cannot be filled with a number.
func notConstant(f *coreml.FeatureDescription, v float64) string {
	if f.Flexible() {
		return fmt.Sprintf("constant input %s has no fixed shape", f)
	}
	held := tensor.FromSlice([]float64{v}).To(f.DType).To(tensor.Float64)
	back, err := tensor.Item[float64](held)
	switch {
	case err != nil:
		return fmt.Sprintf("input %s: %v", f, err)
	case math.IsNaN(v) || math.IsInf(back, 0):
		return fmt.Sprintf("%v is no number that input %s can hold", v, f)
	case f.DType.IsInt() && back != v:
		return fmt.Sprintf("%v is no whole number that input %s can hold", v, f)
	}
	return ""
}
