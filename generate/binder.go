package generate

import (
	"errors"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
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
	example := "input_ids"
	if found := b.unboundInputs(func(f *coreml.FeatureDescription) bool { return notTokens(f) == "" && f.DType == tensor.Int32 }); len(found) > 0 {
		example = found[0].Name
	}
	return undetected("none of the inputs (%s) clearly takes token ids, which are int32 of shape [1, q]; name it as \"tokens\" in a driver file, as in {\"tokens\": %q}",
		describeFeatures(b.desc.Inputs), example)
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
		_, first := axes.Bounds(f, 0)
		_, second := axes.Bounds(f, 1)
		lo, hi := axes.Bounds(f, 3)
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
	found := b.unboundInputs(func(f *coreml.FeatureDescription) bool { return axes.Rank(f) == 2 && nameContains(f, "mask") })
	if len(found) == 1 {
		b.d.AttentionMask = found[0].Name
	}
	return nil
}

// bindCaches pairs inputs that have no use yet with outputs of the same shape
// and type, by name. Order tells nothing where there are several: makers list the
// outputs as they please, and caches of other layers would be taken without an error.
func (b *binder) bindCaches() error {
	if b.d.Caches != nil {
		return nil
	}
	p := &cachePairs{caches: map[string]string{}, taken: map[string]bool{b.d.Logits: true}}
	p.inputs = b.unboundInputs(func(f *coreml.FeatureDescription) bool {
		return (f.DType.IsFloat() || f.DType == tensor.Int8 || f.DType == tensor.UInt8) && axes.Rank(f) >= 3 && !f.Optional
	})
	for i := range b.desc.Outputs {
		p.outputs = append(p.outputs, &b.desc.Outputs[i])
	}
	p.pair(cacheStem, false)
	p.pair(cacheKey, true)
	p.pair(func(string) string { return "the only one" }, true)
	if len(p.caches) > 0 {
		b.d.Caches = p.caches
	}
	return nil
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
		"\"attention_mask\", in \"caches\"%s, or give its role, as in %s",
		left[0], constants, b.exampleBinding(left[0]))
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
