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

// runPrompts answers the lines of --prompts, several at once, and prints an object for
// each in their order. A prompt that cannot be answered has an object with its error,
// and the others are answered all the same: the program fails when it is through.
func (c *generateCmd) runPrompts(ctx context.Context, s *streams) error {
	g, err := c.open(ctx, s, 0)
	if err != nil {
		return err
	}
	if !c.Quiet {
		note(s.err, c.idleWith(c.effective(g)))
	}
	return errors.Join(c.answerPrompts(ctx, g, s), g.Close())
}

// answerPrompts prints the answers.
func (c *generateCmd) answerPrompts(ctx context.Context, g *generate.Generator, s *streams) error {
	opts, err := c.options(g)
	if err != nil {
		return err
	}
	from := lines{file: c.Prompts}
	number, failed := 0, 0
	var first error
	for result, err := range g.Batch(ctx, c.prompts(g, from.all(ctx, s)), opts) {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		number++
		answer := answerOf(result)
		answer.Prompt = number
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

// prompts makes prompts of lines.
func (c *generateCmd) prompts(g *generate.Generator, lines iter.Seq[string]) iter.Seq[generate.Prompt] {
	chats := c.chats(g)
	return func(yield func(generate.Prompt) bool) {
		for line := range lines {
			var p generate.Prompt
			switch {
			case strings.TrimSpace(line) == "":
				p.Err = errEmptyPrompt
			case chats:
				p.Messages = c.messages(line)
			default:
				p.Text = line
			}
			if !yield(p) {
				return
			}
		}
	}
}
