package ecma

import (
	"slices"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// expr is a part of a pattern.
type expr interface{}

type (
	// class is one character of some ranges.
	class struct{ ranges []rules.Range }
	// sequence is one part after the other; without parts the empty text.
	sequence struct{ parts []expr }
	// choice is one of some parts.
	choice struct{ parts []expr }
	// repeat is a part several times; max is negative without a bound.
	repeat struct {
		part     expr
		min, max int
	}
	// atStart and atEnd are the anchors.
	atStart struct{}
	atEnd   struct{}
	// look is a lookahead.
	look struct {
		part expr
		not  bool
	}
)

// asserts reports whether a part looks at what is around it.
func asserts(e expr) bool {
	switch e := e.(type) {
	case atStart, atEnd, look:
		return true
	case repeat:
		return asserts(e.part)
	case sequence:
		return slices.ContainsFunc(e.parts, asserts)
	case choice:
		return slices.ContainsFunc(e.parts, asserts)
	}
	return false
}

// startBound reports whether the anchor ^ stands in a part.
func startBound(e expr) bool {
	switch e := e.(type) {
	case atStart:
		return true
	case look:
		return startBound(e.part)
	case repeat:
		return startBound(e.part)
	case sequence:
		return slices.ContainsFunc(e.parts, startBound)
	case choice:
		return slices.ContainsFunc(e.parts, startBound)
	}
	return false
}

// widths reports whether a part can match without a character, and with one.
func widths(e expr) (empty, more bool) {
	switch e := e.(type) {
	case class:
		return false, true
	case repeat:
		empty, more = widths(e.part)
		return empty || e.min == 0, more && e.max != 0
	case sequence:
		empty = true
		for _, p := range e.parts {
			pe, pm := widths(p)
			empty, more = empty && pe, more || pm
		}
		return empty, more
	case choice:
		for _, p := range e.parts {
			pe, pm := widths(p)
			empty, more = empty || pe, more || pm
		}
		return empty, more
	}
	return true, false
}
