package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/generate"
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
		if step.Flag != nil {
			given[step.Flag.Name] = true
		}
	}
	note(w, verb.idle(given))
}

// note writes lines that keep nothing from going on.
func note(w io.Writer, lines []string) {
	for _, line := range lines {
		_, _ = fmt.Fprintf(w, "coreml: %s\n", line) // who cannot be told is not kept waiting either
	}
}

// The tokenizer is not even looked for without a text, so that one which does not
// exist would pass unseen.
func (c *benchCmd) idle(given flagSet) []string {
	var list []string
	if c.Perplexity == "" {
		list = given.without("without --perplexity, the only measure of a text", "tokenizer")
	}
	if len(c.decode) == 0 {
		list = append(list, given.without("with --decode none", "tokens")...)
	}
	return list
}

// Both flags would be missed: --json by who waits for an object on standard output,
// --compute-units by who measures what a device does.
func (p *predictCmd) idle(given flagSet) []string {
	switch {
	case p.Stdio:
		return given.without("with --stdio: each load request names its own compute_units", "compute-units")
	case p.Output != "":
		return given.without("with --output: the outputs go to the file, which the ending of its name gives its form", "json")
	}
	return nil
}

func (c *tokenizeCmd) idle(given flagSet) []string {
	switch {
	case c.Stdio:
		return given.without("with --stdio: requests and replies have one form", "json", "no-special")
	case c.Chat != "":
		return given.without("with --chat: the template writes the special tokens", "no-special")
	}
	return nil
}

func (c *verifyCmd) idle(given flagSet) []string {
	if len(c.IDs) > 0 {
		return given.without("with --ids, which are tokens already", "tokenizer")
	}
	return nil
}

func (c *inspectCmd) idle(given flagSet) []string {
	if c.MIL {
		return given.without("with --mil: the program is printed as the package has it", "compute-units", "engine", "arithmetic", "threads")
	}
	return nil
}

// idleWith returns a sentence for each sampling flag that changes nothing because s,
// what the flags and the model's own settings come to, takes the likeliest token.
// It is known only when the model has been opened.
func (f *samplingFlags) idleWith(s *generate.Sampling) []string {
	if s != nil && s.Temperature > 0 {
		return nil
	}
	given := flagSet{"seed": f.Seed != nil, "top-k": on(f.TopK), "top-p": on(f.TopP), "min-p": on(f.MinP)}
	return given.without("where the likeliest token is taken: give a --temperature above 0", "seed", "top-k", "top-p", "min-p")
}

// on reports whether a flag that 0 turns off is given and is not turned off.
func on[T int | float64](v *T) bool { return v != nil && *v != 0 }
