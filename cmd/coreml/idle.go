package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// A flag that has no effect beside the others is told of and not refused: the
// call does what it says all the same, and scripts give one set of flags to calls
// of several kinds. What contradicts another flag is refused by the verb.

// idler is a verb some of whose flags have no effect in some calls.
type idler interface {
	// idle returns a sentence for each of these. given holds the names of the flags
	// of the call: a flag at its default is nobody's mistake.
	idle(given flagSet) []string
}

// flagSet are the names of flags, without hyphens.
type flagSet map[string]bool

// without returns the sentence for each flag that is given, which says in what
// circumstance it has no effect.
func (s flagSet) without(circumstance string, flags ...string) []string {
	var list []string
	for _, name := range flags {
		if s[name] {
			list = append(list, fmt.Sprintf("--%s has no effect %s", name, circumstance))
		}
	}
	return list
}

// tellIdle writes a line for each flag of a call that has no effect.
func tellIdle(w io.Writer, call *kong.Context) {
	verb, ok := call.Selected().Target.Addr().Interface().(idler)
	if !ok {
		return
	}
	given := flagSet{}
	for _, step := range call.Path {
		// What is set for all calls is no mistake of this one.
		if step.Flag != nil && !step.Resolved {
			given[step.Flag.Name] = true
		}
	}
	note(w, verb.idle(given))
}

// note writes lines that keep nothing from going on.
func note(w io.Writer, lines []string) {
	for _, line := range lines {
		_, _ = io.WriteString(w, told(w, line)) // who cannot be told is not kept waiting either
	}
}
