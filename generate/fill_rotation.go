package generate

import (
	"maps"
	"slices"

	"github.com/gocoreml/coreml/coreml"
)

// findRotation finds the functions that take over once the shortest cache is full.
func (f *filler) findRotation(s *Stage, p *packageFunctions) error {
	from := 0
	for _, name := range s.Snapshot {
		if n := stateLength(f.one.State(name)); n > 0 && (from == 0 || n < from) {
			from = n
		}
	}
	if r := f.d.Rotation; r != nil && from > 0 && r.From > from {
		return driverErrorf("rotation.from", "is %d, and the shortest cache is full after %d tokens", r.From, from)
	}
	turned := rotatedFunctions(p)
	if len(turned) == 0 || f.d.Rotation != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(turned))
	if from == 0 {
		return driverErrorf("rotation", "nothing tells from which position on function %s takes over; write it into a driver file, as in {\"rotation\": {\"from\": 512, \"functions\": {%q: %q}}}",
			turned[names[0]], names[0], turned[names[0]])
	}
	f.d.Rotation = &Rotation{From: from, Functions: turned}
	f.because("function %s takes over from %s once the %d places of the shortest cache are full", turned[names[0]], names[0], from)
	return nil
}

// stateLength returns the places of a state that is a cache, 0 where it is none.
func stateLength(st *coreml.FeatureDescription) int {
	if st == nil || len(st.Shape) < 2 {
		return 0
	}
	return max(st.Shape[len(st.Shape)-1], st.Shape[len(st.Shape)-2])
}

// checkRotation refuses functions that take over from none that runs: nothing else
// would ever miss them.
func (f *filler) checkRotation() error {
	if f.d.Rotation == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.d.Rotation.Functions)) {
		runs := slices.ContainsFunc(f.d.Stages, func(s Stage) bool { return name != "" && slices.Contains(s.functions(), name) })
		switch {
		case !runs:
			return driverErrorf("rotation.functions."+name, "no stage runs a function %q", name)
		case f.d.Rotation.Functions[name] == "":
			return driverErrorf("rotation.functions."+name, "is empty, want the function that takes over")
		}
	}
	return nil
}
