package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/internal/storage"
)

// manCmd is the verb man. It promises pages that say what the help says, made of the
// same texts.
type manCmd struct {
	Command string `arg:"" optional:"" help:"The page of this command; without it that of coreml."`
	Dir     string `help:"Write all pages into this folder, which is made where it is missing, in place of printing one." placeholder:"DIR"`
}

// Help is printed by kong above the flags.
func (*manCmd) Help() string {
	return `The pages are written for man(1): coreml.1, and one for each command, such as coreml-generate.1. A folder that man looks into, such as /usr/local/share/man/man1, takes them. Pages that are there are replaced.

Examples:

    coreml man | man -l -
    coreml man generate > coreml-generate.1
    coreml man --dir ~/.local/share/man/man1`
}

// Run is called by kong.
func (c *manCmd) Run(ctx context.Context, s *streams, call *kong.Context) error {
	verbs := slices.DeleteFunc(slices.Clone(call.Model.Children), func(n *kong.Node) bool { return n.Hidden })
	switch {
	case c.Dir != "" && c.Command != "":
		return usagef("--dir writes the pages of all commands: leave %s out", quoted(firstLine(c.Command)))
	case c.Dir != "":
		return c.write(ctx, s, call.Model, verbs)
	case c.Command == "":
		_, err := io.WriteString(s.raw, manPage(call.Model, nil))
		return err
	}
	for _, verb := range verbs {
		if verb.Name == c.Command || slices.Contains(verb.Aliases, c.Command) {
			_, err := io.WriteString(s.raw, manPage(call.Model, verb))
			return err
		}
	}
	names := make([]string, len(verbs))
	for i, verb := range verbs {
		names[i] = verb.Name
	}
	return noCommand(firstLine(c.Command), names)
}

// write writes all pages.
func (c *manCmd) write(ctx context.Context, s *streams, app *kong.Application, verbs []*kong.Node) error {
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	for _, verb := range append([]*kong.Node{nil}, verbs...) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := storage.WriteFile(ctx, filepath.Join(c.Dir, manName(verb)+".1"), func(w io.Writer) error {
			_, err := io.WriteString(w, manPage(app, verb))
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(s.err, "%s in %s\n", counted(len(verbs)+1, "page"), plain(c.Dir))
	return err
}

// manName is the name of a page.
func manName(verb *kong.Node) string {
	if verb == nil {
		return "coreml"
	}
	return "coreml-" + verb.Name
}
