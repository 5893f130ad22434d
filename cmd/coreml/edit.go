package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gocoreml/coreml/internal/edit"
)

// editCmd is the verb edit. It promises a package that computes the same and says
// something else of itself, or has other functions. Nothing that exists is overwritten.
type editCmd struct {
	In  string `arg:"" name:"package" help:"The package to begin with."`
	Out string `arg:"" name:"out" help:"The package to make; nothing may lie there yet."`

	Description  *string           `help:"What the package is for." placeholder:"TEXT"`
	Author       *string           `help:"Who made it." placeholder:"TEXT"`
	License      *string           `help:"Under which licence." placeholder:"TEXT"`
	ModelVersion *string           `help:"Its version." placeholder:"TEXT"`
	Clear        []string          `help:"Remove the text: description, author, license, model-version, or the name of a metadata entry." placeholder:"NAME"`
	Metadata     map[string]string `mapsep:"none" help:"Set an entry of the metadata." placeholder:"NAME=TEXT"`
	Feature      map[string]string `mapsep:"none" help:"Describe an input, an output or a state." placeholder:"NAME=TEXT"`

	Merge           []string          `sep:"none" help:"Add a function of another package under this name: its default one, or that behind a colon." placeholder:"NAME=PACKAGE[:FUNCTION]"`
	RenameFunction  map[string]string `mapsep:"none" help:"Give a function another name." placeholder:"OLD=NEW"`
	Only            []string          `help:"Keep this function and remove the others; may be given several times." placeholder:"FUNCTION"`
	DefaultFunction string            `help:"The function that is used when none is asked for." placeholder:"FUNCTION"`
	JSON            bool              `help:"Print what was made as one JSON object."`
	Quiet           bool              `short:"q" help:"Do not tell what was made."`
}

// Help is printed by kong above the flags.
func (*editCmd) Help() string {
	return `Functions are merged, then renamed, then chosen. Weights that are equal are stored once. A package that is left with one function has it as main.

Examples:

    coreml edit Model.mlpackage New.mlpackage --author "A. Writer" --metadata tokenizer=org/name
    coreml edit Base.mlpackage Both.mlpackage --merge poems=Poems.mlpackage --rename-function main=base
    coreml edit Both.mlpackage Poems.mlpackage --only poems`
}

// changes reads what the flags say.
func (c *editCmd) changes() (*edit.Edit, error) {
	e := &edit.Edit{
		Rename: c.RenameFunction, Only: c.Only, Default: c.DefaultFunction,
		Description: c.Description, Author: c.Author, License: c.License, Version: c.ModelVersion,
		Metadata: map[string]*string{}, Features: c.Feature,
	}
	for name, text := range c.Metadata {
		e.Metadata[name] = &text
	}
	fixed := map[string]**string{"description": &e.Description, "author": &e.Author, "license": &e.License, "model-version": &e.Version}
	for _, name := range c.Clear {
		to, isFixed := fixed[name]
		_, isSet := c.Metadata[name]
		if isSet || isFixed && *to != nil {
			return nil, usagef("%s is both set and cleared", quoted(name))
		}
		if isFixed {
			*to = new("")
		} else {
			e.Metadata[name] = nil
		}
	}
	for _, text := range c.Merge {
		name, source, ok := strings.Cut(text, "=")
		if !ok || name == "" || source == "" {
			return nil, usagef("--merge is %s: the form is --merge NAME=PACKAGE[:FUNCTION]", quoted(text))
		}
		m := edit.Merge{Name: name, Package: source}
		// A colon may be part of a path: what is behind the last one is a function if the
		// path ends before it.
		if at := strings.LastIndex(source, ".mlpackage:"); at >= 0 {
			at += len(".mlpackage")
			m.Package, m.Function = source[:at], source[at+1:]
		}
		e.Merge = append(e.Merge, m)
	}
	return e, nil
}

// Run is called by kong.
func (c *editCmd) Run(ctx context.Context, s *streams) error {
	e, err := c.changes()
	if err != nil {
		return err
	}
	in, err := packagePath(c.In)
	if err != nil {
		return err
	}
	for i := range e.Merge {
		if e.Merge[i].Package, err = packagePath(e.Merge[i].Package); err != nil {
			return err
		}
	}
	if err := inFolder(c.Out, func() error { return edit.Apply(ctx, in, c.Out, e) }); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s exists, and nothing is overwritten%w", quoted(c.Out), silent{err})
		}
		return fmt.Errorf("edit %s: %w", plain(c.In), err)
	}
	if c.Quiet && !c.JSON {
		return nil
	}
	size, err := folderSize(c.Out)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, madeJSON{c.Out, size})
	}
	_, err = fmt.Fprintf(s.err, "%s: %s\n", plain(c.Out), bytesText(size))
	return err
}
