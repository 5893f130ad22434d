package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// cachePairs are inputs with the outputs that they take in the next prediction.
type cachePairs struct {
	inputs, outputs []*coreml.FeatureDescription
	caches          map[string]string
	taken           map[string]bool // outputs that have a use
}

// pair pairs what has no partner yet and the same key, which is made of a name. With
// whole, inputs of one shape are paired all or none: where only some of such keys fit,
// they fit by chance.
func (p *cachePairs) pair(key func(name string) string, whole bool) {
	found, refused := map[string]string{}, map[string]bool{}
	for _, in := range p.inputs {
		if _, ok := p.caches[in.Name]; ok {
			continue
		}
		out := p.only(in, key)
		if out == "" {
			refused[shapeKey(in)] = whole
			continue
		}
		found[in.Name] = out
	}
	for _, in := range p.inputs {
		if out, ok := found[in.Name]; ok && !refused[shapeKey(in)] {
			p.caches[in.Name], p.taken[out] = out, true
		}
	}
}

// only returns the output that fits an input and has its key, if these two are alone
// with it.
func (p *cachePairs) only(in *coreml.FeatureDescription, key func(name string) string) string {
	k, found := key(in.Name), ""
	if k == "" {
		return ""
	}
	for _, other := range p.inputs {
		if _, ok := p.caches[other.Name]; !ok && other != in && shapeKey(other) == shapeKey(in) && key(other.Name) == k {
			return ""
		}
	}
	for _, out := range p.outputs {
		if p.taken[out.Name] || shapeKey(out) != shapeKey(in) || key(out.Name) != k {
			continue
		}
		if found != "" {
			return ""
		}
		found = out.Name
	}
	return found
}

// shapeKey returns what a cache and the output that it takes have in common.
func shapeKey(f *coreml.FeatureDescription) string {
	return fmt.Sprint(f.Kind, f.DType, f.Shape)
}

// exampleBinding returns the line of a driver file that binds an input.
func (b *binder) exampleBinding(in *coreml.FeatureDescription) string {
	used := usedFeatures(b.d.outputUses())
	if axes.Rank(in) >= 3 && slices.ContainsFunc(b.desc.Outputs, func(out coreml.FeatureDescription) bool { return shapeKey(&out) == shapeKey(in) && !used[out.Name] }) {
		return fmt.Sprintf(`{"caches": {%q: "…"}} with the output that it takes`, in.Name)
	}
	return fmt.Sprintf(`{"stages": [{"inputs": {%q: {"role": "positions"}}}]}`, in.Name)
}

// maybeCache reports whether some output of the shape of an input has no use in a stage.
func (f *filler) maybeCache(s *Stage, in *coreml.FeatureDescription) bool {
	return axes.Rank(in) >= 3 && slices.ContainsFunc(f.one.Outputs, func(out coreml.FeatureDescription) bool {
		return shapeKey(&out) == shapeKey(in) && !isCacheOutput(s, out.Name)
	})
}

// cacheAffixes removes what tells an incoming cache from an outgoing one, and
// makes one of singular and plural.
var cacheAffixes = strings.NewReplacer("present", "", "past", "", "cache", "", "new", "", "updated", "", "next", "", "prev", "", "old", "",
	"_output", "", "_input", "", "_out", "", "_in", "", "_", "", "keys", "key", "values", "value")

// cacheStem returns what the names of both ends of a cache have in common.
func cacheStem(name string) string { return cacheAffixes.Replace(strings.ToLower(name)) }

// cacheKey returns the numbers in a name and whether it is one of keys or values;
// empty where it has neither.
func cacheKey(name string) string {
	n, kind := digits.FindAllString(name, -1), ""
	for _, w := range words(name) {
		switch w {
		case "k", "key", "keys", "kcache", "a":
			kind += "k"
		case "v", "value", "values", "vcache", "b":
			kind += "v"
		}
	}
	if len(n) == 0 && kind == "" {
		return ""
	}
	return strings.Join(n, ".") + ":" + kind
}
