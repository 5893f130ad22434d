package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// needValues makes every flag that takes a value insist on one, and every
// argument on not being empty: an empty value would pass for a flag that was not
// given, and another model, another tokenizer or none would be taken without a
// word.
func needValues(app *kong.Kong) error {
	insist(app.Model.Node)
	return nil
}

// insist goes through a command and those below it. It wraps what kong has chosen
// to read each value, once that is known.
func insist(n *kong.Node) {
	var known []*kong.Flag
	for _, group := range n.AllFlags(false) {
		known = append(known, group...)
	}
	for _, f := range n.Flags {
		if !f.IsBool() {
			f.Mapper = &flagValue{flag: f, known: known, inner: f.Mapper}
		}
	}
	for _, arg := range n.Positional {
		arg.Mapper = &argument{inner: arg.Mapper}
	}
	for _, child := range n.Children {
		insist(child)
	}
}

// flagValue reads the value of a flag.
type flagValue struct {
	flag  *kong.Flag
	known []*kong.Flag // of the same command
	inner kong.Mapper
}

// Decode is called by kong.
func (m *flagValue) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	// Looked at and not taken: whoever reads the value takes it.
	t := ctx.Scan.Peek()
	if set, ok := t.Value.(flagSetting); ok {
		ctx.Scan.Pop()
		return m.decodeSetting(ctx, set, target)
	}
	text, isText := t.Value.(string)
	if tail, equals := strings.CutPrefix(text, "="); t.Type == kong.ShortFlagTailToken && equals {
		// -n=3 is -n 3, as it is for other programs.
		ctx.Scan.Pop()
		ctx.Scan.PushTyped(tail, kong.FlagValueToken)
		t, text = ctx.Scan.Peek(), tail
	}
	// Messages name the long form, however it was typed: -n says nothing to who
	// reads a log.
	name := "--" + m.flag.Name
	switch {
	case t.IsEOL():
		return &valueError{fmt.Sprintf("%s needs a value, as in %s %s", name, name, m.placeholder())}
	case t.Type == kong.UntypedToken && isText && m.isFlag(text):
		return &valueError{fmt.Sprintf("%s needs a value, and %s is a flag: write %s=%s if it is meant as the value", name, quoted(firstLine(text)), name, firstLine(text))}
	case isText && text == "":
		return &valueError{fmt.Sprintf("%s has an empty value: give one, as in %s %s, or leave the flag out", name, name, m.placeholder())}
	}
	if t.Type == kong.UntypedToken {
		// It is the value, also where it begins with a hyphen.
		ctx.Scan.Pop()
		ctx.Scan.PushTyped(t.Value, kong.FlagValueToken)
	}
	if base(target.Type()).Kind() == reflect.Map && isText {
		if err := m.pair(text); err != nil {
			return err
		}
	}
	if err := m.inner.Decode(ctx, target); err != nil {
		return m.explain(err, text, base(target.Type()))
	}
	return nil
}

// decodeSetting reads a value that was not given on the command line, as if it had
// been.
func (m *flagValue) decodeSetting(ctx *kong.DecodeContext, set flagSetting, target reflect.Value) error {
	for _, text := range set.values {
		ctx.Scan.PushTyped(text, kong.FlagValueToken)
		if err := m.Decode(ctx, target); err != nil {
			return err
		}
	}
	return nil
}

// isFlag reports whether text is how a flag of the command is written.
func (m *flagValue) isFlag(text string) bool {
	if text == "--" {
		return true // what follows it are arguments
	}
	text, _, _ = strings.Cut(text, "=")
	for _, f := range m.known {
		names := append([]string{f.Name, "no-" + f.Name}, f.Aliases...)
		for _, name := range names {
			if text == "--"+name {
				return true
			}
		}
		if f.Short != 0 && text == "-"+string(f.Short) {
			return true
		}
	}
	return false
}

// placeholder is what stands for the value in the help.
func (m *flagValue) placeholder() string {
	if m.flag.PlaceHolder != "" {
		return m.flag.PlaceHolder
	}
	return "VALUE"
}

// pair checks a name with a value.
func (m *flagValue) pair(text string) error {
	name, value, found := strings.Cut(text, "=")
	form := "--" + m.flag.Name + " " + m.placeholder()
	given := quoted(firstLine(text))
	switch {
	case !found:
		return &valueError{fmt.Sprintf("--%s is %s, which does not say what it is for: the form is %s", m.flag.Name, given, form)}
	case name == "":
		return &valueError{fmt.Sprintf("--%s is %s, with no name before the equals sign: the form is %s", m.flag.Name, given, form)}
	case value == "":
		return &valueError{fmt.Sprintf("--%s is %s, with nothing behind the equals sign: the form is %s", m.flag.Name, given, form)}
	}
	return nil
}

// explain says of a value that is no number, or no time, what is wanted.
func (m *flagValue) explain(err error, text string, want reflect.Type) error {
	var wanted string
	var number error
	kind := want.Kind()
	if kind == reflect.Slice {
		kind = want.Elem().Kind()
	}
	switch {
	case want == reflect.TypeFor[time.Duration]():
		wanted = "a time, such as 30s or 2m"
	case kind == reflect.Float32 || kind == reflect.Float64:
		wanted = "a number"
		_, number = strconv.ParseFloat(text, 64)
	case kind == reflect.Int:
		wanted = "a whole number"
		_, number = strconv.ParseInt(text, 0, strconv.IntSize)
	case kind == reflect.Uint64:
		wanted = "a whole number, 0 or more"
		_, number = strconv.ParseUint(text, 0, 64)
	default:
		return err
	}
	if want.Kind() == reflect.Slice {
		wanted += ", or several with commas between them"
	}
	// Such a number is not quoted: it is one, only too large.
	if errors.Is(number, strconv.ErrRange) {
		wanted += ", and not as large as this"
	}
	if number == nil || !errors.Is(number, strconv.ErrRange) {
		text = quoted(firstLine(text))
	}
	return &valueError{fmt.Sprintf("--%s is %s: it must be %s", m.flag.Name, text, wanted)}
}

// base is the type behind pointers.
//
// Flags whose absence means something are pointers.
func base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// argument reads an argument that is no flag. A text that may be empty is a
// pointer in the command's struct.
type argument struct{ inner kong.Mapper }

// Decode is called by kong.
func (a *argument) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if err := a.inner.Decode(ctx, target); err != nil {
		return err
	}
	empty := target.Kind() == reflect.String && target.Len() == 0
	if target.Kind() == reflect.Slice {
		for i := range target.Len() {
			empty = empty || target.Index(i).IsZero()
		}
	}
	// kong takes an empty argument for a value, and a verb would take it for none.
	if empty {
		return &valueError{argumentName(ctx.Value.Name) + " is empty: give one, or leave it out where it may be left out"}
	}
	return nil
}

// argumentName is how messages name an argument.
func argumentName(name string) string { return strings.ToUpper(name) }

// valueError is a flag or an argument with a value that it cannot have. kong puts
// how the flag is written before the text, which the text does not need.
type valueError struct{ text string }

// Error returns what is wrong.
func (e *valueError) Error() string { return e.text }
