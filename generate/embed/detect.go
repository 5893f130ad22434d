package embed

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// Detect finds out how the loaded function of a package is driven, from the kinds,
// ranks and sizes of its inputs and outputs first and from their names where these
// leave a choice. The fields of override that are set hold in any case; nil
// overrides nothing.
//
// A function that gives neither vectors nor scores, that is not understood, or that
// an override contradicts gives a [*PackageError], which wraps [ErrPackage]. So does
// one that gives a vector for each token where neither override nor a file beside
// the package says how they become one: [Open] reads these files, and Detect only
// what it is given.
func Detect(desc *coreml.Description, override *Driver) (*Driver, error) {
	b := &binder{desc: desc}
	if override != nil {
		b.override = *override
		b.pooling = override.Pooling
	}
	return b.detect()
}

// binder is what detection knows and what it has found.
type binder struct {
	desc     *coreml.Description
	override Driver
	// pooling is what the caller or a file says, empty where nobody does.
	pooling Pooling
	// shapeOf returns what the engine knows of an output, nil for nothing.
	shapeOf func(name string) []int
	// entries is the size of the tokenizer's vocabulary, 0 where it is not known.
	entries int
	// classifies says that config.json speaks of a classifier.
	classifies bool

	d      Driver
	tokens *coreml.FeatureDescription
}

// detect returns the driver.
func (b *binder) detect() (*Driver, error) {
	if b.desc == nil {
		return nil, noEmbeddings("there is no description: it is nil")
	}
	b.d = b.override
	if err := b.override.check(); err != nil {
		return nil, err
	}
	if len(b.desc.States) > 0 {
		return nil, noEmbeddings("the function keeps states (%s), as language models do: package generate runs these", clip(b.desc.States[0].Name))
	}
	for _, step := range []func() error{b.bindTokens, b.bindOthers, b.refuseUnbound, b.bindOutput} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &b.d, nil
}

// named returns the input that a field of the driver names.
func (b *binder) named(field, name string, suits func(*coreml.FeatureDescription) string) (*coreml.FeatureDescription, error) {
	f := b.desc.Input(name)
	if f == nil {
		return nil, driverErrorf(field, "there is no input %q: the inputs are %s", clip(name), describe(b.desc.Inputs))
	}
	if reason := suits(f); reason != "" {
		return nil, driverErrorf(field, "input %s %s", f, reason)
	}
	return f, nil
}

// notTokens says why an input cannot take token ids. Older exports declare them as
// floats.
func notTokens(f *coreml.FeatureDescription) string {
	switch {
	case !isNumber(f):
		return "takes no numbers"
	case axes.Rank(f) != 1 && axes.Rank(f) != 2:
		return "has not the shape [batch, length]"
	}
	return ""
}

// bindTokens finds the input of token ids.
func (b *binder) bindTokens() (err error) {
	if b.d.Tokens != "" {
		b.tokens, err = b.named("tokens", b.d.Tokens, notTokens)
		return err
	}
	var found, lone []*coreml.FeatureDescription
	for i := range b.desc.Inputs {
		f := &b.desc.Inputs[i]
		if notTokens(f) != "" || speaksOf(f.Name, "mask", "type", "segment", "pos", "len") {
			continue
		}
		if isTokenName(f.Name) {
			found = append(found, f)
		}
		if f.DType.IsInt() {
			lone = append(lone, f)
		}
	}
	if len(found) == 0 {
		found = lone
	}
	switch len(found) {
	case 0:
		return noEmbeddings("no input takes token ids [batch, length]: the inputs are %s", describe(b.desc.Inputs))
	case 1:
		b.tokens, b.d.Tokens = found[0], found[0].Name
		return nil
	}
	return noEmbeddings("the inputs %s and %s could both take token ids: a driver file says which, as in {\"tokens\": %q}", found[0], found[1], clip(found[0].Name))
}

// isTokenName reports whether a word of a name says that it is one of token ids.
func isTokenName(name string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool {
		return slices.Contains([]string{"ids", "id", "token", "tokens", "inputids", "tokenids"}, w)
	})
}

// bindOthers finds the inputs that go with the tokens.
func (b *binder) bindOthers() error {
	beside := func(f *coreml.FeatureDescription) string {
		switch {
		case f.Name == b.d.Tokens:
			return "takes the token ids"
		case !isNumber(f):
			return "takes no numbers"
		case !sameLength(f, b.tokens):
			return "has not the shape of the token ids, " + b.tokens.Type()
		}
		return ""
	}
	used := map[string]string{b.d.Tokens: "tokens"}
	for _, use := range []struct {
		field string
		name  *string
		words []string
	}{
		{"attention_mask", &b.d.AttentionMask, []string{"mask"}},
		{"token_types", &b.d.TokenTypes, []string{"type", "segment"}},
		{"positions", &b.d.Positions, []string{"pos"}},
	} {
		if *use.name == "" {
			for i := range b.desc.Inputs {
				f := &b.desc.Inputs[i]
				if used[f.Name] == "" && speaksOf(f.Name, use.words...) && beside(f) == "" {
					*use.name = f.Name
					break
				}
			}
		} else if _, err := b.named(use.field, *use.name, beside); err != nil {
			return err
		}
		if *use.name == "" {
			continue
		}
		if other := used[*use.name]; other != "" {
			return driverErrorf(use.field, "input %q is %s already", clip(*use.name), other)
		}
		used[*use.name] = use.field
	}
	return nil
}

// bound reports whether an input has a use.
func (b *binder) bound(name string) bool {
	return slices.Contains([]string{b.d.Tokens, b.d.AttentionMask, b.d.TokenTypes, b.d.Positions}, name)
}

// refuseUnbound refuses inputs that nothing would fill.
func (b *binder) refuseUnbound() error {
	for _, name := range sortedKeys(b.d.Constants) {
		f, err := b.named("constants", name, func(f *coreml.FeatureDescription) string {
			if !isNumber(f) || f.Flexible() || axes.Rank(f) == 0 {
				return "has no fixed shape of numbers"
			}
			return ""
		})
		if err != nil {
			return err
		}
		if b.bound(name) {
			return driverErrorf("constants", "input %q has another use", clip(name))
		}
		v := b.d.Constants[name]
		back, err := tensor.Item[float64](tensor.FromSlice([]float64{v}).To(f.DType).To(tensor.Float64))
		if err != nil || f.DType.IsInt() && back != v || back-back != 0 {
			return driverErrorf("constants", "%v is no number that input %s can hold", v, f)
		}
	}
	for i := range b.desc.Inputs {
		f := &b.desc.Inputs[i]
		if _, constant := b.d.Constants[f.Name]; constant || f.Optional || b.bound(f.Name) {
			continue
		}
		hint := fmt.Sprintf("a driver file says what it is (attention_mask, token_types, positions), or gives it a number, as in {\"constants\": {%q: 0}}", clip(f.Name))
		if axes.Rank(f) > 2 && speaksOf(f.Name, "mask", "causal") {
			hint = "it is the mask of a language model, or one that padding cannot be put into"
		}
		return noEmbeddings("input %s has no meaning for a model of embeddings: %s", f, hint)
	}
	return nil
}
