package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// errEmptyPrompt is the error of a line without a prompt.
var errEmptyPrompt = errors.New("the prompt is empty: there is nothing to continue or to answer")

// runPrompts answers the lines of --prompts or --requests, several at once, and prints an object for
// each in their order. A prompt that cannot be answered has an object with its error,
// and the others are answered all the same: the program fails when it is through.
func (c *generateCmd) runPrompts(ctx context.Context, s *streams) error {
	g, err := c.open(ctx, s, 0)
	if err != nil {
		return err
	}
	if !c.Quiet {
		note(s.err, c.idleWith(c.effective(g.Generator)))
	}
	return errors.Join(c.answerPrompts(ctx, g.Generator, s), g.Close())
}

// answerPrompts prints the answers.
func (c *generateCmd) answerPrompts(ctx context.Context, g *generate.Generator, s *streams) error {
	opts, err := c.options(g)
	if err != nil {
		return err
	}
	from, read := lines{file: c.Prompts}, promptReader(c.plainPrompts(g))
	requests := &requestReader{c: c, g: g, base: opts}
	if c.Requests != "" {
		from.file, read = c.Requests, requests.read
	}
	number, failed := 0, 0
	var first error
	for result, err := range g.Batch(ctx, prompts(ctx, from.all(ctx, s), read), opts) {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		number++
		answer := answerOf(result)
		answer.Prompt, answer.ID = number, requests.id()
		if err != nil {
			err = c.blame(err)
			answer.Error = err.Error()
			if failed++; first == nil {
				first = fmt.Errorf("prompt %d: %w", number, err)
			}
		}
		if err := printJSON(s.out, answer); err != nil {
			return err
		}
	}
	if from.err != nil {
		return from.err
	}
	if failed > 1 {
		return fmt.Errorf("%d of %d prompts have no whole answer; %w", failed, number, first)
	}
	return first
}

// promptReader makes a prompt of a line.
type promptReader func(ctx context.Context, line string) generate.Prompt

// prompts makes prompts of lines.
func prompts(ctx context.Context, lines iter.Seq[string], read promptReader) iter.Seq[generate.Prompt] {
	return func(yield func(generate.Prompt) bool) {
		for line := range lines {
			if !yield(read(ctx, line)) {
				return
			}
		}
	}
}

// plainPrompts takes a line for a prompt.
func (c *generateCmd) plainPrompts(g *generate.Generator) promptReader {
	chats := c.chats(g)
	return func(_ context.Context, line string) (p generate.Prompt) {
		switch {
		case strings.TrimSpace(line) == "":
			p.Err = errEmptyPrompt
		case chats:
			p.Messages = c.messages(line)
		default:
			p.Text = line
		}
		return p
	}
}
