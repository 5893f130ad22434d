package generate

// bindCached completes the driver of a package with a cache, wherever that is
// kept: it takes the place at which to write from the causal mask.
func bindCached(b *binder) error {
	return b.run(requireCausalMask, refuseAttentionMask, refuseLargeCaches, limitCached)
}

// requireCausalMask refuses a package without a causal mask.
func requireCausalMask(b *binder) error {
	if b.d.Mask == "" {
		return undetected("no input looks like a causal mask [1, 1, q, past+q], from which a model with a cache "+
			"of this family takes its position; the inputs are %s", describeFeatures(b.desc.Inputs))
	}
	return nil
}

// refuseAttentionMask refuses a second mask, for nothing here would fill it. One
// that may be left out is left out, unless the caller's driver asks for it.
func refuseAttentionMask(b *binder) error {
	a := b.desc.Input(b.d.AttentionMask)
	switch {
	case a == nil:
		return nil
	case b.override.AttentionMask != "":
		return driverErrorf("attention_mask", "a function of family %s takes the causal mask alone", b.d.Family)
	case !a.Optional:
		return undetected("input %s: a function of family %s takes the causal mask alone", a, b.d.Family)
	}
	b.d.AttentionMask = ""
	return nil
}

// limitCached derives the context and the greatest query from the declared
// shapes. The cache is asked only where the mask has no limit.
func limitCached(b *binder) error {
	query, err := b.queryLimit()
	if err != nil {
		return err
	}
	context := b.maskWidth()
	most := context
	if context < 0 {
		context, most = b.cacheLength()
	}
	if err := b.setContext(context, most); err != nil {
		return err
	}
	if b.d.MaxQuery == 0 && query > 0 && query < b.d.ContextLength {
		b.d.MaxQuery = query
	}
	first := b.d.ContextLength
	if b.d.MaxQuery > 0 {
		first = min(first, b.d.MaxQuery)
	}
	return b.requirePrediction(first)
}

// refuseStates refuses a driver that names a family without states for a
// function that has them.
func (b *binder) refuseStates() error {
	if len(b.desc.States) > 0 {
		return driverErrorf("family", "is %s, for a function with states", b.d.Family)
	}
	return nil
}
