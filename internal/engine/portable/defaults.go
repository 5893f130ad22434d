package portable

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// maxEnumerated bounds the enumerated shapes that are tried when a package is
// loaded; the others are tried by the predictions that have them. coremltools allows
// 128 of them; to try one takes as long as a rehearsal, some milliseconds for a large
// model.
const maxEnumerated = 64

// tryShapes finds out whether the shapes that the description allows go
// together: the default ones, and where inputs list the same number of shapes
// the first of each, the second of each and so on, as Core ML pairs them. It
// finds a mistake in the package at load, where the user can name it, and not
// in the first prediction. Ranges are not tried: there are too many.
func (p *program) tryShapes(ctx context.Context) error {
	if err := p.tryWith(ctx, "the default shapes", func(f *engine.Feature) []int { return f.Shape }); err != nil {
		return err
	}
	n := 0
	for k := range p.desc.Inputs {
		m := len(p.desc.Inputs[k].Enumerated)
		if n > 0 && m > 0 && m != n {
			return nil // which of them go together is for the caller to know
		}
		n = max(n, m)
	}
	for i := range min(n, maxEnumerated) {
		err := p.tryWith(ctx, fmt.Sprintf("number %d of the enumerated shapes", i+1), func(f *engine.Feature) []int {
			if len(f.Enumerated) > 0 {
				return f.Enumerated[i]
			}
			return f.Shape
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tryWith rehearses the program with shapes for the inputs and no content. Its
// frame has one thread and is thrown away: the shapes of a first prediction are
// seldom these. No step computes anything large, and no state is needed.
func (p *program) tryWith(ctx context.Context, what string, shape func(f *engine.Feature) []int) (err error) {
	fr := newFrame(p.plan, nil, 1)
	fr.Ctx = ctx
	fr.wantRows(p.results, nil)
	fr.call.Step = startStep
	var names []string
	defer func() {
		if err != nil && ctx.Err() == nil && !misdeclared(err) {
			err = fmt.Errorf("%s of the inputs, %s, do not go together: %w", what, strings.Join(names, ", "), err)
		}
	}()
	defer fr.guard(&err)
	for k, s := range p.inputs {
		f := &p.desc.Inputs[k]
		dims := shape(f)
		names = quoteInput(names, f.Name, dims)
		if s < 0 {
			continue
		}
		if err := fr.unbound(s, dims); err != nil {
			return err
		}
	}
	if err := fr.rehearse(); err != nil && (fr.joins() || misdeclared(err)) {
		return err
	}
	return ctx.Err()
}

// quoteInput adds an input with its shape to those that an error shows.
func quoteInput(names []string, name string, dims []int) []string {
	switch {
	case len(names) < maxQuotedInputs:
		return append(names, fmt.Sprintf("%s %v", mil.Quote(name), dims))
	case len(names) == maxQuotedInputs:
		return append(names, "...")
	}
	return names
}

// joins reports whether the step that runs puts several values of its result's
// type together that are no constants: then its failure says that shapes do not
// go together. Any other may ask for a larger input than the default one, whose
// sizes are often just 1, as a slice or a convolution does, and so may one that
// has a list of places, such as slice_update, whose window is cut out of one of the
// values. Where a failure may be the default shape's alone it is ignored.
func (fr *frame) joins() bool {
	st := fr.call.Step
	if len(st.Out) == 0 {
		return false
	}
	first, join := int32(-1), false
	result := fr.Values[st.Out[0]].DType
	for s := range st.Operands() {
		v := &fr.Values[s]
		if v.DType == dtype.Int32 && v.Rank > 0 && result != dtype.Int32 {
			return false
		}
		if fr.plan.Slots[s].Const != nil || v.DType != result {
			continue
		}
		join = join || first >= 0 && s != first
		first = s
	}
	return join
}

// maxQuotedInputs bounds the inputs that an error shows.
const maxQuotedInputs = 8

// unbound gives a parameter a shape and no content; none where the description
// leaves it open or says nothing of it that the program could be held to.
// Content that is unknown makes whatever depends on it unknown.
func (fr *frame) unbound(s int32, dims []int) error {
	v, declared := &fr.Values[s], fr.plan.Slots[s].Type
	*v = array.Value{Slot: s, DType: declared.DType, Repr: array.ReprUnknown, Dense: true}
	switch {
	case len(dims) == 0 || declared.Kind != mil.Tensor:
		fr.memos[s].doubt = vague
		return nil
	case len(declared.Shape) == 0 && !declared.Variadic && !slices.ContainsFunc(dims, func(d int) bool { return d != 1 }):
		return v.SetShape() // a scalar crosses the boundary as one element
	}
	return v.SetShape(dims...)
}
