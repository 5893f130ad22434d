package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// benchCmd is the verb bench. It promises figures that can be compared from one run
// to the next: made-up tokens that are the same every time, a warm model, the
// median of several rounds, taken in turns so that a machine that slows down slows
// all measures alike, and a word about other work on the machine. It measures the
// model alone: no tokenizer, no sampling, no text.
//
// A length that the context has no room for is left out and told of, and does not
// fail the rest.
type benchCmd struct {
	Model string `arg:"" help:"The model package, a folder with one in it or with those of one model, or org/name[@revision][:path] of a hub."`

	// What is measured. The lengths are texts, since kong has no word for an empty
	// list and "none" is one.
	Prefill string `help:"Lengths of prompts to measure, or none." default:"32,128,512" placeholder:"N,..."`
	Decode  string `help:"Lengths of text behind which single tokens are measured, or none." default:"0,512" placeholder:"N,..."`
	Tokens  int    `short:"n" help:"Single tokens per measurement." default:"32" placeholder:"N"`
	Rounds  int    `help:"Rounds; the median counts." default:"5" placeholder:"N"`
	// One is what Decode measures anyway.
	Sequences int    `help:"Sequences that decode at once, measured beside one." default:"1" placeholder:"N"`
	Function  string `help:"The function of the package to run." placeholder:"NAME"`
	Driver    string `help:"A driver file, as for generate; without it the one beside the package, if there is one." placeholder:"FILE"`

	PrefillChunk int `help:"Prompt tokens per prediction; 0 means 128, -1 the whole prompt." default:"0" placeholder:"N"`
	engineFlags
	hubFlags

	// What is measured besides.
	Perplexity string `help:"A text whose perplexity to measure as well." placeholder:"FILE"`
	Tokenizer  string `help:"Folder with the tokenizer for the text, or its tokenizer.json; else as for generate." placeholder:"PATH"`
	tokenizerFlags
	Speculate   bool   `help:"Measure drafts: a text that is copied and a story, written with and without them in turns."`
	Draft       string `help:"A smaller model with the same tokenizer, which drafts as well; with --speculate." placeholder:"MODEL"`
	Profile     bool   `help:"Show what each kind of operation costs."`
	Fingerprint bool   `help:"Print a hash of the logits over a fixed text in each arithmetic, and measure nothing: where it is the same, the model computes the same bits."`
	// The default is more than a block of a prompt, which has 128 tokens.
	FingerprintTokens int  `help:"How many tokens of that text to feed at most." default:"192" placeholder:"N"`
	JSON              bool `help:"Print one JSON object in place of the table."`

	// The lengths, once Validate has read them.
	prefill, decode []int
}

// Help is printed by kong above the flags.
func (*benchCmd) Help() string {
	return `Examples:

    coreml bench Model.mlpackage
    coreml bench Model.mlpackage --prefill 128 --decode none --rounds 3 --threads 1
    coreml bench Model.mlpackage --sequences 4 --prefill none
    coreml bench Model.mlpackage --profile --json
    coreml bench Model.mlpackage --speculate --prefill none --decode none
    coreml bench Model.mlpackage --perplexity text.txt --arithmetic faithful
    coreml bench Model.mlpackage --fingerprint`
}

// The most that the flags may ask for.
const (
	// A thousand rounds of the defaults take hours already, and
	// no model's context has more tokens than this.
	maxBenchRounds = 1000
	maxBenchTokens = 1 << 20
	// Each has a state of its own, which of a long context is hundreds of megabytes.
	maxBenchSequences = 64
)

// Validate is called by kong.
//
// It reads the lists too, so that a wrong length is told of before minutes of
// loading.
func (c *benchCmd) Validate() error {
	var err error
	if c.prefill, err = lengths("--prefill", c.Prefill, 1); err != nil {
		return err
	}
	if c.decode, err = lengths("--decode", c.Decode, 0); err != nil {
		return err
	}
	return cmp.Or(between("--rounds", c.Rounds, 1, maxBenchRounds), between("--tokens", c.Tokens, 1, maxBenchTokens),
		between("--sequences", c.Sequences, 1, maxBenchSequences),
		between("--fingerprint-tokens", c.FingerprintTokens, 1, maxBenchTokens),
		checkChunk(c.PrefillChunk), c.engineFlags.Validate())
}

// lengths reads a list of numbers of tokens, in the order given.
func lengths(flag, text string, least int) ([]int, error) {
	if text == "none" || text == "" {
		return nil, nil
	}
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < least || n > maxBenchTokens {
			return nil, fmt.Errorf("%s: %q is not a number between %d and %d", flag, part, least, maxBenchTokens)
		}
		list = append(list, n)
	}
	return list, nil
}

// idle implements idler.
//
// Without a text the tokenizer is not even looked for, so that one which does not
// exist would pass unseen.
func (c *benchCmd) idle(given flagSet) []string {
	if c.Fingerprint {
		return given.without("with --fingerprint", "prefill", "decode", "tokens", "rounds", "sequences", "prefill-chunk", "perplexity", "profile", "speculate", "draft")
	}
	var list []string
	if c.Perplexity == "" {
		if !c.Speculate {
			list = given.without("without --perplexity or --fingerprint, which alone read a text", "tokenizer", "keep-components")
		}
	}
	if !c.Speculate {
		list = append(list, given.without("without --speculate", "draft")...)
	}
	list = append(list, given.without("without --fingerprint", "fingerprint-tokens")...)
	if len(c.decode) == 0 {
		list = append(list, given.without("with --decode none", "tokens", "sequences")...)
	}
	return list
}

// Run is called by kong.
//
// Nothing is printed before everything is measured: writing to a terminal takes
// time of its own.
func (c *benchCmd) Run(ctx context.Context, io *streams) error {
	if c.Fingerprint {
		r, err := c.fingerprints(ctx, c.folders(io))
		if err != nil {
			return err
		}
		if err := r.write(io.out, c.JSON); err != nil {
			return err
		}
		if r.failed() {
			return errFailed
		}
		return nil
	}
	report, err := c.measure(ctx, c.folders(io))
	if err != nil {
		return err
	}
	if c.JSON {
		return report.writeJSON(io.out)
	}
	return report.writeTable(io.out)
}

// measure loads the model and takes every measure that is asked for.
func (c *benchCmd) measure(ctx context.Context, f *finder) (_ *benchReport, err error) {
	// First of all: what this program does to the machine is not other work.
	busy, ok := loadAverage()
	if !ok {
		busy = -1
	}
	at, err := f.model(ctx, c.Model)
	if err != nil {
		return nil, err
	}
	c.Model = at.path
	// Before the model is loaded, which takes much longer than reading a text.
	text, err := perplexityTokens(ctx, f, c.Perplexity, at, c.Tokenizer, &c.tokenizerFlags)
	if err != nil {
		return nil, err
	}
	cfg := c.config()
	cfg.Function = c.Function
	if cfg.Arithmetic == coreml.ArithmeticDefault {
		// The figures are those that a user of generate sees.
		cfg.Arithmetic = coreml.ArithmeticFast // as generate does
	}
	start := time.Now()
	g, err := c.open(ctx, at, &generate.Config{Model: cfg, PrefillChunk: c.PrefillChunk, MaxStates: c.Sequences})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	r := &benchReport{model: c.Model, info: g.Model().Info(), load: time.Since(start), rounds: c.Rounds, tokens: c.Tokens, sequences: c.Sequences, busy: busy}
	r.fit(c.prefill, c.decode, c.Tokens, g.ContextLength())
	if err := c.run(ctx, g, r); err != nil {
		return nil, err
	}
	// The profile's own tables, and the rows of logits that perplexity keeps, would
	// count as the model's.
	r.peak = peakRSS() // before what is not part of the measurement
	if c.Profile {
		if err := profileModel(ctx, g, r); err != nil {
			return nil, err
		}
	}
	if c.Speculate {
		if r.drafts, err = c.measureDrafts(ctx, f, at, cfg); err != nil {
			return nil, err
		}
	}
	if text != nil {
		if r.perplexity, err = perplexity(ctx, g, text); err != nil {
			return nil, fmt.Errorf("perplexity of %s: %w", c.Perplexity, err)
		}
	}
	return r, nil
}

// open opens the model as generate does, but for the tokenizer: packages without one
// can be measured.
func (c *benchCmd) open(ctx context.Context, at place, cfg *generate.Config) (_ *generate.Generator, err error) {
	if cfg.Driver, err = namedDriver(c.Driver); err != nil {
		return nil, err
	}
	return openSequences(ctx, at, cfg)
}

// run takes the rounds.
//
// run takes every measure once in each round. A measure at a time would put all the
// rounds of one of them into the minute in which something else ran.
func (c *benchCmd) run(ctx context.Context, g *generate.Generator, r *benchReport) error {
	b, err := newBencher(ctx, g)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.first(ctx, r); err != nil {
		return err
	}
	all, err := b.company(ctx, g, c.Sequences)
	if err != nil {
		return err
	}
	defer all.close()
	for range c.Rounds {
		for i := range r.prefill {
			if err := b.prefill(ctx, &r.prefill[i]); err != nil {
				return err
			}
		}
		for i := range r.decode {
			if err := b.decode(ctx, &r.decode[i], c.Tokens); err != nil {
				return err
			}
			// Right behind it, as the two are compared.
			if c.Sequences > 1 {
				if err := all.decode(ctx, &r.together[i], c.Tokens); err != nil {
					return err
				}
			}
		}
	}
	r.allocs = b.allocs
	return nil
}
