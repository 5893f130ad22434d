package generate

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// allowsSize reports whether an axis may have size n.
func allowsSize(f *coreml.FeatureDescription, axis, n int) bool {
	lo, hi := axes.Bounds(f, axis)
	return lo <= n && (hi < 0 || n <= hi)
}

// candidateSizes adds to sizes those of an axis that are worth a try when the
// smallest size is looked for that several features have in common: it is
// always the lower end of one's range, or one's enumerated size. A nil feature
// adds nothing.
func candidateSizes(sizes []int, f *coreml.FeatureDescription, axis int) []int {
	switch {
	case f == nil:
		return sizes
	case len(f.Enumerated) > 0:
		for _, shape := range f.Enumerated {
			if axis < len(shape) {
				sizes = append(sizes, shape[axis])
			}
		}
		return sizes
	}
	lo, _ := axes.Bounds(f, axis)
	return append(sizes, max(lo, 1))
}

// nameContains reports whether the name contains one of the parts, whatever
// their case.
func nameContains(f *coreml.FeatureDescription, parts ...string) bool {
	name := strings.ToLower(f.Name)
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
}

// tokenWords are the words that tell in a name that it is one of token ids.
var tokenWords = []string{"ids", "id", "token", "tokens", "inputids", "tokenids"}

// namesTokens reports whether one of the words of a name is one of tokenWords.
// Parts of words do not count: "grid" and "videoFrames" end and begin with id.
func namesTokens(name string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool { return slices.Contains(tokenWords, w) })
}

// words splits a name as snake_case, camelCase and CAPITALS are written, and
// returns the words in lower case.
func words(name string) []string {
	var out []string
	start := 0
	for i := range len(name) + 1 {
		letter := i < len(name) && (name[i]|0x20 >= 'a' && name[i]|0x20 <= 'z')
		if letter && (i == start || name[i]&0x20 != 0 || name[i-1]&0x20 == 0) {
			continue // within a word, or within one of capitals
		}
		out = append(out, strings.ToLower(name[start:i]))
		if start = i; !letter {
			start = i + 1
		}
	}
	return out
}

// featureNames lists the names of features for an error.
func featureNames(list []coreml.FeatureDescription) string {
	if len(list) == 0 {
		return "none"
	}
	return joinFeatures(list, ", ", func(f *coreml.FeatureDescription) string { return f.Name })
}

// describeFeatures lists features with their types and shapes for an error.
func describeFeatures(list []coreml.FeatureDescription) string {
	return joinFeatures(list, "; ", (*coreml.FeatureDescription).String)
}

func joinFeatures(list []coreml.FeatureDescription, separator string, text func(*coreml.FeatureDescription) string) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = text(&list[i])
	}
	return strings.Join(out, separator)
}
