package generate

import (
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// What a role gives has axes for the tokens of a prediction, for all so far, and for the
// width of a row. An input that is flexible elsewhere takes something else: filled all
// the same it would give nonsense without an error.

// wrongSizes says why the sizes of an input are not those of what a role gives, and ""
// where they are. Its type and its rank are right.
func wrongSizes(in *coreml.FeatureDescription, r *Role) string {
	query, total := tokenAxes(in, *r)
	width := rowAxis(in, r, query)
	for axis := range axes.Rank(in) {
		lo, hi := axes.Bounds(in, axis)
		switch {
		case axis == query || axis == total || axis == 0 && axis != width: // the first may be a batch
		case lo != hi:
			return fmt.Sprintf("input %s is flexible in axis %d, where the role %s has a fixed size", in, axis, r.Role)
		case (r.Role == RoleCursor || r.Role == RoleLength) && hi != 1:
			return fmt.Sprintf("input %s has room for more than the one number of the role %s", in, r.Role)
		}
	}
	if width < 0 {
		return ""
	}
	_, n := axes.Bounds(in, width)
	switch {
	case r.Role == RoleEmbeddings && n != r.Width:
		return fmt.Sprintf("input %s takes rows of %d numbers, and those of the table have %d", in, n, r.Width)
	case r.Role != RoleEmbeddings && r.Layout != "once" && n%2 != 0:
		return fmt.Sprintf("input %s takes rows of %d numbers, and rotary tables have each angle twice", in, n)
	}
	return ""
}

// rowAxis returns the axis of the numbers of a row, -1 for roles without rows.
func rowAxis(in *coreml.FeatureDescription, r *Role, query int) int {
	switch {
	case r.Role != RoleCos && r.Role != RoleSin && r.Role != RoleEmbeddings:
		return -1
	case query == axes.Rank(in)-1 && axes.Rank(in) == 4:
		return 1 // [1, width, 1, q]
	}
	return axes.Rank(in) - 1
}

// notFrom says why an input cannot take an output of an earlier stage, and "" where it
// can, or where that is not known.
func (f *filler) notFrom(in *coreml.FeatureDescription, r *Role) string {
	if r.Row != "" {
		return ""
	}
	if why := wrongSizes(in, r); why != "" {
		return why
	}
	out := f.earlierOutput(r.Output)
	if out == nil || axes.Rank(out) == 0 {
		return ""
	}
	if axes.Rank(out) != axes.Rank(in) {
		return fmt.Sprintf("input %s has another rank than output %s of the earlier stage", in, out)
	}
	query, _ := tokenAxes(in, *r)
	for axis := range axes.Rank(in) {
		lo, hi := axes.Bounds(out, axis)
		if axis != query && axis != 0 && lo == hi && !allowsSize(in, axis, hi) {
			return fmt.Sprintf("input %s does not take the %d of axis %d of output %s of the earlier stage", in, hi, axis, out)
		}
	}
	return ""
}

// earlierOutput returns the output of that name of the last stage before the one at
// hand, nil where no function is known to have it.
func (f *filler) earlierOutput(name string) *coreml.FeatureDescription {
	for i := f.stage - 1; i >= 0; i-- {
		s := &f.d.Stages[i]
		p, err := f.pkg(s, i)
		if err != nil {
			continue
		}
		if d := p.find(s.Function); d != nil && d.Output(name) != nil {
			return d.Output(name)
		}
	}
	return nil
}
