package generate

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// stageInputs lists the inputs of all functions of a stage, each name once.
func (f *filler) stageInputs() []*coreml.FeatureDescription {
	var out []*coreml.FeatureDescription
	for i := range f.one.Inputs {
		out = append(out, &f.one.Inputs[i])
	}
	for _, d := range append([]*coreml.Description{f.many}, f.lengths...) {
		for i := range d.Inputs {
			in := &d.Inputs[i]
			if !slices.ContainsFunc(out, func(f *coreml.FeatureDescription) bool { return f.Name == in.Name }) {
				out = append(out, in)
			}
		}
	}
	return out
}

// findRoles finds what the inputs of a stage take, by element types, ranks and
// flexible dimensions, and by names where these leave a choice.
func (f *filler) findRoles(s *Stage) error {
	inputs := f.stageInputs()
	f.findTokens(s, inputs)
	f.findMasks(s, inputs)
	var left []*coreml.FeatureDescription
	for _, in := range inputs {
		if _, ok := s.Inputs[in.Name]; ok {
			continue
		}
		role, ok := f.roleOf(s, in)
		if !ok {
			left = append(left, in)
			continue
		}
		s.Inputs[in.Name] = role
		f.because("%s takes the %s", in, strings.ReplaceAll(string(role.Role), "_", " "))
	}
	left = slices.DeleteFunc(left, func(in *coreml.FeatureDescription) bool { return in.Optional })
	// A lone number that nothing else tells is the position.
	if len(left) == 1 && f.maybePosition(s, left[0]) {
		s.Inputs[left[0].Name] = Role{Role: RolePositions}
		f.because("%s is the only number: the position", left[0])
		left = nil
	}
	if len(left) > 0 {
		return f.unknownInput(s, left[0])
	}
	f.findWidth(s, inputs)
	if f.ordered(s) && s.CursorState == "" && !f.given && !f.hasPosition(s) {
		return undetected("nothing tells the model where it is: of the inputs %s none takes a position; "+
			"a driver file may say that a state counts the tokens, as in {\"stages\": [{\"cursor_state\": \"pastLen\"}]}", describeFeatures(f.one.Inputs))
	}
	return nil
}

// ordered reports whether a stage has a cache that is ordered by position.
func (f *filler) ordered(s *Stage) bool {
	for _, r := range s.Inputs {
		if r.Role == RoleCache && !r.Recurrent {
			return true
		}
	}
	return len(f.one.States) > len(s.Snapshot)
}

// maybePosition reports whether a number is the position: no other input is, and no
// mask that grows tells it.
func (f *filler) maybePosition(s *Stage, in *coreml.FeatureDescription) bool {
	if !isNumber(in) || nameContains(in, "len", "size", "count", "total", "temp", "flag", "seed", "top", "scale", "penalty") || hasWord(in, otherNumbers...) || hasWord(in, otherPlaces...) || countRole(s.Inputs, RolePositions) > 0 {
		return false
	}
	// Where the cursor is known, a number that is no integer is something else.
	if countRole(s.Inputs, RoleCursor)+countRole(s.Inputs, RoleLength) > 0 && in.DType != tensor.Int32 {
		return false
	}
	for name, r := range s.Inputs {
		if mask := f.one.Input(name); mask != nil && r.Role == RoleCausalMask {
			if lo, hi := axes.Bounds(mask, 3); lo != hi {
				return false
			}
		}
	}
	return true
}

// hasPosition reports whether an input of the stage tells the model where it is.
func (f *filler) hasPosition(s *Stage) bool {
	for name, r := range s.Inputs {
		switch r.Role {
		case RolePositions, RoleCursor, RoleLength, RoleUpdateMask:
			return true
		case RoleCausalMask:
			if in := f.one.Input(name); in != nil {
				if lo, hi := axes.Bounds(in, 3); lo != hi {
					return true
				}
			}
		}
	}
	return false
}

// isNumber reports whether an input is a single number.
func isNumber(in *coreml.FeatureDescription) bool {
	if in.Kind != coreml.KindMultiArray || in.Flexible() {
		return false
	}
	for _, n := range in.Shape {
		if n != 1 {
			return false
		}
	}
	return true
}

// findTokens finds the input of token ids.
//
// Of several int32 inputs of rank 2 those count that are named so.
func (f *filler) findTokens(s *Stage, inputs []*coreml.FeatureDescription) {
	if f.stage > 0 || countRole(s.Inputs, RoleTokens) > 0 {
		return
	}
	var found []*coreml.FeatureDescription
	for _, in := range inputs {
		_, taken := s.Inputs[in.Name]
		ids := in.DType == tensor.Int32 || namesTokens(in.Name) && in.DType.IsFloat()
		if taken || in.Kind != coreml.KindMultiArray || !ids || axes.Rank(in) > 2 || nameContains(in, "mask", "pos", "cache", "len", "temp") {
			continue
		}
		if axes.Rank(in) == 2 || namesTokens(in.Name) {
			found = append(found, in)
		}
	}
	if len(found) > 1 {
		if named := slices.DeleteFunc(slices.Clone(found), func(in *coreml.FeatureDescription) bool { return !namesTokens(in.Name) }); len(named) > 0 {
			found = named
		}
	}
	if len(found) == 1 {
		s.Inputs[found[0].Name] = Role{Role: RoleTokens}
		f.because("%s takes token ids", found[0])
	}
}

// findMasks finds causal masks and update masks. Of two causal masks the narrower
// one is that of a sliding window.
func (f *filler) findMasks(s *Stage, inputs []*coreml.FeatureDescription) {
	widest := 0
	var masks []*coreml.FeatureDescription
	for _, in := range inputs {
		_, width, ok := f.maskAxes(in)
		if _, taken := s.Inputs[in.Name]; taken {
			if ok && s.Inputs[in.Name].Role == RoleCausalMask && !s.Inputs[in.Name].Ring {
				widest = max(widest, width)
			}
			continue
		}
		if _, earlier := f.fromEarlier(in); earlier {
			continue
		}
		switch {
		case ok:
			masks, widest = append(masks, in), max(widest, width)
		case in.Kind == coreml.KindMultiArray && in.DType.IsFloat() && axes.Rank(in) == 4 && isUpdateMask(in):
			s.Inputs[in.Name] = Role{Role: RoleUpdateMask}
			f.because("%s has its long axis before the last: a one at the slot that is written", in)
		}
	}
	ring := slices.ContainsFunc(inputs, func(in *coreml.FeatureDescription) bool { return isNumber(in) && nameContains(in, "ring") })
	several := len(slices.DeleteFunc(slices.Clone(masks), func(in *coreml.FeatureDescription) bool { return widthOf(in) != widest })) > 1
	for _, in := range masks {
		_, width, _ := f.maskAxes(in)
		switch {
		case marksSlots(in), several && width == widest && !nameContains(in, "causal", "attn", "attention"):
			// It is asked for.
		case width == widest:
			s.Inputs[in.Name] = Role{Role: RoleCausalMask}
			f.because("%s is the causal mask", in)
		case ring:
			s.Inputs[in.Name] = Role{Role: RoleCausalMask, Ring: true}
			f.because("%s is the mask over the slots of a ring of %d", in, width)
		}
	}
}

// findWidth takes the context from the masks of a stage.
func (f *filler) findWidth(s *Stage, inputs []*coreml.FeatureDescription) {
	for _, in := range inputs {
		r, hi := s.Inputs[in.Name], 0
		switch {
		case r.Role == RoleCausalMask && !r.Ring, r.Role == RoleAttentionMask:
			_, hi = axes.Bounds(in, -1)
		case r.Role == RoleUpdateMask && r.Modulo == 0:
			_, hi = axes.Bounds(in, -1)
			_, before := axes.Bounds(in, -2)
			hi = max(hi, before)
		}
		f.context = max(f.context, hi)
	}
}

// isUpdateMask reports whether one of the last two axes of a mask is as long as the
// cache and the other has one place.
func isUpdateMask(in *coreml.FeatureDescription) bool {
	if in.Flexible() || len(in.Shape) != 4 || in.Shape[0] != 1 || in.Shape[1] != 1 {
		return false
	}
	return in.Shape[3] == 1 && in.Shape[2] > 1 || nameContains(in, "update") && (in.Shape[2] == 1 || in.Shape[3] == 1)
}

// roleOf finds the role of an input that is neither token ids, a causal mask nor a
// cache.
func (f *filler) roleOf(s *Stage, in *coreml.FeatureDescription) (Role, bool) {
	if in.Kind != coreml.KindMultiArray || in.Optional {
		return Role{}, false
	}
	if role, ok := f.fromEarlier(in); ok {
		return role, true
	}
	w := words(in.Name)
	has := func(list ...string) bool {
		return slices.ContainsFunc(w, func(x string) bool { return slices.Contains(list, x) })
	}
	switch {
	case in.DType.IsFloat() && axes.Rank(in) >= 2 && has("cos"):
		return Role{Role: RoleCos}, true
	case in.DType.IsFloat() && axes.Rank(in) >= 2 && has("sin"):
		return Role{Role: RoleSin}, true
	case axes.Rank(in) == 2 && has("mask", "attentionmask", "causalmask"):
		return maskOfTwo(s, in)
	case axes.Rank(in) == 2 && !isNumber(in) && s.CursorState != "":
		return Role{Role: RoleAttentionMask}, true
	case isNumber(in) && has("ring"):
		if n := ringSize(f, s); n > 0 {
			return Role{Role: RoleCursor, Modulo: n}, true
		}
	case isNumber(in) && hasWord(in, otherPlaces...):
		return Role{}, false // a place, but not that of the first token
	case axes.Rank(in) <= 2 && has("pos", "position", "positions", "positionids"):
		return Role{Role: RolePositions}, true
	case isNumber(in) && has("cursor", "past", "offset", "start", "cache", "write", "used") && !has("temperature"):
		return Role{Role: RoleCursor}, true
	case hasWord(in, otherIDs...):
		return Role{}, false
	case f.placesOfTokens(in), axes.Rank(in) == 2 && in.DType == tensor.Int32 && !isNumber(in) && !f.hasPosition(s):
		return Role{Role: RolePositions}, true
	}
	return Role{}, false
}

// placesOfTokens reports whether an input of integers has a place for each token of
// the function for several.
func (f *filler) placesOfTokens(in *coreml.FeatureDescription) bool {
	other := f.many.Input(in.Name)
	if other == nil || f.one == f.many || other.DType != tensor.Int32 || axes.Rank(other) > 2 || axes.Rank(other) < 1 {
		return false
	}
	_, q := queryBounds(f.many)
	_, places := axes.Bounds(other, -1)
	return q > 1 && places == q
}

// ringSize returns the width of the mask over a ring.
func ringSize(f *filler, s *Stage) int {
	for name, r := range s.Inputs {
		if in := f.one.Input(name); in != nil && r.Role == RoleCausalMask && r.Ring {
			return widthOf(in)
		}
	}
	return 0
}
