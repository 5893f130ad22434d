package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/internal/storage"
)

// grammarFlags say which texts an answer may be. Verbs that bind one embed them.
type grammarFlags struct {
	Schema  string   `help:"The JSON values that the JSON schema in FILE allows, in its canonical form." placeholder:"FILE"`
	Narrow  bool     `help:"With --schema: allow less than keywords do that no automaton decides, such as uniqueItems, in place of refusing them."`
	Regex   *string  `help:"The texts that match the regular expression as a whole." placeholder:"REGEX"`
	Grammar string   `help:"The texts of the grammar in FILE, which is one of llama.cpp's (GBNF)." placeholder:"FILE"`
	Choice  []string `help:"This text. May be repeated: one of them." placeholder:"TEXT" sep:"none"`
}

// given lists the flags that ask for a grammar.
func (f *grammarFlags) given() (flags []string) {
	for _, flag := range []struct {
		name  string
		given bool
	}{{"--schema", f.Schema != ""}, {"--regex", f.Regex != nil}, {"--grammar", f.Grammar != ""}, {"--choice", len(f.Choice) > 0}} {
		if flag.given {
			flags = append(flags, flag.name)
		}
	}
	return flags
}

// check refuses flags that ask for two grammars.
func (f *grammarFlags) check() error {
	if list := f.given(); len(list) > 1 {
		return fmt.Errorf("%s and %s exclude each other", list[0], list[1])
	}
	return nil
}

// make compiles what the flags ask for, which is something.
func (f *grammarFlags) make(ctx context.Context) (*grammar.Grammar, error) {
	switch {
	case f.Schema != "":
		text, err := readGrammarFile(ctx, f.Schema)
		if err != nil {
			return nil, err
		}
		g, err := grammar.JSONSchema(text, &grammar.SchemaOptions{Narrow: f.Narrow})
		return g, of(f.Schema, err)
	case f.Grammar != "":
		text, err := readGrammarFile(ctx, f.Grammar)
		if err != nil {
			return nil, err
		}
		g, err := grammar.GBNF(string(text))
		return g, of(f.Grammar, err)
	case f.Regex != nil:
		return grammar.Regex(*f.Regex)
	}
	return grammar.Choice(f.Choice...)
}

// of names the file that an error is about.
func of(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", file, err)
}

// maxGrammar bounds the file of a schema or a grammar.
const maxGrammar = 8 << 20

// readGrammarFile reads a schema or a grammar.
func readGrammarFile(ctx context.Context, file string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return storage.ReadSmall(os.DirFS(filepath.Dir(file)), filepath.Base(file), maxGrammar)
}

// isUnsupported reports whether an error is of a schema outside of the subset that is
// compiled.
func isUnsupported(err error) bool {
	e, ok := errors.AsType[*grammar.SchemaError](err)
	return ok && e.Unsupported
}
