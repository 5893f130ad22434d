package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/generate"
)

// speculateFlags say whether tokens are drafted, which changes how fast an answer comes
// and not what it is.
type speculateFlags struct {
	Speculate bool   `help:"Draft what the text has had before, and verify several tokens at once: faster where an answer repeats its prompt, the same answer in any case."`
	Draft     string `help:"A smaller model with the same tokenizer, which drafts as well; implies --speculate." placeholder:"MODEL"`
}

// speculation is what the flags ask for, nil for nothing.
func (f *speculateFlags) speculation() *generate.Speculation {
	if !f.Speculate && f.Draft == "" {
		return nil
	}
	return &generate.Speculation{}
}

// drafted is a generator with the one that drafts for it, nil for none.
type drafted struct {
	*generate.Generator
	draft *generate.Generator
}

// Close closes both.
func (d *drafted) Close() error {
	err := d.Generator.Close()
	if d.draft != nil {
		err = errors.Join(err, d.draft.Close())
	}
	return err
}

// openDraft opens the model that drafts, as the other one is opened, with its states;
// nil where none is asked for.
func (c *generateCmd) openDraft(ctx context.Context, f *finder, states int) (*generate.Generator, error) {
	if c.Draft == "" {
		return nil, nil
	}
	cfg := c.config()
	cfg.ComputeUnits = c.units()
	g, err := openModel(ctx, f, c.Draft, "", &generate.Config{Model: cfg, MaxStates: states, Loader: c.loader()})
	if err != nil {
		return nil, fmt.Errorf("--draft: %w", err)
	}
	return g, nil
}

// speculationJSON is what became of drafts.
type speculationJSON struct {
	Drafted  int    `json:"drafted"`  // tokens that were drafted and verified
	Accepted int    `json:"accepted"` // those of them that are in the answer
	Blocks   int    `json:"blocks"`   // predictions that verified drafts
	Steps    int    `json:"steps"`    // predictions of one token
	Off      string `json:"off,omitempty"`
}

// speculationOf is what became of drafts in an answer, nil where none were asked for.
func speculationOf(s *generate.SpeculationStats) *speculationJSON {
	if s == nil {
		return nil
	}
	return &speculationJSON{s.Drafted, s.Accepted, s.Blocks, s.Steps, s.Off}
}

// draftsText says the same for people.
func draftsText(s *generate.SpeculationStats) string {
	switch {
	case s.Off != "":
		return "none: " + plain(s.Off)
	case s.Drafted == 0:
		return "none that promised a gain"
	}
	return fmt.Sprintf("%d of %d drafted tokens were right, %d predictions for %d tokens",
		s.Accepted, s.Drafted, s.Blocks+s.Steps, s.Blocks+s.Steps+s.Accepted)
}
