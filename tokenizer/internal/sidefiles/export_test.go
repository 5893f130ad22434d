package sidefiles

import (
	"maps"
	"slices"
)

// ClassNames returns the names of all classes that are known.
func ClassNames() []string { return slices.Sorted(maps.Keys(classes)) }

// KindClass is kindClass.
var KindClass = kindClass
