package generate

import (
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// fromEarlier finds the output of an earlier stage that an input takes: one of the
// same name, or else the last stage's hidden state of the same width.
func (f *filler) fromEarlier(in *coreml.FeatureDescription) (Role, bool) {
	if !in.DType.IsFloat() || axes.Rank(in) < 3 {
		return Role{}, false
	}
	for i := f.stage - 1; i >= 0; i-- {
		p, err := f.pkg(&f.d.Stages[i], i)
		if err != nil {
			return Role{}, false
		}
		d := p.find(f.d.Stages[i].Function)
		var found *coreml.FeatureDescription
		for k := range d.Outputs {
			out := &d.Outputs[k]
			if out.Kind != coreml.KindMultiArray || !out.DType.IsFloat() || isCacheOutput(&f.d.Stages[i], out.Name) {
				continue
			}
			if out.Name == in.Name {
				return f.rowOf(Role{Role: RoleOutput, Output: out.Name}, in, i), true
			}
			if axes.Rank(out) == 0 || axes.Rank(out) == axes.Rank(in) && allowsSize(out, -1, widthOf(in)) {
				found = out
			}
		}
		if _, _, mask := f.maskAxes(in); found != nil && !mask && i == f.stage-1 && !nameContains(in, "mask", "cache") && !slices.Contains([]string{"cos", "sin"}, in.Name) {
			return f.rowOf(Role{Role: RoleOutput, Output: found.Name}, in, i), true
		}
	}
	return Role{}, false
}

func isCacheOutput(s *Stage, name string) bool {
	for _, r := range s.Inputs {
		if r.Role == RoleCache && r.Output == name {
			return true
		}
	}
	return false
}

// widthOf returns the size of the last axis.
func widthOf(in *coreml.FeatureDescription) int {
	_, hi := axes.Bounds(in, -1)
	return hi
}

// rowOf says that an input with room for one row takes the last token's, where the
// stage that gives them takes several tokens.
func (f *filler) rowOf(r Role, in *coreml.FeatureDescription, from int) Role {
	s := &f.d.Stages[from]
	p, err := f.pkg(s, from)
	if err != nil {
		return r
	}
	_, rows := axes.Bounds(in, axes.Rank(in)-2)
	if isAcross(in) {
		_, rows = axes.Bounds(in, 3)
	}
	_, hi := queryBounds(p.find(s.Function))
	several := s.Prefill != "" || hi != 1
	if f.one == f.many && rows == 1 && several && len(f.one.States) == 0 {
		r.Row = "last"
	}
	return r
}
