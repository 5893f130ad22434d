package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// maxContext bounds the context of a package that declares no bound itself.
const maxContext = 1 << 20

// Detect finds out how the loaded function of a package is driven, from the
// element types, ranks and flexible dimensions of its inputs first and from
// their names where these leave a choice. The fields of override that are set
// hold in any case; nil overrides nothing. A package that is not understood
// gives an error that wraps [ErrDriver] and says what to bind.
func Detect(desc *coreml.Description, override *Driver) (*Driver, error) {
	d := new(Driver)
	if override != nil {
		*d = *override
		if err := d.check(desc); err != nil {
			return nil, err
		}
	}
	b := &binder{desc: desc, d: d, caches: map[string]string{}}
	for _, bind := range []func() error{b.tokens, b.masks, b.cacheInputs, b.rest, b.logits, b.family} {
		if err := bind(); err != nil {
			return nil, err
		}
	}
	b.limits()
	return d, nil
}

// binder gives each input of a description its meaning.
type binder struct {
	desc   *coreml.Description
	d      *Driver
	caches map[string]string
}

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

// tokens binds the token ids: an integer input of rank 2 that is no mask. Older
// exports declare them as floats.
func (b *binder) tokens() error {
	if b.d.Tokens != "" {
		return nil
	}
	for _, is := range []func(tensor.DType) bool{tensor.DType.IsInt, tensor.DType.IsFloat} {
		found := b.free(func(f *coreml.FeatureDescription) bool {
			return is(f.DType) && rank(f) == 2 && !isNamed(f, "mask", "pos", "cache")
		})
		if len(found) > 1 {
			found = slices.DeleteFunc(found, func(f *coreml.FeatureDescription) bool {
				return !isNamed(f, "ids", "token")
			})
		}
		if len(found) == 1 {
			b.d.Tokens = found[0].Name
			return nil
		}
	}
	return fmt.Errorf("%w: none of the inputs (%s) clearly takes token ids; name it as \"tokens\" in a driver file",
		ErrDriver, b.list())
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
			if !f.DType.IsFloat() || rank(f) != 4 || isNamed(f, "cache", "update") {
				return false
			}
			_, first := bounds(f, 0)
			_, second := bounds(f, 1)
			lo, hi := bounds(f, 3)
			return first == 1 && second == 1 && (lo != hi || isNamed(f, "mask"))
		})
		if len(found) > 1 {
			return fmt.Errorf("%w: inputs %s and %s both look like the causal mask; name it as \"mask\" in a driver file",
				ErrDriver, found[0].Name, found[1].Name)
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
			return fmt.Errorf("%w: input %s", ErrDriver, f)
		}
	}
	for _, f := range b.free(func(f *coreml.FeatureDescription) bool { return !f.Optional }) {
		return fmt.Errorf("%w: the meaning of input %s is not known; bind it in a driver file, as \"tokens\", \"mask\", "+
			"\"attention_mask\", in \"caches\", or to a number in \"constants\"", ErrDriver, f)
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
		if f.Kind == coreml.KindMultiArray && f.DType.IsFloat() && !cache {
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
		return fmt.Errorf("%w: no output gives logits", ErrDriver)
	case len(found) > 1:
		return fmt.Errorf("%w: outputs %s and %s both look like logits; name one as \"logits\" in a driver file "+
			"(logits in several parts are not supported)", ErrDriver, found[0].Name, found[1].Name)
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
		return fmt.Errorf("%w: family %s for a function with states", ErrDriver, d.Family)
	case d.Family == FamilyStateful && !states:
		return fmt.Errorf("%w: family %s for a function without states", ErrDriver, d.Family)
	case d.Family == FamilyIOCache && len(d.Caches) == 0:
		return fmt.Errorf("%w: family %s without caches", ErrDriver, d.Family)
	case d.Family != FamilyNoCache && d.Mask == "":
		return fmt.Errorf("%w: no input looks like a causal mask [1, 1, q, past+q], from which a model with a cache "+
			"of this family takes its position; the inputs are %s", ErrDriver, b.list())
	}
	return nil
}

// limits derives the context and the greatest query from the declared shapes.
func (b *binder) limits() {
	d := b.d
	tokens := b.desc.Input(d.Tokens)
	_, query := bounds(tokens, 1)
	context := -1
	if d.Mask != "" {
		mask := b.desc.Input(d.Mask)
		_, context = bounds(mask, 3)
		if _, rows := bounds(mask, 2); rows > 0 && (query < 0 || rows < query) {
			query = rows
		}
	}
	if d.Family == FamilyNoCache {
		if context < 0 || query > 0 && query < context {
			context = query
		}
		if a := b.desc.Input(d.AttentionMask); a != nil {
			if _, n := bounds(a, 1); n > 0 && (context < 0 || n < context) {
				context = n
			}
		}
		query = 0
	} else if context < 0 {
		context = b.cacheLength()
	}
	if d.Context == 0 {
		d.Context = context
		if context <= 0 {
			d.Context = maxContext
		}
	}
	if d.MaxQuery == 0 && query > 0 && query < d.Context {
		d.MaxQuery = query
	}
}

// cacheLength guesses the length of the cache from its shape [.., heads, length,
// width] or with the last two exchanged: the longer of the two. It is asked only
// where the mask has no bound.
func (b *binder) cacheLength() int {
	features := b.desc.States
	for in := range b.d.Caches {
		features = append(slices.Clone(features), *b.desc.Input(in))
	}
	n := -1
	for i := range features {
		if s := features[i].Shape; len(s) >= 2 {
			if m := max(s[len(s)-1], s[len(s)-2]); n < 0 || m < n {
				n = m
			}
		}
	}
	return n
}
