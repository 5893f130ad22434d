package generate

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
)

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
	if desc == nil {
		return nil, undetected("there is no description: it is nil")
	}
	set := []packageFunctions{{functions: []*coreml.Description{desc}}}
	found, err := detect(set, override, func(*coreml.FeatureDescription) int { return 0 }, 0)
	return found.driver, err
}

// detection is a driver with the reasons for it.
type detection struct {
	driver *Driver
	why    []string
}

// detect is Detect for several packages and functions, with what is known besides
// the descriptions: vocabulary returns the number of an output's logits, or 0, and
// entries is the size of the tokenizer's vocabulary, or 0.
//
// A package that token ids and a causal mask, caches or nothing else drive has no
// stages: they are for all others.
func detect(set []packageFunctions, override *Driver, vocabulary func(*coreml.FeatureDescription) int, entries int) (detection, error) {
	if override != nil {
		if err := override.checkForm(); err != nil {
			return detection{}, err
		}
	}
	set = oneText(set)
	staged, err := override.staged()
	if err != nil {
		return detection{}, err
	}
	if len(set) == 1 && !staged {
		desc := set[0].find("")
		if desc == nil {
			desc = set[0].functions[0]
		}
		b := &binder{desc: desc, d: new(Driver), vocabulary: vocabulary, entries: entries}
		if override != nil {
			b.d, b.override = override.clone(), *override
		}
		err := b.detect()
		if err == nil {
			return detection{driver: b.d, why: []string{fmt.Sprintf("the inputs are those of family %s alone", b.d.Family)}}, nil
		}
		if !mayHaveStages(err, desc, override, entries) {
			return detection{}, err
		}
	}
	f := &filler{set: set, d: new(Driver), entries: entries}
	if override != nil {
		f.d = override.clone()
	}
	if err := f.fill(); err != nil {
		return detection{}, err
	}
	return detection{driver: f.d, why: f.why}, nil
}

// staged reports whether a driver has fields that only stages have, and refuses them
// where it names a family without.
func (d *Driver) staged() (bool, error) {
	if d == nil {
		return false, nil
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"stages", len(d.Stages) > 0}, {"prefill", d.Prefill != nil}, {"output", d.Output != nil}, {"rotation", d.Rotation != nil}, {"rewind", d.Rewind != ""}, {"image", d.Image != nil},
	} {
		if f.set && d.Family != "" && d.Family != FamilyStages {
			return false, driverErrorf(f.name, "is for family %s, and the family is %s", FamilyStages, d.Family)
		}
		if f.set {
			return true, nil
		}
	}
	return d.Family == FamilyStages, nil
}

// mayHaveStages reports whether a function that no plain family drives may be
// driven by stages: something in it has to be that of a language model, and what is
// in the way has to be the meaning of a feature.
func mayHaveStages(err error, desc *coreml.Description, override *Driver, entries int) bool {
	if why, ok := errors.AsType[*DriverError](err); !ok || why.Field != "" || why.final || override != nil && override.Family != "" {
		return false
	}
	f := &filler{set: []packageFunctions{{functions: []*coreml.Description{desc}}}, d: new(Driver), one: desc, many: desc, entries: entries}
	if override != nil {
		f.d = override.clone()
	}
	s := &f.d.oneStage()[0]
	f.findTokens(s, f.stageInputs())
	f.pairCaches(s)
	return countRole(s.Inputs, RoleTokens) > 0 && (len(desc.States) > 0 || countRole(s.Inputs, RoleCache) > 0)
}

// detect finds the family and lets it complete the driver.
func (b *binder) detect() error {
	f, err := detectFamily(b)
	if err != nil {
		return err
	}
	b.d.Family = f.name
	return f.bind(b)
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
