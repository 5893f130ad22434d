package generate

import (
	"maps"
	"slices"
)

// findRotation finds the functions that take over once the shortest cache is full.
func (f *filler) findRotation(s *Stage, p *packageFunctions) error {
	turned := rotatedFunctions(p)
	if len(turned) == 0 || f.d.Rotation != nil {
		return nil
	}
	from := 0
	for _, name := range s.Snapshot {
		if st := f.one.State(name); st != nil && len(st.Shape) >= 2 {
			if n := max(st.Shape[len(st.Shape)-1], st.Shape[len(st.Shape)-2]); from == 0 || n < from {
				from = n
			}
		}
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

// checkRotation refuses functions that take over from none that runs, and those that
// there are not: nothing else would ever miss them.
func (f *filler) checkRotation() error {
	if f.d.Rotation == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.d.Rotation.Functions)) {
		runs := false
		for i := range f.d.Stages {
			s := &f.d.Stages[i]
			p, err := f.pkg(s, i)
			if err != nil {
				return err
			}
			if name == "" || s.Function != name && s.Prefill != name {
				continue
			}
			runs = true
			if turned := f.d.Rotation.Functions[name]; turned == "" || p.find(turned) == nil {
				return driverErrorf("rotation.functions."+name, "there is no function %q; there are %s", turned, functionNames(p))
			}
		}
		if !runs {
			return driverErrorf("rotation.functions."+name, "no stage runs a function %q", name)
		}
	}
	return nil
}
