package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// fillOutput finds what the last stage gives: logits, in one output or in parts, or
// token ids with what they are worth.
func (f *filler) fillOutput() error {
	if f.d.Output != nil && len(f.d.Output.Logits)+len(f.d.Output.Indices) > 0 {
		return f.checkGiven(f.d.Output)
	}
	o := f.d.Output
	if o == nil {
		o = new(Output)
	}
	s := &f.d.Stages[len(f.d.Stages)-1]
	var floats, ids []*coreml.FeatureDescription
	for i := range f.one.Outputs {
		out := &f.one.Outputs[i]
		switch {
		case out.Kind != coreml.KindMultiArray || isCacheOutput(s, out.Name):
		case out.DType == tensor.Int32:
			ids = append(ids, out)
		case out.DType.IsFloat():
			floats = append(floats, out)
		}
	}
	switch {
	case f.findIndices(o, ids, floats):
		if err := f.checkIndices(o); err != nil {
			return err
		}
	case f.findLogits(o, floats):
	default:
		return undetected("no output clearly gives logits or token ids; the outputs are %s; name them in a driver file, as in {\"output\": {\"logits\": [\"logits\"]}}",
			featureNames(f.one.Outputs))
	}
	f.d.Output = o
	return o.check()
}

// checkGiven refuses outputs that a driver names and that do not fit the package.
func (f *filler) checkGiven(o *Output) error {
	for _, list := range []struct {
		field string
		names []string
	}{{"logits", o.Logits}, {"indices", o.Indices}, {"values", o.Values}} {
		for i, name := range list.names {
			out := f.one.Output(name)
			field := fmt.Sprintf("output.%s.%d", list.field, i)
			switch {
			case out == nil:
				return driverErrorf(field, "there is no output %q; the outputs are %s", name, featureNames(f.one.Outputs))
			case out.Kind != coreml.KindMultiArray:
				return driverErrorf(field, "output %s is no multi-array", out)
			case list.field != "indices" && out.DType != tensor.Float16 && out.DType != tensor.Float32:
				return driverErrorf(field, "output %s is of type %v, want float32 or float16", out, out.DType)
			}
		}
	}
	if len(o.Indices) == 1 && elements(f.one.Output(o.Indices[0])) == 1 {
		o.Greedy = true // whatever the driver says, there is nothing to choose among
	}
	if len(o.Indices) > 0 && !o.Greedy && len(o.Values) == 0 {
		return driverErrorf("output.values", "is missing: to choose among several tokens, their logits are needed")
	}
	return nil
}

// findIndices finds token ids that the package chose: integers, and values of as
// many elements.
func (f *filler) findIndices(o *Output, ids, floats []*coreml.FeatureDescription) bool {
	ids = slices.DeleteFunc(slices.Clone(ids), func(out *coreml.FeatureDescription) bool { return nameContains(out, "state", "cache", "length") })
	if len(ids) == 0 || slices.ContainsFunc(floats, func(out *coreml.FeatureDescription) bool {
		return elements(out) >= max(f.entries, minVocabulary) && nameContains(out, "logits")
	}) {
		return false
	}
	id := ids[0]
	if len(ids) > 1 {
		at := slices.IndexFunc(ids, func(out *coreml.FeatureDescription) bool { return nameContains(out, "token", "argmax", "idx", "ind") })
		if at < 0 {
			return false
		}
		id = ids[at]
	}
	o.Indices = []string{id.Name}
	for _, out := range floats {
		if n := elements(out); n > 0 && n == elements(id) {
			o.Values = []string{out.Name}
			break
		}
	}
	if n := elements(id); n <= 1 && len(o.Offsets) == 0 {
		o.Greedy = true
		f.because("%s is a token that the package chose itself: only the likeliest can be had", id)
	} else {
		f.because("%s are the likeliest %d tokens", id, n)
	}
	return true
}

// checkIndices refuses several indices of which nothing tells whether they are the
// likeliest tokens of all, or the best of parts of the vocabulary, each counted from
// the part's beginning.
func (f *filler) checkIndices(o *Output) error {
	id := f.one.Output(o.Indices[0])
	if o.Greedy || len(o.Offsets) > 0 || nameContains(id, "top") {
		return nil
	}
	return driverErrorf("output", "nothing tells whether %s has the likeliest tokens or the best of each of %d parts of the vocabulary; write into a driver file "+
		"{\"output\": {\"indices\": [%q], \"values\": [\"…\"]}} for the former, and {\"output\": {\"offsets\": [0, …]}} with the first id of each part for the latter",
		id, elements(id), id.Name)
}

// elements returns the number of elements of an output, 0 where it is not known.
func elements(out *coreml.FeatureDescription) int {
	if len(out.Shape) == 0 || out.Flexible() {
		return 0
	}
	n := 1
	for _, k := range out.Shape {
		if k <= 0 || n > maxVocabulary/k {
			return 0
		}
		n *= k
	}
	return n
}

// findLogits finds the output with logits: the one that is named so, several that
// differ by a number, or the only float one whose size can be that of a vocabulary.
func (f *filler) findLogits(o *Output, floats []*coreml.FeatureDescription) bool {
	var named, other []string
	for _, out := range floats {
		switch {
		case nameContains(out, "logits"):
			named = append(named, out.Name)
		case notLogits(out) == "" && !nameContains(out, "hidden", "embed", "state", "feature"):
			width, _ := vocabularyOf(nil, out, o.VocabularyAxis)
			if width == 0 || f.entries == 0 && width >= minVocabulary || plausibleVocabulary(width, f.entries) {
				other = append(other, out.Name)
			}
		}
	}
	switch {
	case len(named) == 1:
		o.Logits = named
	case len(named) > 1:
		if o.Logits = sortedParts(named); o.Logits == nil {
			return false
		}
	case len(other) == 1:
		o.Logits = other
	default:
		return false
	}
	f.because("%s gives the logits", strings.Join(o.Logits, ", "))
	return true
}

// fillPrefill finds how prompts are shared out.
func (f *filler) fillPrefill() {
	if f.d.Prefill != nil {
		return
	}
	var p Prefill
	fixed, recurrent, several := 0, f.d.Rewind == RewindSnapshot && f.d.Rotation == nil, false
	for i := range f.d.Stages {
		s := &f.d.Stages[i]
		pkg, err := f.pkg(s, i)
		if err != nil {
			return
		}
		d := pkg.find(s.Function)
		if s.Prefill != "" {
			d, several = pkg.find(s.Prefill), true
		}
		if s.CursorState != "" {
			recurrent = true
		}
		if lo, hi := queryBounds(d); hi > 1 && lo == hi || hi > 1 && isEnumerated(d) {
			if s.Inputs != nil && !f.onlyAnswers(s) {
				fixed = max(fixed, hi)
			}
		}
	}
	if p.Pad = fixed > 1 && !recurrent; p.Pad {
		f.because("predictions have fixed lengths: a rest is padded on the right")
	}
	if several && (f.prefillLacksOutput() || p.Pad && f.prefillHasOneRow()) {
		p.HoldLast = true
		f.because("the function for prompts gives no row for the answer: the last token goes through the other")
	}
	if p != (Prefill{}) {
		f.d.Prefill = &p
	}
}

func (f *filler) onlyAnswers(s *Stage) bool {
	for _, r := range s.Inputs {
		if r.Row == "last" {
			return true
		}
	}
	return false
}

func isEnumerated(d *coreml.Description) bool {
	return slices.ContainsFunc(d.Inputs, func(in coreml.FeatureDescription) bool { return len(in.Enumerated) > 1 })
}

// prefillLacksOutput reports whether the last function for prompts gives neither
// logits nor tokens.
func (f *filler) prefillLacksOutput() bool {
	for _, name := range append(slices.Clone(f.d.Output.Logits), f.d.Output.Indices...) {
		for _, d := range append([]*coreml.Description{f.many}, f.lengths...) {
			if d.Output(name) == nil {
				return true
			}
		}
	}
	return false
}

// prefillHasOneRow reports whether the functions for prompts give one row where
// there are several tokens: in the output itself, or in the hidden state of which
// logits are made.
func (f *filler) prefillHasOneRow() bool {
	last := len(f.d.Stages) - 1
	d, names := f.many, append(slices.Clone(f.d.Output.Logits), f.d.Output.Indices...)
	if s := &f.d.Stages[last]; f.onlyAnswers(s) && last > 0 {
		names = nil
		for _, r := range s.Inputs {
			if r.Role == RoleOutput {
				names = append(names, r.Output)
			}
		}
		before := &f.d.Stages[last-1]
		pkg, err := f.pkg(before, last-1)
		if err != nil {
			return false
		}
		if d = pkg.find(before.Function); before.Prefill != "" {
			d = pkg.find(before.Prefill)
		}
	}
	_, q := queryBounds(d)
	for _, name := range names {
		out := d.Output(name)
		if out == nil {
			continue
		}
		n := axes.Rank(out)
		if n >= 2 && q > 1 && !out.Flexible() && !slices.Contains(out.Shape[:n-1], q) && out.Shape[n-1] != q {
			return true
		}
	}
	return false
}
