package main

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// among lists the features that there are, with the one that name is probably
// meant to be first: the inputs are "x", "y" (did you mean "x"?).
//
// Whoever gets it has read the name off another program, and can mend the call
// without another look at the package.
func among(what, name string, list []coreml.FeatureDescription) string {
	if len(list) == 0 {
		return "the model has no " + what
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	text := fmt.Sprintf("the %s are %s", what, nameList(names))
	if near := closest(name, names); near != "" {
		text += fmt.Sprintf(" (did you mean %s?)", quoted(near))
	}
	return text
}

// closest returns the name that a few letters tell from what was written, or
// nothing.
//
// The bound grows with the name: one letter in three may be wrong. Long names are
// left out, since the distance takes the product of the lengths, and packages
// choose them.
func closest(name string, names []string) string {
	const longest = 200
	if len(name) > longest {
		return ""
	}
	best, least := "", 1+len(name)/3
	for _, candidate := range names {
		if len(candidate) > longest {
			continue
		}
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if d := distance(name, candidate); d < least && d < len(candidate) {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the bytes to insert, remove or change between two names.
//
// It is Levenshtein's, computed row by row.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := left
			if a[i] != b[j] {
				cost = 1 + min(left, row[j], row[j+1])
			}
			left, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// nameList writes names for a message.
func nameList(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	// A line, more or less.
	const most = 12
	var b strings.Builder
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(name))
	}
	if more := len(names) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
