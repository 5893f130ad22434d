package generate

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// maxContext bounds the context of a package that declares no bound itself.
const maxContext = 1 << 20

// Detect finds out how the loaded function of a package is driven, from the
// element types, ranks and flexible dimensions of its inputs first and from
// their names where these leave a choice. The fields of override that are set
// hold in any case; nil overrides nothing.
//
// A function that writes no text, that is not understood, or that an override
// contradicts gives a [*DriverError], which wraps [ErrDriver]: its Reason says
// why there is no text generation, or what to bind, and its Field which part of
// the override is to blame.
func Detect(desc *coreml.Description, override *Driver) (*Driver, error) {
	return detect(desc, override, func(*coreml.FeatureDescription) int { return 0 }, 0)
}

// detect is Detect with what is known besides the description: width gives the
// number of an output's logits, or 0, and entries is the size of the
// tokenizer's vocabulary, or 0.
func detect(desc *coreml.Description, override *Driver, width func(*coreml.FeatureDescription) int, entries int) (*Driver, error) {
	b := &binder{desc: desc, d: new(Driver), caches: map[string]string{}, width: width, entries: entries}
	if override != nil {
		*b.d = *override
		b.given = *override
		if err := override.check(desc); err != nil {
			return nil, err
		}
	}
	for _, bind := range []func() error{b.tokens, b.masks, b.cacheInputs, b.rest, b.logits, b.family, b.text, b.limits, b.first} {
		if err := bind(); err != nil {
			return nil, err
		}
	}
	return b.d, nil
}

// binder gives each input of a description its meaning.
type binder struct {
	desc    *coreml.Description
	d       *Driver
	given   Driver // what the caller said
	caches  map[string]string
	width   func(*coreml.FeatureDescription) int
	entries int
}

// unclear returns the error of a function that is not understood.
func unclear(reason string, args ...any) error { return bad("", reason, args...) }

// free lists the inputs that have no meaning yet and satisfy is.
func (b *binder) free(is func(f *coreml.FeatureDescription) bool) []*coreml.FeatureDescription {
	var out []*coreml.FeatureDescription
	for i := range b.desc.Inputs {
		f := &b.desc.Inputs[i]
		_, constant := b.d.Constants[f.Name]
		_, cache := b.d.Caches[f.Name]
		bound := f.Name == b.d.Tokens || f.Name == b.d.Mask || f.Name == b.d.AttentionMask
		if !bound && !constant && !cache && f.Kind == coreml.KindMultiArray && is(f) {
			out = append(out, f)
		}
	}
	return out
}

func rank(f *coreml.FeatureDescription) int {
	switch {
	case len(f.Ranges) > 0:
		return len(f.Ranges)
	case len(f.Enumerated) > 0:
		return len(f.Enumerated[0])
	}
	return len(f.Shape)
}

// bounds returns the smallest and the greatest size of an axis, counted from
// the end when negative. The greatest is -1 where there is none.
func bounds(f *coreml.FeatureDescription, axis int) (lo, hi int) {
	if axis < 0 {
		axis += rank(f)
	}
	switch {
	case axis < 0 || axis >= rank(f):
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

func isNamed(f *coreml.FeatureDescription, parts ...string) bool {
	name := strings.ToLower(f.Name)
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
}

// namesTokens reports whether one of the words of a name speaks of token ids.
func namesTokens(name string) bool {
	var words []string
	at := 0
	for i := range len(name) + 1 {
		letter := i < len(name) && (name[i]|0x20 >= 'a' && name[i]|0x20 <= 'z')
		if letter && (i == at || name[i]&0x20 != 0 || name[i-1]&0x20 == 0) {
			continue // within a word, or within one of capitals
		}
		words = append(words, strings.ToLower(name[at:i]))
		if at = i; !letter {
			at = i + 1
		}
	}
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"ids", "id", "token", "tokens", "inputids", "tokenids"}, w)
	})
}

// tokens binds the token ids: an int32 input [1, q] that is no mask. Older
// exports declare them as floats; such an input must say by its name what it
// takes, for it could as well be samples of sound or measured values.
func (b *binder) tokens() error {
	if b.d.Tokens != "" {
		return nil
	}
	for _, float := range []bool{false, true} {
		found := b.free(func(f *coreml.FeatureDescription) bool {
			return notTokens(f) == "" && f.DType.IsFloat() == float && !isNamed(f, "mask", "pos", "cache")
		})
		if len(found) > 1 || float {
			found = slices.DeleteFunc(found, func(f *coreml.FeatureDescription) bool { return !namesTokens(f.Name) })
		}
		if len(found) == 1 {
			b.d.Tokens = found[0].Name
			return nil
		}
	}
	return unclear("none of the inputs (%s) clearly takes token ids, which are int32 of shape [1, q]; name it as \"tokens\" in a driver file",
		b.list())
}

func (b *binder) list() string {
	names := make([]string, len(b.desc.Inputs))
	for i := range b.desc.Inputs {
		names[i] = b.desc.Inputs[i].String()
	}
	return strings.Join(names, "; ")
}

// masks binds the causal mask, a float input of shape [1, 1, q, n], and the
// attention mask, a rank-2 input that is named so.
func (b *binder) masks() error {
	if b.d.Mask == "" {
		found := b.free(func(f *coreml.FeatureDescription) bool {
			if notMask(f) != "" || isNamed(f, "cache", "update") {
				return false
			}
			_, first := bounds(f, 0)
			_, second := bounds(f, 1)
			lo, hi := bounds(f, 3)
			return first == 1 && second == 1 && (lo != hi || isNamed(f, "mask"))
		})
		if len(found) > 1 {
			return unclear("inputs %s and %s both look like the causal mask; name it as \"mask\" in a driver file",
				found[0].Name, found[1].Name)
		}
		if len(found) == 1 {
			b.d.Mask = found[0].Name
		}
	}
	if b.d.AttentionMask == "" {
		found := b.free(func(f *coreml.FeatureDescription) bool { return rank(f) == 2 && isNamed(f, "mask") })
		if len(found) == 1 {
			b.d.AttentionMask = found[0].Name
		}
	}
	return nil
}

// cacheInputs pairs the inputs that are left with outputs of the same shape and
// type: by name, with the usual prefixes and suffixes, else in their order.
func (b *binder) cacheInputs() error {
	if b.d.Caches != nil {
		return nil
	}
	inputs := b.free(func(f *coreml.FeatureDescription) bool { return f.DType.IsFloat() && rank(f) >= 3 && !f.Optional })
	taken := map[string]bool{}
	fits := func(in, out *coreml.FeatureDescription) bool {
		return !taken[out.Name] && out.Name != b.d.Logits && out.DType == in.DType && slices.Equal(out.Shape, in.Shape)
	}
	for _, byName := range []bool{true, false} {
		for _, in := range inputs {
			if _, ok := b.caches[in.Name]; ok {
				continue
			}
			for i := range b.desc.Outputs {
				out := &b.desc.Outputs[i]
				if fits(in, out) && (!byName || cacheStem(in.Name) == cacheStem(out.Name)) {
					b.caches[in.Name], taken[out.Name] = out.Name, true
					break
				}
			}
		}
	}
	if len(b.caches) > 0 {
		b.d.Caches = b.caches
	}
	return nil
}

var cacheAffixes = strings.NewReplacer("present", "", "past", "", "cache", "", "new", "", "_out", "", "_in", "", "_", "", "keys", "key", "values", "value")

// cacheStem drops what tells an incoming cache from an outgoing one.
func cacheStem(name string) string { return cacheAffixes.Replace(strings.ToLower(name)) }

// rest refuses inputs that still have no meaning and may not be left out.
func (b *binder) rest() error {
	for i := range b.desc.Inputs {
		f := &b.desc.Inputs[i]
		if f.Kind != coreml.KindMultiArray && !f.Optional {
			return unclear("input %s is neither token ids nor a mask", f)
		}
	}
	for _, f := range b.free(func(f *coreml.FeatureDescription) bool { return !f.Optional }) {
		return unclear("the meaning of input %s is not known; bind it in a driver file, as \"tokens\", \"mask\", "+
			"\"attention_mask\", in \"caches\", or to a number in \"constants\"", f)
	}
	return nil
}

// logits binds the output with the logits.
func (b *binder) logits() error {
	if b.d.Logits != "" {
		return nil
	}
	var found []*coreml.FeatureDescription
	for i := range b.desc.Outputs {
		f := &b.desc.Outputs[i]
		cache := false
		for _, out := range b.d.Caches {
			cache = cache || out == f.Name
		}
		if f.Kind == coreml.KindMultiArray && notLogits(f) == "" && !cache {
			found = append(found, f)
		}
	}
	if len(found) > 1 {
		if named := slices.DeleteFunc(slices.Clone(found), func(f *coreml.FeatureDescription) bool {
			return !isNamed(f, "logits")
		}); len(named) > 0 {
			found = named
		}
	}
	switch {
	case len(found) == 0:
		return unclear("no output gives logits; the outputs are %s", names(b.desc.Outputs))
	case len(found) > 1:
		return unclear("outputs %s and %s both look like logits; name one as \"logits\" in a driver file "+
			"(logits in several parts are not supported)", found[0].Name, found[1].Name)
	}
	b.d.Logits = found[0].Name
	return nil
}

// family decides by what keeps the cache, and refuses what fits no family.
func (b *binder) family() error {
	d, states := b.d, len(b.desc.States) > 0
	if d.Family == "" {
		switch {
		case states:
			d.Family = FamilyStateful
		case len(d.Caches) > 0:
			d.Family = FamilyIOCache
		default:
			d.Family = FamilyNoCache
		}
	}
	switch {
	case d.Family == FamilyNoCache && states:
		return bad("family", "is %s, for a function with states", d.Family)
	case d.Family == FamilyIOCache && states:
		return bad("family", "is %s, for a function with states", d.Family)
	case d.Family == FamilyStateful && !states:
		return bad("family", "is %s, for a function without states", d.Family)
	case d.Family == FamilyIOCache && len(d.Caches) == 0:
		return bad("family", "is %s, for a function without caches", d.Family)
	case d.Family == FamilyNoCache && len(d.Caches) > 0:
		return bad("family", "is %s, for a function with caches", d.Family)
	case d.Family != FamilyNoCache && d.Mask == "":
		return unclear("no input looks like a causal mask [1, 1, q, past+q], from which a model with a cache "+
			"of this family takes its position; the inputs are %s", b.list())
	}
	return b.attention()
}

// attention keeps attention masks to functions without a cache: the others take
// the causal mask, and nothing here would fill a second one.
func (b *binder) attention() error {
	a := b.desc.Input(b.d.AttentionMask)
	switch {
	case a == nil || b.d.Family == FamilyNoCache:
		return nil
	case b.given.AttentionMask != "":
		return bad("attention_mask", "a function of family %s takes the causal mask alone", b.d.Family)
	case !a.Optional:
		return unclear("input %s: a function of family %s takes the causal mask alone", a, b.d.Family)
	}
	b.d.AttentionMask = ""
	return nil
}
