package generate

import (
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// otherNumbers are words in the names of numbers that are no position, even where
// nothing else takes it; otherPlaces those of places that are not the first token's,
// and otherIDs those of a number for each token that is neither its id nor its place.
var (
	otherNumbers = []string{"last", "logit", "logits", "row", "rows", "is", "prefill", "delta", "deltas", "select", "gather", "adapter", "lora", "layer", "batch", "mode", "use", "enable", "chunk"}
	otherPlaces  = []string{"end", "last", "next", "stop", "max"}
	otherIDs     = []string{"type", "segment", "label", "labels", "decoder"}
)

// hasWord reports whether one of the words of a feature's name is in a list.
func hasWord(f *coreml.FeatureDescription, list ...string) bool {
	return slices.ContainsFunc(words(f.Name), func(w string) bool { return slices.Contains(list, w) })
}

// marksSlots reports whether a mask marks by its name the slots that are written,
// which a mask of what is seen does not.
func marksSlots(f *coreml.FeatureDescription) bool {
	return axes.Rank(f) >= 2 && (hasWord(f, "update", "write", "insert", "slot", "hot") || nameContains(f, "onehot"))
}

// maskOfTwo finds the role of a mask of rank 2. Integers count tokens. Floats may be 1
// and 0, or 0 and minus infinity: the name has to tell.
func maskOfTwo(s *Stage, in *coreml.FeatureDescription) (Role, bool) {
	switch {
	case marksSlots(in):
		return Role{}, false
	case in.DType.IsFloat() && nameContains(in, "causal"):
		return Role{Role: RoleCausalMask}, true
	case !in.DType.IsFloat(), s.CursorState != "", nameContains(in, "attention", "pad"):
		return Role{Role: RoleAttentionMask}, true
	}
	return Role{}, false
}
