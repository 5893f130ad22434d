package main

import (
	"bufio"
	"context"
	"encoding"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/coreml"
)

// What a shell offers for a word that is being typed comes from here: the scripts that
// the verb completion prints ask for it at each press of the key. So every shell offers
// the same, and a new flag is offered without another script.

// completeWord is the first argument of such a question. The others are the words of
// the line so far, the last of which is the one that is being typed and may be empty;
// or --line and the line itself.
const completeWord = "__complete"

const (
	// mostCandidates is the number of candidates that anybody would look through.
	mostCandidates = 1000
	// completeTime is how long somebody who presses a key may wait.
	completeTime = 2 * time.Second
)

// candidate is a word that could stand at the end of the line.
type candidate struct {
	word, about string
}

// complete writes the candidates for the end of a line, one a line, with what it is
// about behind a tab. One that ends in a slash, a colon or an equals sign goes on.
//
// It reports no errors: they would be written into the line that is being typed.
func complete(ctx context.Context, app *kong.Application, args []string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, completeTime)
	defer cancel()
	if len(args) == 2 && args[0] == "--line" {
		args = shellWords(args[1])
		if len(args) > 0 {
			args = args[1:] // the program
		}
	}
	if len(args) == 0 {
		args = []string{""}
	}
	w := bufio.NewWriter(out)
	for i, c := range candidates(ctx, app, args) {
		if i == mostCandidates {
			break
		}
		if c.about != "" {
			c.about = "\t" + c.about
		}
		_, _ = fmt.Fprintf(w, "%s%s\n", c.word, c.about)
	}
	return w.Flush()
}

// candidates are the words that could stand in the place of the last one.
func candidates(ctx context.Context, app *kong.Application, words []string) []candidate {
	line := &typedLine{app: app, node: app.Node}
	for _, word := range words[:len(words)-1] {
		line.take(word)
	}
	list := line.last(ctx, words[len(words)-1])
	// What a shell would split, or a terminal obey, is not offered.
	return slices.DeleteFunc(list, func(c candidate) bool {
		return strings.ContainsFunc(c.word, func(r rune) bool { return !unicode.IsPrint(r) })
	})
}

// typedLine is what the words of a line say of the one behind them.
type typedLine struct {
	app     *kong.Application
	node    *kong.Node // the command so far
	waiting *kong.Flag // the flag whose value comes next
	// arguments is the number of arguments that are there, and plainOnly says that
	// there are no flags any more.
	arguments int
	plainOnly bool
	given     []string
}

// take reads a word.
func (l *typedLine) take(word string) {
	switch {
	case l.waiting != nil:
		l.waiting = nil
	case l.plainOnly:
		l.arguments++
	case word == "--":
		l.plainOnly = true
	case strings.HasPrefix(word, "-") && word != "-":
		name, _, hasValue := strings.Cut(word, "=")
		flag := l.flag(name)
		if flag == nil {
			return
		}
		l.given = append(l.given, flag.Name)
		if !hasValue && !flag.IsBool() {
			l.waiting = flag
		}
	default:
		for _, child := range l.node.Children {
			if child.Type == kong.CommandNode && (child.Name == word || slices.Contains(child.Aliases, word)) {
				l.node, l.arguments = child, 0
				return
			}
		}
		l.arguments++
	}
}

// flag is the flag that a word gives, nil where there is none.
func (l *typedLine) flag(word string) *kong.Flag {
	name, isLong := strings.CutPrefix(word, "--")
	for _, group := range l.node.AllFlags(false) {
		for _, f := range group {
			long := f.Name == name || slices.Contains(f.Aliases, name) || f.Tag.Negatable != "" && "no-"+f.Name == name
			if isLong && long || !isLong && f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

// last returns the candidates for the last word.
func (l *typedLine) last(ctx context.Context, word string) []candidate {
	switch {
	case l.waiting != nil:
		return valueCandidates(ctx, l.waiting.Value, word)
	case strings.HasPrefix(word, "-") && !l.plainOnly:
		name, value, hasValue := strings.Cut(word, "=")
		if !hasValue {
			return l.flags(word)
		}
		flag := l.flag(name)
		if flag == nil {
			return nil
		}
		return prefixed(name+"=", valueCandidates(ctx, flag.Value, value))
	}
	var list []candidate
	for _, child := range l.node.Children {
		if l.arguments == 0 && child.Type == kong.CommandNode && !child.Hidden && strings.HasPrefix(child.Name, word) {
			list = append(list, candidate{child.Name, brief(child.Help)})
		}
	}
	arg := l.argument()
	switch {
	case arg == nil:
	case arg.Name == "command":
		for _, verb := range l.app.Children {
			if !verb.Hidden && strings.HasPrefix(verb.Name, word) {
				list = append(list, candidate{verb.Name, brief(verb.Help)})
			}
		}
	default:
		list = append(list, valueCandidates(ctx, arg, word)...)
	}
	return list
}

// argument is the argument that the last word is, nil where the command takes no more.
func (l *typedLine) argument() *kong.Positional {
	args := l.node.Positional
	switch {
	case l.arguments < len(args):
		return args[l.arguments]
	case len(args) > 0 && args[len(args)-1].IsCumulative():
		return args[len(args)-1]
	}
	return nil
}

// flags are the flags whose names begin as a word does: those that are given already
// are left out where once is enough.
func (l *typedLine) flags(word string) []candidate {
	var list []candidate
	for _, group := range l.node.AllFlags(true) {
		for _, f := range group {
			if slices.Contains(l.given, f.Name) && !f.IsCumulative() {
				continue
			}
			names := []string{"--" + f.Name}
			if f.Tag.Negatable != "" {
				names = append(names, "--no-"+f.Name)
			}
			for _, name := range names {
				if strings.HasPrefix(name, word) {
					list = append(list, candidate{name, brief(f.Help)})
				}
			}
		}
	}
	return list
}

// prefixed puts what is written already before each word.
func prefixed(before string, list []candidate) []candidate {
	for i := range list {
		list[i].word = before + list[i].word
	}
	return list
}

// brief is the first sentence of a help, on one line.
func brief(help string) string {
	const least, most = 25, 60
	text := plain(strings.Join(strings.Fields(help), " "))
	if first, _, found := strings.Cut(text, ". "); found {
		text = first
	}
	text = strings.TrimSuffix(text, ".")
	for _, end := range []string{"; ", ": ", ", "} {
		if first, _, found := strings.Cut(text, end); found && len(text) > most && len(first) >= least {
			text = first
		}
	}
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}

// chooser is a value that is one of some names.
type chooser interface{ choices() []string }

// choicesOf are the names that a value can be, nil where it can be anything: those of
// its type, or of its tag enum, or of its tag choices where it can be something else
// besides.
func choicesOf(v *kong.Value) []string {
	if v.Enum != "" {
		return v.EnumSlice()
	}
	t := v.Target.Type()
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if c, ok := reflect.New(t).Interface().(chooser); ok {
		return c.choices()
	}
	names := v.Tag.Get("choices")
	if name, isVar := strings.CutPrefix(names, "$"); isVar {
		names = synthVars()[name]
	}
	return strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
}

func (*engineFlag) choices() []string {
	return choiceNames(coreml.EngineAuto, coreml.EngineFramework, coreml.EnginePortable)
}

func (*arithmeticFlag) choices() []string {
	return choiceNames(coreml.ArithmeticDefault, coreml.ArithmeticFaithful, coreml.ArithmeticWide, coreml.ArithmeticFast)
}

func (*unitsFlag) choices() []string {
	return choiceNames(coreml.UnitsAll, coreml.UnitsCPUOnly, coreml.UnitsCPUAndGPU, coreml.UnitsCPUAndNeuralEngine)
}

// choiceNames are the names of values of the library.
func choiceNames(values ...encoding.TextMarshaler) []string {
	list := make([]string, 0, len(values))
	for _, v := range values {
		if text, err := v.MarshalText(); err == nil {
			list = append(list, string(text))
		}
	}
	return list
}
