package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/internal/storage"
)

// The flags that say which texts an answer may be. generate holds the model to them, and
// grammar judges texts by them.

// grammarFlags have one grammar in one of four forms.
type grammarFlags struct {
	Schema  string   `help:"Answer with JSON that fits the JSON schema in this file, in its canonical form (docs/schema.md)." placeholder:"FILE"`
	Narrow  bool     `help:"With --schema: allow less than keywords do that no automaton decides, such as uniqueItems, in place of refusing them."`
	Regex   *string  `help:"Answer with a text that this regular expression matches as a whole." placeholder:"R"`
	Grammar string   `help:"Answer with a text of the grammar in this file, in llama.cpp's form GBNF." placeholder:"FILE"`
	Choice  []string `sep:"none" help:"Answer with this text, or with another one of this flag, which may be repeated." placeholder:"TEXT"`
}

// maxGrammarFile is the largest file of a grammar or a schema that is read.
const maxGrammarFile = 16 << 20

// given returns the flags that were given.
func (f *grammarFlags) given() (flags []string) {
	for _, g := range []struct {
		flag string
		is   bool
	}{
		{"--schema", f.Schema != ""}, {"--regex", f.Regex != nil}, {"--grammar", f.Grammar != ""}, {"--choice", len(f.Choice) > 0},
	} {
		if g.is {
			flags = append(flags, g.flag)
		}
	}
	return flags
}

// bound returns the flag that says what an answer may be, empty for none.
func (f *grammarFlags) bound() string {
	if given := f.given(); len(given) > 0 {
		return given[0]
	}
	return ""
}

// idle is told of the flags that have no effect.
func (f *grammarFlags) idle(given flagSet) []string {
	if f.Schema == "" {
		return given.without("without --schema", "narrow")
	}
	return nil
}

// check refuses more than one of the forms.
func (f *grammarFlags) check() error {
	if given := f.given(); len(given) > 1 {
		return fmt.Errorf("%s and %s are two grammars: an answer has one", given[0], given[1])
	}
	return nil
}

// compile returns the grammar, nil where none of the flags is given.
func (f *grammarFlags) compile() (g *grammar.Grammar, err error) {
	var text []byte
	flag, file := f.bound(), ""
	switch flag {
	case "":
		return nil, nil
	case "--schema":
		file = f.Schema
	case "--grammar":
		file = f.Grammar
	}
	if file != "" {
		if text, err = readGrammar(file); err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		file = " " + quoted(file)
	}
	switch flag {
	case "--schema":
		g, err = grammar.JSONSchema(text, &grammar.SchemaOptions{Narrow: f.Narrow})
	case "--regex":
		g, err = grammar.Regex(*f.Regex)
	case "--grammar":
		g, err = grammar.GBNF(string(text))
	default:
		g, err = grammar.Choice(f.Choice...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", flag, file, &grammarError{err, flag[2:]})
	}
	return g, nil
}

// grammarError is an error about a grammar, without the kind of grammar that the library
// begins it with: the flag or the key before it says that already.
type grammarError struct {
	error
	kind string
}

// Error returns what is wrong.
func (e *grammarError) Error() string { return strings.TrimPrefix(e.error.Error(), e.kind+": ") }

// Unwrap returns the library's error.
func (e *grammarError) Unwrap() error { return e.error }

// readGrammar reads the file of a grammar.
func readGrammar(name string) ([]byte, error) {
	f, err := storage.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxGrammarFile+1))
	if err = errors.Join(err, f.Close()); err == nil && len(text) > maxGrammarFile {
		err = fmt.Errorf("a grammar has at most %d bytes", maxGrammarFile)
	}
	return text, err
}

// unsupportedSchema reports whether an error is of a schema that is right and outside of
// what is supported.
func unsupportedSchema(err error) bool {
	e, ok := errors.AsType[*grammar.SchemaError](err)
	return ok && e.Unsupported
}
