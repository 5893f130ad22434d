package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/generate/grammar"
)

// grammarCmd is the verb grammar. It promises to judge a text as generation does: by the
// masks that it puts on the tokens of a model.
type grammarCmd struct {
	grammarFlags
	Tokenizer string `short:"t" aliases:"tokenizer-path" help:"Judge the tokens of this tokenizer: a folder with it, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it the bytes of the text are judged." placeholder:"PATH"`
	tokenizerFlags
	Verbatim bool `help:"Judge each line as it stands, in place of the canonical form of its JSON value."`
	hubFlags
	JSON bool `help:"Print a JSON object a line: what the grammar compiles to, then the number of each line of standard input and whether it fits."`
}

// Help is printed by kong above the flags.
func (*grammarCmd) Help() string {
	return `Examples:

    coreml grammar --schema schema.json < values.jsonl
    coreml grammar --schema schema.json --tokenizer HuggingFaceTB/SmolLM2-135M-Instruct < values.jsonl
    coreml grammar --regex "(yes|no)" --verbatim < lines.txt
    coreml grammar --grammar list.gbnf --verbatim < lines.txt
    coreml grammar --choice red --choice green --verbatim < lines.txt

It says on standard error what the grammar compiles to. Then, for each JSON value on standard input, one a line, it prints true or false: whether a model bound to the grammar can write the value, in the canonical form that docs/schema.md describes: one space behind each comma and colon, plain numbers, and the members of an object in the order of the schema. A keyword that is not supported is named, and the exit status is 3.`
}

// Validate is called by kong.
func (c *grammarCmd) Validate() error {
	if len(c.given()) == 0 {
		return errors.New("there is no grammar: give --schema, --regex, --grammar or --choice")
	}
	return c.check()
}

// idle implements idler.
func (c *grammarCmd) idle(given flagSet) []string {
	list := c.grammarFlags.idle(given)
	if c.Tokenizer == "" {
		list = append(list, given.without("without --tokenizer", "keep-components", "offline")...)
	}
	return list
}

// Run is called by kong.
func (c *grammarCmd) Run(ctx context.Context, s *streams) error {
	g, err := c.compile()
	nothing := errors.Is(err, grammar.ErrNothing)
	if err != nil && !nothing {
		return err
	}
	judge := &judge{g: g}
	if c.Tokenizer != "" {
		if err := c.vocabulary(ctx, s, judge); err != nil {
			return err
		}
	}
	says := "no text fits the grammar"
	if !nothing {
		rules, parts := g.Size()
		says = fmt.Sprintf("the %s compiles to an automaton (rules: %d, expressions: %d)", g.Kind(), rules, parts)
	}
	if c.JSON {
		made := compiledJSON{Empty: nothing}
		if !nothing {
			made.Grammar = g.Kind()
			made.Rules, made.Expressions = g.Size()
		}
		if err := printJSON(s.out, made); err != nil {
			return err
		}
	} else {
		note(s.err, []string{says})
	}
	return c.judge(ctx, s, judge)
}

// vocabulary gives a judge the tokenizer's tokens.
func (c *grammarCmd) vocabulary(ctx context.Context, s *streams, j *judge) error {
	dir, err := c.finder(s, false).askedTokenizer(ctx, c.Tokenizer)
	if err != nil {
		return err
	}
	tok, err := c.loadFolder(dir)
	if err != nil {
		return err
	}
	j.v, err = grammar.NewVocabulary(ctx, tok)
	return err
}

// judge prints true or false for each line of standard input.
func (c *grammarCmd) judge(ctx context.Context, s *streams, j *judge) error {
	in := &lines{file: "-"}
	number := 0
	for line := range in.all(ctx, s) {
		number++
		if !c.Verbatim {
			if strings.TrimSpace(line) == "" {
				continue
			}
			text, err := j.g.Canonical([]byte(line))
			if err != nil {
				return fmt.Errorf("line %d: %w; --verbatim takes lines that are no JSON", number, err)
			}
			line = string(text)
		}
		ok, err := j.admits(ctx, line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if c.JSON {
			err = printJSON(s.out, judgedJSON{number, ok})
		} else {
			_, err = fmt.Fprintln(s.out, ok)
		}
		if err != nil {
			return err
		}
	}
	return in.err
}

// judge says which texts a grammar takes.
type judge struct {
	g *grammar.Grammar    // nil: no text
	v *grammar.Vocabulary // nil: bytes are judged
}

func (j *judge) admits(ctx context.Context, text string) (bool, error) {
	switch {
	case j.g == nil:
		return false, nil
	case j.v == nil:
		return j.g.Match(text), nil
	}
	return j.g.Admits(ctx, j.v, text)
}
