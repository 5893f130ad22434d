package main

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/generate"
)

// Several answers to a prompt, and what leads answers away from another prompt.

// guidanceFlags ask for classifier-free guidance.
type guidanceFlags struct {
	GuidanceScale  *float64 `help:"Lead the answer away from the negative prompt, above 1, or towards it, below; 1 is off. Takes twice the time and a second state." placeholder:"X"`
	NegativePrompt *string  `help:"The negative prompt, through the chat template as the prompt is; without it the last token of the prompt." placeholder:"TEXT"`
}

// check refuses a prompt that nothing is led away from.
func (f *guidanceFlags) check() error {
	if f.NegativePrompt != nil && f.GuidanceScale == nil {
		return fmt.Errorf("--negative-prompt needs a --guidance-scale, such as 1.5")
	}
	return nil
}

// guidance is what the flags ask for; nil is none.
func (f *guidanceFlags) guidance(c *generateCmd, g *generate.Generator) *generate.Guidance {
	if f.GuidanceScale == nil {
		return nil
	}
	guide := &generate.Guidance{Scale: *f.GuidanceScale}
	switch {
	case f.NegativePrompt == nil:
	case c.chats(g):
		guide.Negative = &generate.Prompt{Messages: c.messages(*f.NegativePrompt)}
	default:
		guide.Negative = &generate.Prompt{Text: *f.NegativePrompt}
	}
	return guide
}

// guides reports whether a scale leads an answer anywhere.
func guides(scale *float64) bool { return scale != nil && *scale != 1 }

// searchFlags ask for several answers, or for a search of the likeliest ones.
type searchFlags struct {
	Answers       int      `help:"Give so many answers to the prompt, which is read once; needs --json, which prints an object for each. The seeds follow each other." placeholder:"N"`
	Beams         int      `help:"Look for the likeliest answer by beam search with so many beams, in place of choosing token by token; with --answers print that many of the best." placeholder:"N"`
	LengthPenalty *float64 `help:"With --beams: divide sums of log-probabilities by the length to this power; 1 without it." placeholder:"X"`
	EarlyStopping string   `choices:"unlikely,first,never" help:"With --beams: when to end: unlikely (nothing better is likely to come), first (as many answers as beams) or never (nothing better can come)." placeholder:"NAME"`
}

// searches reports whether there is more than one plain answer.
func (f *searchFlags) searches() bool { return f.Answers != 0 || f.Beams != 0 }

// check refuses numbers that are none.
func (f *searchFlags) check() error {
	if f.Answers < 0 {
		return atLeast("--answers", f.Answers, 1, "")
	}
	if f.Beams < 0 || f.Beams > generate.MaxBeams {
		return between("--beams", f.Beams, 1, generate.MaxBeams)
	}
	return nil
}

// idle implements idler.
func (c *generateCmd) idle(given flagSet) []string {
	var list []string
	if c.Beams == 0 {
		list = given.without("without --beams", "length-penalty", "early-stopping")
	} else {
		list = given.without("with --beams", "speculate", "draft")
	}
	return append(list, c.grammarFlags.idle(given)...)
}

// mostBeamStates bounds the states of a beam search: more beams take turns.
const mostBeamStates = 8

// states returns how many states the call needs at once.
func (c *generateCmd) states() int {
	switch {
	case guides(c.GuidanceScale):
		return 2
	case c.Beams > 0:
		return min(c.Beams, mostBeamStates)
	}
	return 1
}

// logProbs is what --logprobs means to the library, where 0 is off.
func (c *generateCmd) logProbs() int {
	if c.LogProbs == nil {
		return 0
	}
	return logProbsOf(*c.LogProbs)
}

// logProbsOf is a number of alternatives as the library has it.
func logProbsOf(n int) int {
	switch {
	case n == 0:
		return -1 // none, but the tokens' own
	case n < 0:
		return n - 1 // which the library refuses
	}
	return n
}

// promptOf is the prompt as the library takes it.
func (c *generateCmd) promptOf(g *generate.Generator, text string) generate.Prompt {
	if c.chats(g) {
		return generate.Prompt{Messages: c.messages(text)}
	}
	return generate.Prompt{Text: text}
}

// search prints the answers of --answers and --beams.
func (c *generateCmd) search(ctx context.Context, g *generate.Generator, text string, s *streams) error {
	if c.Answers > 1 && !c.JSON {
		return usagef("--answers needs --json, which prints an object for each answer")
	}
	opts, err := c.options(g)
	if err != nil {
		return err
	}
	if opts.Images, err = readImages(ctx, c.Image, g); err != nil {
		return err
	}
	prompt, number := c.promptOf(g, text), 0
	show := func(r *generate.Result, score *float64) error {
		number++
		if !c.JSON {
			_, err := fmt.Fprintln(s.text(), r.Text)
			return err
		}
		answer := answerOf(r)
		answer.Answer, answer.Score = number, score
		return printJSON(s.out, answer)
	}
	if c.Beams > 0 {
		b := &generate.Beams{N: c.Beams, Return: c.Answers, LengthPenalty: c.LengthPenalty, EarlyStopping: generate.EarlyStopping(c.EarlyStopping)}
		results, err := g.BeamSearch(ctx, prompt, b, opts)
		for i := range results {
			if err := show(&results[i].Result, &results[i].Score); err != nil {
				return err
			}
		}
		return c.blame(err)
	}
	for r, err := range g.Answers(ctx, prompt, c.Answers, opts) {
		if err != nil {
			return c.blame(err)
		}
		if err := show(r, nil); err != nil {
			return err
		}
	}
	return nil
}
