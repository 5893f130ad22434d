package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// scoreCmd is the verb score. It promises the logarithm of the probability that the model
// gives each token of a text after those before it, by its own distribution, and what
// follows for the whole: with --json as one object.
type scoreCmd struct {
	File    string `arg:"" help:"The text file; - reads standard input."`
	Package string `arg:"" optional:"" help:"The model package, as --model gives it too."`

	Model     string `short:"m" help:"The model package, a folder with one in it, or the name of a repository, org/name[@revision][:path], which is downloaded. Without it the small storyteller." placeholder:"MODEL"`
	Tokenizer string `aliases:"tokenizer-path" help:"Folder with the tokenizer, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it: beside the package, else that of the repository that the package was made from." placeholder:"PATH"`
	tokenizerFlags
	NoSpecial bool `help:"Add no special tokens around the text."`
	LogProbs  int  `name:"logprobs" help:"With --json: the N likeliest tokens in the place of each, too; 0 to 100." default:"0" placeholder:"N"`

	ComputeUnits unitsFlag `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Function     string    `help:"The function of the package to run." placeholder:"NAME"`
	Driver       string    `help:"A driver file, which says what the inputs and outputs mean; without it the one beside the package, if there is one." placeholder:"FILE"`
	PrefillChunk int       `help:"Tokens per prediction; 0 means 128, -1 the whole text." default:"0" placeholder:"N"`
	engineFlags
	hubFlags

	JSON  bool `help:"Print one JSON object, with each token."`
	Quiet bool `short:"q" help:"Show no progress of a download."`
}

// Help is printed by kong above the flags.
func (*scoreCmd) Help() string {
	return `The text is encoded as a prompt is, and every token but the first is compared with what the model foretold from all before it. A text that is longer than the context is taken in pieces as long as that, the first token of each of which is not foretold. Perplexity is e to the power of the mean negative log-probability: lower is better.

Examples:

    coreml score story.txt
    coreml score story.txt --model Model.mlpackage --json
    coreml score - -m org/name --json --logprobs 5 < story.txt`
}

// Validate is called by kong.
func (c *scoreCmd) Validate() error {
	return errors.Join(checkChunk(c.PrefillChunk), between("--logprobs", c.LogProbs, 0, generate.MaxLogProbs), c.engineFlags.Validate())
}

// idle implements idler.
func (c *scoreCmd) idle(given flagSet) []string {
	if c.JSON {
		return nil
	}
	return given.without("without --json, which prints them", "logprobs")
}

// scoreJSON is what --json prints.
type scoreJSON struct {
	Tokens   []int         `json:"tokens"`
	LogProbs []logProbJSON `json:"logprobs"` // of each token
	// Scored is the number of tokens that were foretold.
	Scored  int     `json:"scored"`
	LogProb float64 `json:"logprob"` // their sum
	MeanNLL float64 `json:"mean_nll"`
	// Perplexity is null where no float64 holds it.
	Perplexity *float64 `json:"perplexity"`
}

// Run is called by kong.
func (c *scoreCmd) Run(ctx context.Context, s *streams) error {
	if c.Model != "" && c.Package != "" {
		return usagef("the model is given twice: %s and --model %s", quoted(c.Package), quoted(c.Model))
	}
	if c.Model == "" {
		c.Model = c.Package
	}
	text, err := c.text(ctx, s)
	if err != nil {
		return err
	}
	g, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	score, err := c.score(ctx, g, text)
	if err = errors.Join(err, g.Close()); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, scoreOf(score))
	}
	return writeScore(s.out, score)
}

// text reads the file.
func (c *scoreCmd) text(ctx context.Context, s *streams) (string, error) {
	if c.File != "-" {
		return readText(c.File)
	}
	data, err := readInput(ctx, s)
	return string(data), err
}

// open loads the model.
func (c *scoreCmd) open(ctx context.Context, s *streams) (*generate.Generator, error) {
	cfg := c.config()
	cfg.ComputeUnits, cfg.Function = coreml.ComputeUnits(c.ComputeUnits), c.Function
	driver, err := modelDriver(c.Model, c.Driver)
	if err != nil {
		return nil, err
	}
	f := c.finder(s, c.Quiet)
	f.folders = true
	return openModel(ctx, f, c.Model, c.Tokenizer, &generate.Config{Model: cfg, Driver: driver, PrefillChunk: c.PrefillChunk, MaxStates: 1, Loader: c.loader()})
}

// score reads the text with the model.
func (c *scoreCmd) score(ctx context.Context, g *generate.Generator, text string) (*generate.Score, error) {
	opts := &generate.Options{LogProbs: c.LogProbs}
	if !c.NoSpecial {
		return g.Score(ctx, text, opts)
	}
	ids, err := g.Tokenizer().EncodeContext(ctx, text, false)
	if err != nil {
		return nil, err
	}
	return g.ScoreTokens(ctx, ids, opts)
}

// scoreOf is a score as --json prints it.
func scoreOf(s *generate.Score) scoreJSON {
	out := scoreJSON{Scored: s.Count, LogProb: s.LogProb, MeanNLL: -s.LogProb / float64(s.Count), Perplexity: orNull(s.Perplexity)}
	for i := range s.Tokens {
		t := &s.Tokens[i]
		shown := logProbOf(&t.TokenLogProbs)
		if t.First {
			shown.LogProb = nil
		}
		out.Tokens, out.LogProbs = append(out.Tokens, t.ID), append(out.LogProbs, shown)
	}
	return out
}

// writeScore prints the score for people.
func writeScore(w io.Writer, s *generate.Score) error {
	t := table{}
	t.row("tokens", fmt.Sprintf("%d, of which %d were foretold", len(s.Tokens), s.Count))
	t.row("log-probability", fmt.Sprintf("%.4f, %.4f a token", s.LogProb, s.LogProb/float64(s.Count)))
	t.row("perplexity", fmt.Sprintf("%.4f", s.Perplexity))
	_, err := fmt.Fprint(w, t.fit(w))
	return err
}
