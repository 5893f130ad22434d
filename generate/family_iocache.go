package generate

// FamilyIOCache is [FamilyStateful] with a cache that goes in and comes out with
// each prediction, as packages for systems before states have it.
const FamilyIOCache Family = "io-cache"

var familyIOCache = family{
	name:    FamilyIOCache,
	matches: func(b *binder) bool { return len(b.d.Caches) > 0 },
	bind: func(b *binder) error {
		return b.run((*binder).refuseUnboundInputs, (*binder).bindLogits, (*binder).refuseStates, requireCaches, bindCached)
	},
}

// requireCaches refuses a driver that names this family for a function that
// gives back nothing of what it takes.
func requireCaches(b *binder) error {
	if len(b.d.Caches) == 0 {
		return driverErrorf("family", "is %s, for a function without caches", b.d.Family)
	}
	return nil
}
