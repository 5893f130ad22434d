package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// The texts of --speculate. Models of any size go on copying the first, and tell a story
// after the second.
const (
	copiedText = `The harbour master walked along the quay every morning before the fishing boats came in. He carried a small brass telescope, a notebook with a blue cover, and a pencil that he sharpened with his knife. When the first sail appeared behind the lighthouse he wrote down the hour, the wind, and the name of the boat.`
	storyText  = "Once upon a time, in a village by the sea, there lived"
	// speculatedTokens is the number of tokens of an answer that is measured.
	speculatedTokens = 128
)

// speculationResult is how fast a text was written with drafts and without.
type speculationResult struct {
	Text    string          `json:"text"`   // copy or story
	Plain   float64         `json:"plain"`  // tokens per second
	Rate    float64         `json:"drafts"` // tokens per second
	Gain    float64         `json:"gain"`   // the median of the rounds' ratios
	Tokens  int             `json:"tokens"`
	Same    bool            `json:"same"` // the tokens of both
	Details speculationJSON `json:"speculation"`
}

// measureDrafts writes each text with and without drafts, in turns. Tokens are the
// likeliest ones, whatever the model's own settings are, and an end token is written over.
func (c *benchCmd) measureDrafts(ctx context.Context, f *finder, at place, cfg *coreml.Config) (list []speculationResult, err error) {
	driver, err := namedDriver(c.Driver)
	if err != nil {
		return nil, err
	}
	open := func(path, tok string, draft *generate.Generator, d *generate.Driver) (*generate.Generator, error) {
		return openModel(ctx, f, path, tok, &generate.Config{Model: cfg, MaxStates: 1, Loader: c.loader(), Draft: draft, Driver: d})
	}
	var draft *generate.Generator
	if c.Draft != "" {
		if draft, err = open(c.Draft, "", nil, nil); err != nil {
			return nil, fmt.Errorf("--draft: %w", err)
		}
		defer func() { err = errors.Join(err, draft.Close()) }()
	}
	g, err := open(at.path, c.Tokenizer, draft, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	for _, t := range []struct{ name, prompt string }{
		{"copy", "The text:\n" + copiedText + "\nThe same text once more:\n"},
		{"story", storyText},
	} {
		r, err := c.measureDraft(ctx, g, t.prompt)
		if err != nil {
			return nil, fmt.Errorf("--speculate, %s: %w", t.name, err)
		}
		r.Text = t.name
		list = append(list, *r)
	}
	return list, nil
}

// measureDraft takes the rounds of one text.
func (c *benchCmd) measureDraft(ctx context.Context, g *generate.Generator, prompt string) (*speculationResult, error) {
	write := func(s *generate.Speculation) (*generate.Result, error) {
		return g.Generate(ctx, prompt, &generate.Options{MaxTokens: speculatedTokens, IgnoreEnd: true, Sampling: &generate.Sampling{}, Speculation: s})
	}
	if _, err := write(nil); err != nil { // warm
		return nil, err
	}
	r := &speculationResult{Same: true}
	var plain, rates, gains []float64
	for range c.Rounds {
		without, err := write(nil)
		if err != nil {
			return nil, err
		}
		with, err := write(&generate.Speculation{})
		if err != nil {
			return nil, err
		}
		a, b := without.Stats.DecodeRate(), with.Stats.DecodeRate()
		plain, rates = append(plain, a), append(rates, b)
		if a > 0 {
			gains = append(gains, b/a)
		}
		r.Tokens, r.Details = len(with.Tokens), *speculationOf(with.Stats.Speculation)
		r.Same = r.Same && slices.Equal(without.Tokens, with.Tokens)
	}
	r.Plain, r.Rate, r.Gain = round(median(plain)), round(median(rates)), round(median(gains))
	return r, nil
}

// writeDrafts prints the measures for people.
func writeDrafts(w io.Writer, list []speculationResult) error {
	if len(list) == 0 {
		return nil
	}
	t := table{indent: "  ", right: map[int]bool{1: true, 2: true, 3: true}}
	t.row("tokens per second", "plain", "drafts", "times", "drafted", "")
	for _, r := range list {
		note := ""
		if !r.Same {
			note = "the tokens differ"
		}
		if r.Details.Off != "" {
			note = plain(r.Details.Off)
		}
		t.row(r.Text, rate(r.Plain), rate(r.Rate), rate(r.Gain), fmt.Sprintf("%d of %d right", r.Details.Accepted, r.Details.Drafted), note)
	}
	_, err := fmt.Fprint(w, "\n", t.fit(w))
	return err
}
