package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// queryBounds returns how many tokens a function takes in one prediction, by its token
// ids or else by its embeddings: the greatest is -1 for no bound, and 0 where no input
// tells it.
func queryBounds(d *coreml.Description) (lo, hi int) {
	for i := range d.Inputs {
		in := &d.Inputs[i]
		if notTokens(in) == "" && in.DType == tensor.Int32 && !nameContains(in, "mask", "pos", "cache") || axes.Rank(in) == 1 && namesTokens(in.Name) {
			return axes.Bounds(in, axes.Rank(in)-1)
		}
	}
	for i := range d.Inputs {
		in := &d.Inputs[i]
		switch {
		case !in.DType.IsFloat() || nameContains(in, "cos", "sin", "cache", "state_", "mask"):
		case axes.Rank(in) == 3:
			return axes.Bounds(in, 1)
		case isAcross(in):
			return axes.Bounds(in, 3)
		}
	}
	return 0, 0
}

// isAcross reports whether vectors lie along the second axis of an input and tokens
// along the last, [1, width, 1, q], as convolutions take them.
func isAcross(in *coreml.FeatureDescription) bool {
	if axes.Rank(in) != 4 {
		return false
	}
	narrow, wide := axes.Bounds(in, 1)
	_, rows := axes.Bounds(in, 2)
	return rows == 1 && narrow == wide && wide > 1
}

// pairFunctions chooses the functions of a package with several: that for one token
// and those for several, which have the same cache. Functions that take over behind
// a window are the rotation's.
func (f *filler) pairFunctions(s *Stage, p *packageFunctions) {
	def := p.find("")
	if def == nil {
		def = p.functions[0]
	}
	if lo, hi := queryBounds(def); lo <= 1 && hi != 1 && hi != 0 {
		s.Function = def.Function
		return // it takes any number
	}
	var one, many *coreml.Description
	for _, d := range p.functions {
		if !sameFeatures(d.States, def.States) || strings.Contains(d.Function, "rotate") {
			continue
		}
		lo, hi := queryBounds(d)
		switch {
		case hi == 1 && (one == nil || d == def):
			one = d
		case hi != 1 && lo != 0:
			if many != nil {
				if _, most := queryBounds(many); most < 0 || hi >= 0 && hi <= most {
					continue
				}
			}
			many = d
		}
	}
	if one == nil || many == nil {
		s.Function = def.Function
		return
	}
	s.Function, s.Prefill = one.Function, many.Function
	f.because("function %s takes one token and %s several, over the same cache", one.Function, many.Function)
	if s.Prefills = otherLengths(p, one, many); len(s.Prefills) > 0 {
		f.because("functions %s are for other numbers of tokens, as their names and shapes say", strings.Join(s.Prefills, ", "))
	}
}

// otherLengths finds the functions that are one for several tokens, many, for other
// numbers of them: their names differ by the number alone, which is that of the tokens
// that they take. Another name could be that of an adapter.
func otherLengths(p *packageFunctions, one, many *coreml.Description) []string {
	form := lengthForm(many)
	if form == "" {
		return nil
	}
	var out []string
	for _, d := range p.functions {
		if d != one && d != many && lengthForm(d) == form && sameFeatures(d.States, many.States) {
			out = append(out, d.Function)
		}
	}
	slices.SortFunc(out, compareNatural)
	return out
}

// lengthForm returns the name of a function without the number of tokens that it takes,
// and "" where the name has no such number.
func lengthForm(d *coreml.Description) string {
	lo, hi := queryBounds(d)
	number := digits.FindAllString(d.Function, -1)
	if lo != hi || len(number) == 0 || number[len(number)-1] != fmt.Sprint(hi) {
		return ""
	}
	at := strings.LastIndex(d.Function, number[len(number)-1])
	return d.Function[:at] + "#" + d.Function[at+len(number[len(number)-1]):]
}

// orderLengths makes the function for the most tokens Prefill, and sorts the others by
// their lengths, of which each is taken once.
func (f *filler) orderLengths(s *Stage, p *packageFunctions) error {
	if len(s.Prefills) == 0 {
		return nil
	}
	names := slices.Clone(s.Prefills)
	if s.Prefill != "" {
		names = append(names, s.Prefill)
	}
	most := func(name string) int {
		lo, hi := queryBounds(p.find(name))
		if lo != hi {
			return 0
		}
		return hi
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(most(a), most(b)) })
	for k, name := range names {
		field := fmt.Sprintf("stages.%d.prefills", f.stage)
		switch n := most(name); {
		case n < 1:
			return driverErrorf(field, "function %q does not take one certain number of tokens, by which it could be chosen", name)
		case k > 0 && n == most(names[k-1]):
			return driverErrorf(field, "functions %q and %q both take %d tokens", names[k-1], name, n)
		}
	}
	last := len(names) - 1
	s.Prefill, s.Prefills = names[last], names[:last]
	return nil
}

func sameFeatures(a, b []coreml.FeatureDescription) bool {
	return slices.EqualFunc(a, b, func(x, y coreml.FeatureDescription) bool {
		return x.Name == y.Name && x.DType == y.DType && slices.Equal(x.Shape, y.Shape)
	})
}
