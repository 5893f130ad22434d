package generate

import (
	"errors"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// binder fills in a driver: it finds for each use a feature of the description.
// Its methods are the steps of detection, which families share; each leaves
// alone what the caller's driver says already.
type binder struct {
	desc *coreml.Description
	d    *Driver
	// override is what the caller said, as far as the caller said it.
	override Driver
	// vocabulary returns the number of an output's logits, or 0.
	vocabulary func(*coreml.FeatureDescription) int
	// entries is the size of the tokenizer's vocabulary, or 0.
	entries int
}

// step is one step of detection. It binds features, or refuses the description.
type step func(*binder) error

// run takes the steps in turn, up to the first that fails.
func (b *binder) run(steps ...step) error {
	for _, s := range steps {
		if err := s(b); err != nil {
			return err
		}
	}
	return nil
}

// undetected returns the error of a description that is not understood, for
// which no field of a driver is to blame.
func undetected(reason string, args ...any) error { return driverErrorf("", reason, args...) }

// final marks the error of a package that no other family drives either.
func final(err error) error {
	if why, ok := errors.AsType[*DriverError](err); ok {
		why.final = true
	}
	return err
}

// unboundInputs lists the multi-array inputs that have no use yet and of which
// is reports true.
func (b *binder) unboundInputs(is func(f *coreml.FeatureDescription) bool) []*coreml.FeatureDescription {
	bound := usedFeatures(b.d.inputUses())
	var out []*coreml.FeatureDescription
	for i := range b.desc.Inputs {
		if f := &b.desc.Inputs[i]; !bound[f.Name] && f.Kind == coreml.KindMultiArray && is(f) {
			out = append(out, f)
		}
	}
	return out
}

// bindTokens finds the token ids: an int32 input [1, q] that is no mask. Older
// exports declare them as floats; such an input must say by its name what it
// takes, for it could as well be samples of sound or measured values.
func (b *binder) bindTokens() error {
	if b.d.Tokens != "" {
		return nil
	}
	for _, float := range []bool{false, true} {
		found := b.unboundInputs(func(f *coreml.FeatureDescription) bool {
			return notTokens(f) == "" && f.DType.IsFloat() == float && !nameContains(f, "mask", "pos", "cache")
		})
		if len(found) > 1 || float {
			found = slices.DeleteFunc(found, func(f *coreml.FeatureDescription) bool { return !namesTokens(f.Name) })
		}
		if len(found) == 1 {
			b.d.Tokens = found[0].Name
			return nil
		}
	}
	return undetected("none of the inputs (%s) clearly takes token ids, which are int32 of shape [1, q]; name it as \"tokens\" in a driver file",
		describeFeatures(b.desc.Inputs))
}

// bindCausalMask finds the causal mask: a float input of shape [1, 1, q, n]. One
// of a fixed width must be named a mask, for it could be a cache.
func (b *binder) bindCausalMask() error {
	if b.d.Mask != "" {
		return nil
	}
	found := b.unboundInputs(func(f *coreml.FeatureDescription) bool {
		if notMask(f) != "" || nameContains(f, "cache", "update") {
			return false
		}
		_, first := bounds(f, 0)
		_, second := bounds(f, 1)
		lo, hi := bounds(f, 3)
		return first == 1 && second == 1 && (lo != hi || nameContains(f, "mask"))
	})
	if len(found) > 1 {
		return undetected("inputs %s and %s both look like the causal mask; name it as \"mask\" in a driver file",
			found[0].Name, found[1].Name)
	}
	if len(found) == 1 {
		b.d.Mask = found[0].Name
	}
	return nil
}

// bindAttentionMask finds the mask of padding: an input of rank 2 that is named
// a mask.
func (b *binder) bindAttentionMask() error {
	if b.d.AttentionMask != "" {
		return nil
	}
	found := b.unboundInputs(func(f *coreml.FeatureDescription) bool { return rank(f) == 2 && nameContains(f, "mask") })
	if len(found) == 1 {
		b.d.AttentionMask = found[0].Name
	}
	return nil
}

// bindCaches pairs inputs that have no use yet with outputs of the same shape
// and type: by name, with the usual prefixes and suffixes, else in their order.
func (b *binder) bindCaches() error {
	if b.d.Caches != nil {
		return nil
	}
	inputs := b.unboundInputs(func(f *coreml.FeatureDescription) bool {
		return (f.DType.IsFloat() || f.DType == tensor.Int8 || f.DType == tensor.UInt8) && rank(f) >= 3 && !f.Optional
	})
	caches, taken := map[string]string{}, map[string]bool{}
	pair := func(in *coreml.FeatureDescription, same func(in, out string) bool) {
		for i := range b.desc.Outputs {
			out := &b.desc.Outputs[i]
			if taken[out.Name] || out.Name == b.d.Logits || out.DType != in.DType || !slices.Equal(out.Shape, in.Shape) {
				continue
			}
			if same(in.Name, out.Name) {
				caches[in.Name], taken[out.Name] = out.Name, true
				return
			}
		}
	}
	// All names come before any order, so that no output is taken from an input
	// whose name it has.
	for _, same := range []func(in, out string) bool{
		func(in, out string) bool { return cacheStem(in) == cacheStem(out) },
		func(in, out string) bool { return cacheKey(in) != "" && cacheKey(in) == cacheKey(out) },
		func(string, string) bool { return true },
	} {
		for _, in := range inputs {
			if _, ok := caches[in.Name]; !ok {
				pair(in, same)
			}
		}
	}
	if len(caches) > 0 {
		b.d.Caches = caches
	}
	return nil
}

// cacheAffixes removes what tells an incoming cache from an outgoing one, and
// makes one of singular and plural.
var cacheAffixes = strings.NewReplacer("present", "", "past", "", "cache", "", "new", "", "updated", "", "next", "", "prev", "", "old", "",
	"_output", "", "_input", "", "_out", "", "_in", "", "_", "", "keys", "key", "values", "value")

// cacheStem returns what the names of both ends of a cache have in common.
func cacheStem(name string) string { return cacheAffixes.Replace(strings.ToLower(name)) }

// cacheKey returns the numbers in a name and whether it is one of keys or values;
// empty where it has no number.
func cacheKey(name string) string {
	n := digits.FindAllString(name, -1)
	if len(n) == 0 {
		return ""
	}
	kind := ""
	for _, w := range words(name) {
		switch w {
		case "k", "key", "keys", "a":
			kind += "k"
		case "v", "value", "values", "b":
			kind += "v"
		}
	}
	return strings.Join(n, ".") + kind
}

// refuseUnboundInputs refuses inputs that still have no use and may not be left
// out.
func (b *binder) refuseUnboundInputs() error {
	for i := range b.desc.Inputs {
		f := &b.desc.Inputs[i]
		if f.Kind != coreml.KindMultiArray && !f.Optional {
			return undetected("input %s is neither token ids nor a mask", f)
		}
	}
	left := b.unboundInputs(func(f *coreml.FeatureDescription) bool { return !f.Optional })
	if len(left) == 0 {
		return nil
	}
	constants := ""
	if isNumber(left[0]) {
		constants = ", or to a number in \"constants\""
	}
	return undetected("the meaning of input %s is not known; bind it in a driver file, as \"tokens\", \"mask\", "+
		"\"attention_mask\", in \"caches\"%s, or give its role, as in {\"stages\": [{\"inputs\": {%q: {\"role\": \"positions\"}}}]}",
		left[0], constants, left[0].Name)
}

// possibleLogits lists the outputs that could be the logits: those that are named
// so, or else all that have the type and the rank and are no cache.
func (b *binder) possibleLogits() []*coreml.FeatureDescription {
	bound := usedFeatures(b.d.outputUses())
	var found, named []*coreml.FeatureDescription
	for i := range b.desc.Outputs {
		f := &b.desc.Outputs[i]
		if bound[f.Name] || f.Kind != coreml.KindMultiArray || notLogits(f) != "" {
			continue
		}
		found = append(found, f)
		if nameContains(f, "logits") {
			named = append(named, f)
		}
	}
	if len(named) > 0 {
		return named
	}
	return found
}

// bindLogits finds the output with the logits: the only float one that is no
// cache, or of several the one that is named so.
func (b *binder) bindLogits() error {
	if b.d.Logits != "" {
		return nil
	}
	found := b.possibleLogits()
	switch {
	case len(found) == 0:
		return undetected("no output gives logits; the outputs are %s", featureNames(b.desc.Outputs))
	case len(found) > 1:
		return undetected("outputs %s and %s both look like logits; name one as \"logits\" in a driver file "+
			"(logits in several parts are not supported)", found[0].Name, found[1].Name)
	}
	b.d.Logits = found[0].Name
	return nil
}
