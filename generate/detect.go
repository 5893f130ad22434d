package generate

import "github.com/gocoreml/coreml/coreml"

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

// detect is Detect with what is known besides the description: vocabulary
// returns the number of an output's logits, or 0, and entries is the size of the
// tokenizer's vocabulary, or 0.
func detect(desc *coreml.Description, override *Driver, vocabulary func(*coreml.FeatureDescription) int, entries int) (*Driver, error) {
	b := &binder{desc: desc, d: new(Driver), vocabulary: vocabulary, entries: entries}
	if override != nil {
		*b.d, b.override = *override, *override
		if override.Family != "" {
			if _, err := findFamily(override.Family); err != nil {
				return nil, err
			}
		}
		if err := override.check(desc); err != nil {
			return nil, err
		}
	}
	// What tells the families apart comes first, then what each asks for.
	err := b.run((*binder).bindTokens, (*binder).bindCausalMask, (*binder).bindAttentionMask, (*binder).bindCaches)
	if err != nil {
		return nil, err
	}
	if b.d.Family == "" {
		b.d.Family = matchFamily(b).name
	}
	f, err := findFamily(b.d.Family)
	if err != nil {
		return nil, err
	}
	if err := f.bind(b); err != nil {
		return nil, err
	}
	return b.d, nil
}
