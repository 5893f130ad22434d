package generate

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// maxTableBytes bounds a table of embeddings: a million rows of 16,384.
const maxTableBytes = 1 << 36

// checkForm reports whether the fields of a driver with stages are in range, each
// for itself. What of them has to fit a description is checked with that.
func (d *Driver) checkForm() error {
	switch d.Rewind {
	case "", RewindCursor, RewindSnapshot, RewindNone:
	default:
		return driverErrorf("rewind", "is %q, want %q, %q or %q", d.Rewind, RewindCursor, RewindSnapshot, RewindNone)
	}
	if d.Version < 0 || d.Version > DriverVersion {
		return driverErrorf("version", "is %d; this program reads version %d", d.Version, DriverVersion)
	}
	if p := d.Prefill; p != nil && (p.Window < 0 || p.Window > maxContext) {
		return driverErrorf("prefill.window", "is %d, want 1 to %d, or 0 for none", p.Window, maxContext)
	}
	if r := d.Rotation; r != nil && (r.From < 1 || r.From > maxContext || len(r.Functions) == 0) {
		return driverErrorf("rotation", "names %d functions from position %d on, want some, from 1 to %d", len(r.Functions), r.From, maxContext)
	}
	if err := d.Image.check(); err != nil {
		return err
	}
	for i := range d.Stages {
		s := &d.Stages[i]
		if s.Package != "" && (!filepath.IsLocal(s.Package) || strings.Contains(s.Package, `\`)) {
			return driverErrorf(fmt.Sprintf("stages.%d.package", i), "is %q, want a path within the folder of the model", s.Package)
		}
		if k := slices.Index(s.Prefills, ""); k >= 0 {
			return driverErrorf(fmt.Sprintf("stages.%d.prefills.%d", i, k), "is empty, want the name of a function")
		}
		for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
			if field, why := s.Inputs[name].wrong(); why != "" {
				return driverErrorf(inputField(i, name)+field, "%s", why)
			}
		}
	}
	return d.Output.check()
}

// check reports whether an output is whole. Nil is.
func (o *Output) check() error {
	if o == nil {
		return nil
	}
	for i, n := range o.Offsets {
		if n < 0 || n >= maxVocabulary || i > 0 && n < o.Offsets[i-1] {
			return driverErrorf(fmt.Sprintf("output.offsets.%d", i), "is %d, want rising numbers from 0 to %d", n, maxVocabulary-1)
		}
	}
	switch {
	case len(o.Logits) > 0 && len(o.Indices) > 0:
		return driverErrorf("output", "has logits and indices, want one of them")
	case len(o.Offsets) > 0 && len(o.Indices) > 0 && len(o.Values) == 0:
		return driverErrorf("output.values", "is missing: offsets need the value of each part's best token")
	case len(o.Values) > 0 && len(o.Values) != len(o.Indices):
		return driverErrorf("output.values", "has %d names, indices %d", len(o.Values), len(o.Indices))
	case o.VocabularyAxis < 0 || o.VocabularyAxis > 7:
		return driverErrorf("output.vocabulary_axis", "is %d, want 1 to 7, or 0 for what the shapes tell", o.VocabularyAxis)
	case o.Vocabulary < 0 || o.Vocabulary > maxVocabulary:
		return driverErrorf("output.vocabulary", "is %d, want 1 to %d, or 0 where it is not known", o.Vocabulary, maxVocabulary)
	}
	return nil
}

// wrong says which field of a role is out of range, and why.
func (r Role) wrong() (field, why string) {
	switch {
	case !slices.Contains(roleNames, r.Role):
		var names []string
		for _, name := range roleNames {
			names = append(names, string(name))
		}
		return ".role", fmt.Sprintf("is %q, want one of %s", r.Role, strings.Join(names, ", "))
	case r.Fill != nil && !(*r.Fill < 0):
		return ".fill", fmt.Sprintf("is %v, want a number below 0", *r.Fill)
	case r.Window < 0 || r.Window > maxContext:
		return ".window", fmt.Sprintf("is %d, want 1 to %d, or 0 for none", r.Window, maxContext)
	case r.Modulo < 0 || r.Modulo > maxContext:
		return ".modulo", fmt.Sprintf("is %d, want 1 to %d, or 0 for none", r.Modulo, maxContext)
	case !(r.Theta >= 0) || math.IsInf(r.Theta, 0):
		return ".theta", fmt.Sprintf("is %v, want a number above 0", r.Theta)
	case !slices.Contains([]string{"", "halves", "pairs", "once"}, r.Layout):
		return ".layout", fmt.Sprintf("is %q, want halves, pairs or once", r.Layout)
	case r.Row != "" && r.Row != "last":
		return ".row", fmt.Sprintf("is %q, want last, or nothing for all rows", r.Row)
	case (r.Role == RoleCache || r.Role == RoleOutput) && r.Output == "":
		return ".output", "is missing: the name of the output that the input takes"
	case r.Role == RoleEmbeddings:
		field, why = r.wrongTable()
	}
	if why == "" {
		field, why = r.unused()
	}
	return field, why
}

// unused says which field a role has no use for: what a file says must not be passed
// over in silence.
func (r Role) unused() (field, why string) {
	for _, f := range []struct {
		field string
		set   bool
		roles []RoleName
	}{
		{".output", r.Output != "", []RoleName{RoleCache, RoleOutput}},
		{".row", r.Row != "", []RoleName{RoleOutput}},
		{".fill", r.Fill != nil, []RoleName{RoleCausalMask}},
		{".window", r.Window != 0, []RoleName{RoleCausalMask}},
		{".ring", r.Ring, []RoleName{RoleCausalMask}},
		{".modulo", r.Modulo != 0, []RoleName{RoleCursor, RoleLength, RoleUpdateMask}},
		{".padded", r.Padded, []RoleName{RoleLength}},
		{".theta", r.Theta != 0, []RoleName{RoleCos, RoleSin}},
		{".layout", r.Layout != "", []RoleName{RoleCos, RoleSin}},
		{".file", r.File != "", []RoleName{RoleEmbeddings}},
		{".type", r.Type != "", []RoleName{RoleEmbeddings}},
		{".rows", r.Rows != 0, []RoleName{RoleEmbeddings}},
		{".width", r.Width != 0, []RoleName{RoleEmbeddings}},
		{".recurrent", r.Recurrent, []RoleName{RoleCache}},
		{".shift", r.Shift != 0, []RoleName{RoleCache}},
		{".value", r.Value != 0, []RoleName{RoleConstant}},
	} {
		if f.set && !slices.Contains(f.roles, r.Role) {
			return f.field, fmt.Sprintf("is not for the role %s", r.Role)
		}
	}
	if r.Ring && r.Window != 0 {
		return ".window", "is not for a ring, which has the window's width"
	}
	return "", ""
}

// wrongTable is wrong for a table of embeddings.
func (r Role) wrongTable() (field, why string) {
	switch {
	case r.File == "" || !filepath.IsLocal(r.File) || strings.Contains(r.File, `\`):
		return ".file", fmt.Sprintf("is %q, want a path within the folder of the model", r.File)
	case !slices.Contains([]string{"", "float16", "float32"}, r.Type):
		return ".type", fmt.Sprintf("is %q, want float16 or float32", r.Type)
	case r.Rows < 1 || r.Rows > maxVocabulary:
		return ".rows", fmt.Sprintf("is %d, want 1 to %d", r.Rows, maxVocabulary)
	case r.Width < 1 || int64(r.Width) > maxTableBytes/4/int64(r.Rows):
		return ".width", fmt.Sprintf("is %d, want at least 1, and %d at most for %d rows", r.Width, maxTableBytes/4/int64(r.Rows), r.Rows)
	}
	return "", ""
}

// checkStage reports whether what a stage's inputs take fits them. The roles are in
// range.
func (f *filler) checkStage(s *Stage) error {
	sizes, constants := newBudget(maxCacheElements), newBudget(maxConstantElements)
	for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
		r := s.Inputs[name]
		field := inputField(f.stage, name)
		found := false
		for _, d := range append([]*coreml.Description{f.one, f.many}, f.lengths...) {
			in := d.Input(name)
			if in == nil {
				continue
			}
			found = true
			if why := f.notRole(in, d, &r); why != "" {
				return driverErrorf(field, "%s", why)
			}
			if r.Role == RoleCache && d == f.one && !sizes.take(in) {
				return driverErrorf(field, "input %s makes more than %d elements of all caches together", in, sizes.most)
			}
			if r.Role == RoleConstant && d == f.one && !constants.take(in) {
				return driverErrorf(field, "input %s makes more than %d elements of all constants together", in, constants.most)
			}
		}
		if !found {
			return driverErrorf(field, "there is no such input; the inputs are %s", featureNames(f.one.Inputs))
		}
	}
	for _, name := range append(slices.Clone(s.Snapshot), s.CursorState) {
		if name != "" && f.one.State(name) == nil {
			return driverErrorf(fmt.Sprintf("stages.%d.snapshot", f.stage), "there is no state %q; the states are %s", name, featureNames(f.one.States))
		}
	}
	return nil
}

// notRole says why an input cannot take what a role gives, and "" where it can.
func (f *filler) notRole(in *coreml.FeatureDescription, d *coreml.Description, r *Role) string {
	if in.Kind != coreml.KindMultiArray {
		return fmt.Sprintf("input %s is no multi-array", in)
	}
	counts := r.Role == RoleAttentionMask || r.Role == RoleUpdateMask // ones and zeros alone
	known := in.DType == tensor.Int32 || in.DType == tensor.Int8 && counts || in.DType == tensor.Float16 || in.DType == tensor.Float32
	n := axes.Rank(in)
	switch r.Role {
	case RoleConstant:
		return notConstant(in, r.Value)
	case RoleCache:
		out := d.Output(r.Output)
		switch {
		case out == nil:
			return fmt.Sprintf("there is no output %q; the outputs are %s", r.Output, featureNames(d.Outputs))
		case r.Shift == 0:
			return notCache(in, out)
		case in.Flexible() || out.Flexible() || r.Shift < 0 || r.Shift >= n || axes.Rank(out) != n || out.Shape[r.Shift] > in.Shape[r.Shift] || in.DType != out.DType:
			return fmt.Sprintf("input %s cannot be moved along axis %d by output %s", in, r.Shift, out)
		}
		return ""
	case RoleOutput:
		if !in.DType.IsFloat() && !in.DType.IsInt() {
			return fmt.Sprintf("input %s takes no output", in)
		}
		return f.notFrom(in, r)
	}
	switch {
	case !known:
		return fmt.Sprintf("input %s is of type %v, want int32, float32 or float16", in, in.DType)
	case r.Role == RoleTokens && (n < 1 || n > 2):
		return fmt.Sprintf("input %s has not the shape [batch, q]", in)
	case (r.Role == RoleCausalMask || r.Role == RoleUpdateMask) && (n < 2 || !in.DType.IsFloat() && r.Role == RoleCausalMask):
		return fmt.Sprintf("input %s is no mask of floats [.., q, width]", in)
	case (r.Role == RoleCos || r.Role == RoleSin || r.Role == RoleEmbeddings) && (n < 2 || !in.DType.IsFloat()):
		return fmt.Sprintf("input %s has not the shape [.., q, width] of floats", in)
	case r.Role == RoleAttentionMask && n < 1, r.Role == RolePositions && n < 1:
		return fmt.Sprintf("input %s has no axis for tokens", in)
	}
	return wrongSizes(in, r)
}
