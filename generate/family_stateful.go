package generate

// FamilyStateful keeps its cache in states and takes token ids and a causal
// mask, whose width less its height is the place where the cache is written:
// the form of Apple's and Hugging Face's Llama and Mistral packages.
const FamilyStateful Family = "stateful"

var familyStateful = family{
	name:    FamilyStateful,
	matches: func(b *binder) bool { return len(b.desc.States) > 0 },
	bind: func(b *binder) error {
		return b.run((*binder).refuseUnboundInputs, (*binder).bindLogits, requireStates, bindCached)
	},
}

// requireStates refuses a driver that names this family for a function whose
// cache is elsewhere.
func requireStates(b *binder) error {
	if len(b.desc.States) == 0 {
		return driverErrorf("family", "is %s, for a function without states", b.d.Family)
	}
	return nil
}
