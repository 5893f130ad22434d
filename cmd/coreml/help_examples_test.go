package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// examplesOf are the calls among the examples of a command.
func examplesOf(verb *kong.Node) [][]string {
	var list [][]string
	for _, block := range helpBlocks(verb.Detail) {
		if !block.example {
			continue
		}
		for line := range strings.Lines(block.text) {
			words := shellWords(strings.TrimSpace(line))
			// What the shell does with the output is not the call's affair.
			if end := slices.IndexFunc(words, func(w string) bool { return w == "|" || w == "<" || w == ">" }); end >= 0 {
				words = words[:end]
			}
			if words[0] == "coreml" {
				list = append(list, words[1:])
			}
		}
	}
	return list
}

// TestEveryCommandHasExamplesThatAreRight parses the examples of the help, for the
// commands that are still to come, too.
func TestEveryCommandHasExamplesThatAreRight(t *testing.T) {
	for _, verb := range verbsOf() {
		examples := examplesOf(verb)
		if len(examples) == 0 {
			t.Errorf("the help of %s has no examples: a line of its own, Examples:, and indented calls below it", verb.Name)
		}
		for _, args := range examples {
			if args[0] != verb.Name {
				t.Errorf("an example of %s is one of %s", verb.Name, args[0])
			}
			var c cli
			parser, err := kong.New(&c, kong.Vars(synthVars()), kong.PostBuild(needValues), kong.WithHyphenPrefixedParameters(true))
			if err != nil {
				t.Fatal(err)
			}
			_, err = parser.Parse(args)
			if _, refused := errors.AsType[*refusal](err); err != nil && !refused {
				t.Errorf("coreml %s: %v", strings.Join(args, " "), err)
			}
		}
	}
}

// TestHelpReadsWell holds the style of the help: a sentence for each command, flag and
// argument, and a placeholder for each value.
func TestHelpReadsWell(t *testing.T) {
	for _, verb := range verbsOf() {
		list := append(slices.Clone(verb.Positional), &kong.Value{Name: "itself", Help: verb.Help})
		for _, f := range verbFlags(verb) {
			list = append(list, f.Value)
			if !f.IsBool() && f.PlaceHolder == "" {
				t.Errorf("--%s of %s has no placeholder", f.Name, verb.Name)
			}
		}
		for _, v := range list {
			if !strings.HasSuffix(v.Help, ".") || v.Help == "" {
				t.Errorf("%s of %s: the help is no sentence: %q", v.Name, verb.Name, v.Help)
			}
		}
	}
}

// freeNames are flags with a placeholder NAME that is not one of a few names.
var freeNames = []string{"function", "template", "prompt", "label", "only", "clear"}

// TestNamesOfFlagsAreCompleted keeps a flag that takes one of a few names from being
// added without them.
func TestNamesOfFlagsAreCompleted(t *testing.T) {
	for _, verb := range verbsOf() {
		for _, f := range verbFlags(verb) {
			if f.PlaceHolder == "NAME" && len(choicesOf(f.Value)) == 0 && !slices.Contains(freeNames, f.Name) {
				t.Errorf("--%s of %s takes a name, and nothing says which: a tag enum or choices, a type with choices, or freeNames", f.Name, verb.Name)
			}
			for _, name := range choicesOf(f.Value) {
				if err := tryValue(f, flagSetting{values: []string{name}}); err != nil {
					t.Errorf("--%s of %s offers %s: %v", f.Name, verb.Name, name, err)
				}
			}
		}
	}
}

// TestEveryFlagHasAVariableOfItsOwn keeps variables of flags apart from those that
// the program, or its tests, read for something else.
func TestEveryFlagHasAVariableOfItsOwn(t *testing.T) {
	taken := otherVariables(t)
	names := map[string]string{}
	for _, verb := range verbsOf() {
		for _, f := range verbFlags(verb) {
			name := variable(f.Name)
			if slices.Contains(taken, name) {
				t.Errorf("%s of --%s is read for something else", name, f.Name)
			}
			if name == "" && f.Name != "engine" && f.Name != "config" {
				t.Errorf("--%s has no variable", f.Name)
			}
			if other, ok := names[name]; ok && other != f.Name && name != "" {
				t.Errorf("--%s and --%s have one variable", f.Name, other)
			}
			names[name] = f.Name
		}
	}
	for _, want := range []string{"COREML_CPU", "COREML_ENGINE", "COREML_FIXTURES"} {
		if !slices.Contains(taken, want) {
			t.Errorf("%s was not found in the sources", want)
		}
	}
}

// readsVariable finds where a source reads a variable.
var readsVariable = regexp.MustCompile(`(?:Getenv|LookupEnv|Setenv)\("(COREML_[A-Z_]+)"|Env\w* *= *"(COREML_[A-Z_]+)"`)
