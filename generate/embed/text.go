package embed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// mostNamed is the number of names that an error lists.
const mostNamed = 20

// quotedList writes names for an error. They may come from a file.
func quotedList(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, name := range names[:min(len(names), mostNamed)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", clip(name))
	}
	if more := len(names) - mostNamed; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// sortedKeys returns the keys of a map in rising order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func itoa(i int) string { return strconv.Itoa(i) }

// atoi reads a number of a class.
func atoi(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
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
		if i > start {
			out = append(out, strings.ToLower(name[start:i]))
		}
		if start = i; !letter {
			start = i + 1
		}
	}
	return out
}

// speaksOf reports whether one of the words of a name begins with one of the
// parts.
func speaksOf(name string, parts ...string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(w, p) })
	})
}

// describe lists features with their types and shapes for an error.
func describe(list []coreml.FeatureDescription) string {
	if len(list) == 0 {
		return "none"
	}
	out := make([]string, 0, min(len(list), mostNamed))
	for i := range list[:min(len(list), mostNamed)] {
		out = append(out, list[i].String())
	}
	return strings.Join(out, "; ")
}
