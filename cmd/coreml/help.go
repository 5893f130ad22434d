package main

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// mostHelpWidth is the width above which lines of help are hard to read.
const mostHelpWidth = 100

// helpOptions puts the flags behind the examples: these answer most questions.
func helpOptions() kong.HelpOptions {
	return kong.HelpOptions{Compact: true, WrapUpperBound: mostHelpWidth, FlagsLast: true}
}

// aboutCommand is the head of coreml --help.
const aboutCommand = `Run Core ML language models anywhere.

Examples:

    coreml generate "Once upon a time"
    coreml generate --model Model.mlpackage "Why is the sky blue?"
    coreml chat org/name
    coreml serve --model org/name
    coreml convert org/name out/Model.mlpackage --quantize int4
    coreml inspect Model.mlpackage
    coreml bench Model.mlpackage

Text goes to standard output, everything else to standard error. The exit status is 0 when all went well, 1 after an error or when a comparison failed, 2 when the call is wrong, 3 when a JSON schema has a keyword that is not supported, and 130 when it was interrupted.

Every flag can be set by a variable, as COREML_MAX_TOKENS sets --max-tokens, and in a file: coreml config shows what is set and how. COREML_ENGINE=portable chooses the engine where --engine does not.`

// helpText is the help of a flag or an argument with its default, where there is
// one and the text does not say it itself.
func helpText(v *kong.Value) string {
	if v.IsBool() || v.Default == "" || v.Default == "default" {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (default " + v.Default + ")."
}

// callError makes the error of a call that kong could not read. It names the
// help of the verb that was called.
//
// kong's own words speak of its types and of positions; each kind of mistake gets a
// sentence that says what to type. Texts are told apart by how they begin, since
// kong has no types for them; TestWrongCalls and the golden files notice when a new
// version words them otherwise.
func callError(err error) error {
	var refused *refusal
	var set *settingsError
	var output *fs.PathError
	switch {
	case errors.As(err, &refused):
		return refused.error
	case errors.As(err, &set):
		return set.error
	case isBrokenPipe(err), errors.As(err, &output) && output.Op == "write":
		return err // help could not be printed
	}
	text, verb, example := err.Error(), "", ""
	var value *valueError
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			verb, example = node.Name, firstExample(node)
			// Validate is prefixed with its verb, which the user has just typed.
			text = strings.TrimPrefix(text, verb+": ")
		}
	}
	if errors.As(err, &value) {
		text = value.text
	}
	if flag, got, found := strings.Cut(text, ": bool value must be true, 1, yes, false, 0 or no but got "); found {
		text = flag + " is " + got + ": it must be true or false, or stand without a value"
	}
	missing, lacks := strings.CutPrefix(text, "expected \"<")
	word, surplus := strings.CutPrefix(text, "unexpected argument ")
	switch {
	case lacks:
		missing, _, _ = strings.Cut(missing, ">")
		text = verb + " needs a " + argumentName(missing) + example
	// By far the most frequent mistake: a prompt without quotes.
	case surplus && verb == "generate":
		return usagef("there are too many arguments, from %s on: put the prompt in quotes, as in coreml generate \"Once upon a time\"", quoted(firstLine(word)))
	case surplus && verb == "":
		word, _, _ = strings.Cut(word, ", did you mean")
		return noCommand(firstLine(strings.Trim(word, `"`)), verbs(parse))
	case surplus:
		text = "too many arguments: " + quoted(firstLine(word)) + " is one that " + verb + " does not take"
	}
	return usagef("%s (see %s --help)", text, strings.TrimSpace("coreml "+verb))
}

// noCommand names the command that was probably meant, or else all of them.
func noCommand(word string, verbs []string) error {
	if near := meant(word, verbs); near != "" {
		return usagef("there is no command %s (did you mean coreml %s?); coreml --help lists them", quoted(word), near)
	}
	return usagef("there is no command %s: the commands are %s (see coreml --help)", quoted(word), strings.Join(verbs, ", "))
}

// firstExample is the first example of a command's help, as the end of a
// sentence; nothing where it has none.
func firstExample(node *kong.Node) string {
	for line := range strings.Lines(node.Detail) {
		if call := strings.TrimSpace(line); strings.HasPrefix(call, "coreml "+node.Name+" ") {
			return ", as in " + call
		}
	}
	return ""
}

// verbs are the names of the commands.
//
// Sorted, for who looks for one.
func verbs(parse *kong.ParseError) []string {
	var list []string
	if parse != nil {
		for _, node := range parse.Context.Model.Leaves(true) {
			list = append(list, node.Name)
		}
	}
	slices.Sort(list)
	return list
}
