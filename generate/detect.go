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
	d, _, err := detect(desc, override, func(*coreml.FeatureDescription) int { return 0 }, 0)
	return d, err
}

// detect is Detect with what is known besides the description: vocabulary
// returns the number of an output's logits, or 0, and entries is the size of the
// tokenizer's vocabulary, or 0. It returns the family too.
func detect(desc *coreml.Description, override *Driver, vocabulary func(*coreml.FeatureDescription) int, entries int) (*Driver, *family, error) {
	if desc == nil {
		return nil, nil, undetected("there is no description: it is nil")
	}
	b := &binder{desc: desc, d: new(Driver), vocabulary: vocabulary, entries: entries}
	if override != nil {
		*b.d, b.override = *override, *override
	}
	f, err := detectFamily(b)
	if err != nil {
		return nil, nil, err
	}
	b.d.Family = f.name
	if err := f.bind(b); err != nil {
		return nil, nil, err
	}
	return b.d, f, nil
}

// detectFamily returns the family that the caller's driver names, or else the
// one that matches. What tells the families apart is bound then.
func detectFamily(b *binder) (named *family, err error) {
	if b.override.Family != "" {
		if named, err = findFamily(b.override.Family); err != nil {
			return nil, err
		}
	}
	if err := b.override.check(b.desc); err != nil {
		return nil, err
	}
	err = b.run((*binder).bindTokens, (*binder).bindCausalMask, (*binder).bindAttentionMask, (*binder).bindCaches)
	if err != nil || named != nil {
		return named, err
	}
	return matchFamily(b), nil
}
