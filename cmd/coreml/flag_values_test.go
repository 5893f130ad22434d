package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// valueFlags are the flags of all commands that take a value, by command.
func valueFlags(t *testing.T) map[string][]*kong.Flag {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Vars(synthVars()))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string][]*kong.Flag{}
	for _, node := range parser.Model.Leaves(true) {
		for _, f := range node.Flags {
			if !f.IsBool() {
				flags[node.Name] = append(flags[node.Name], f)
			}
		}
	}
	return flags
}

// TestEveryFlagInsistsOnItsValue holds for the flags that are still to come too:
// without its value a flag must not pass for one that was not given.
func TestEveryFlagInsistsOnItsValue(t *testing.T) {
	arguments := map[string][]string{
		"generate": {"x"}, "embed": {"x"}, "inspect": {model}, "check": {story}, "bench": {model}, "synth": {"x"}, "tokenize": {"x"}, "predict": {model}, "verify": {model},
	}
	n, seen := 0, map[string]bool{}
	for verb, flags := range valueFlags(t) {
		for _, f := range flags {
			forms := []string{"--" + f.Name}
			for _, alias := range f.Aliases {
				forms = append(forms, "--"+alias)
			}
			if f.Short != 0 {
				forms = append(forms, "-"+string(f.Short))
			}
			before := append([]string{verb}, arguments[verb]...)
			for i, form := range forms {
				n++
				calls := []struct {
					args []string
					want string
				}{
					{[]string{form}, "--" + f.Name + " needs a value, as in --" + f.Name + " "},
					{[]string{form, ""}, "--" + f.Name + " has an empty value"},
					{[]string{form, "--" + f.Name}, "--" + f.Name + " needs a value, and "},
					{[]string{form, "--help=x"}, "--" + f.Name + " needs a value, and "},
					{[]string{form, "--"}, "--" + f.Name + " needs a value, and "},
					{[]string{form + "="}, "--" + f.Name + " has an empty value"},
				}
				// All of them with a flag of each name; what several commands share, and other
				// spellings, are read by the same code.
				if seen[f.Name] || i > 0 {
					calls = calls[:2]
				}
				for _, c := range calls {
					r := call(t, append(before[:len(before):len(before)], c.args...)...)
					if r.status != exitUsage || r.out != "" || !strings.HasPrefix(r.err, "coreml: "+c.want) || !strings.Contains(r.err, "(see coreml "+verb+" --help)") {
						t.Errorf("%s %q: status %d, %q %q", verb, c.args, r.status, r.out, r.err)
					}
				}
			}
			seen[f.Name] = true
		}
	}
	if n < 50 {
		t.Errorf("%d ways to write flags were tried", n)
	}
}

func TestEmptyArgumentsAreRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"verify", ""}, "MODEL is empty"},
		{[]string{"verify", model, ""}, "PROMPT is empty"},
		{[]string{"inspect", ""}, "MODEL is empty"},
		{[]string{"bench", ""}, "MODEL is empty"},
		{[]string{"predict", ""}, "MODEL is empty"},
		{[]string{"check", story, ""}, "DIR is empty"},
		{[]string{"synth", ""}, "PACKAGE is empty"},
		{[]string{"generate", "x", ""}, "PACKAGE is empty"},
		{[]string{"generate", ""}, "the prompt is empty"},
	} {
		r := call(t, c.args...)
		r.want(t, exitUsage, "", c.want)
		if r.out != "" {
			t.Errorf("%q wrote %q", c.args, r.out)
		}
	}
	// An empty text has no tokens; standard input is not read for it.
	if r := callWith(t, "Once", "tokenize", "--no-special", ""); r.status != exitOK || r.out != "" {
		t.Errorf("an empty text: status %d, %q, %q", r.status, r.out, r.err)
	}
}

func TestValuesOfTheWrongFormGetPlainWords(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"generate", "x", "--temperature", "foo"}, `--temperature is "foo": it must be a number (`},
		{[]string{"generate", "x", "--temperature", "1e999"}, `--temperature is 1e999: it must be a number, and not as large as this`},
		{[]string{"generate", "x", "--seed", "-1"}, `--seed is "-1": it must be a whole number, 0 or more (`},
		{[]string{"generate", "x", "--seed", "99999999999999999999"}, `--seed is 99999999999999999999: it must be a whole number, 0 or more, and not`},
		{[]string{"generate", "x", "-n", "1.5"}, `--max-tokens is "1.5": it must be a whole number (`},
		{[]string{"generate", "x", "--top-k", "many"}, `--top-k is "many": it must be a whole number (`},
		{[]string{"verify", "--ids", "1,a"}, `--ids is "1,a": it must be a whole number, or several with commas`},
		{[]string{"generate", "x", "--json=maybe"}, `--json is "maybe": it must be true or false, or stand without a value (`},
		{[]string{"synth", "x", "--tied="}, `--tied is "": it must be true or false`},
		{[]string{"predict", model, "--timeout", "soon"}, `--timeout is "soon": it must be a time, such as 30s or 2m (`},
		{[]string{"predict", model, "-i", "im.png"}, `--input is "im.png", which does not say what it is for: the form is --input NAME=FILE (`},
		{[]string{"predict", model, "-i", "image="}, `--input is "image=", with nothing behind the equals sign: the form is --input NAME=FILE (`},
		{[]string{"predict", model, "-i", "=im.png"}, `--input is "=im.png", with no name before the equals sign: the form is --input NAME=FILE (`},
	} {
		r := call(t, c.args...)
		r.want(t, exitUsage, "", "coreml: "+c.want)
	}
	for _, args := range [][]string{{"-n=1", "-q"}, {"-n1", "-q"}, {"-qn=1"}, {"-qn", "1"}} {
		call(t, append([]string{"generate", "x"}, args...)...).want(t, exitOK, "", "")
	}
	// What looks like a flag is a value where it is no flag of the command, or
	// written with =.
	call(t, "generate", "x", "--stop=--json", "-n", "1", "-q").want(t, exitOK, "", "")
	call(t, "generate", "x", "--stop", "---", "-n", "1", "-q").want(t, exitOK, "", "")
}
