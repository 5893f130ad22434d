package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/storage"
)

// embedCmd is the verb embed. It promises a line for each text in the order of the
// texts, with the vector or the score that package embed makes of it, and that a file
// of results appears when all of them are there.
type embedCmd struct {
	Texts []string `arg:"" optional:"" name:"text" help:"The texts, each in quotes. Without any they are the lines of --file, or of a pipe on standard input."`

	Model     string `short:"m" help:"The model package, a folder with one in it, or the name of a repository, org/name[@revision][:path], which is downloaded." placeholder:"MODEL"`
	Tokenizer string `aliases:"tokenizer-path" help:"Folder with the tokenizer, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it: beside the package, else that of the repository that the package was made from." placeholder:"PATH"`
	tokenizerFlags
	Driver string `help:"A file that says what the package's inputs and outputs are, in place of the one beside it." type:"path" placeholder:"FILE"`

	// What is embedded.
	File     string `short:"f" help:"Read texts from this file, one a line; - is standard input." type:"path" placeholder:"FILE"`
	Prompt   string `help:"Put the model's prompt of this name before each text." placeholder:"NAME"`
	Query    bool   `help:"The texts are queries: put the model's prompt for them before each."`
	Document bool   `help:"The texts are documents: put the model's prompt for them before each."`
	Prefix   string `help:"Put this before each text, in place of a prompt of the model." placeholder:"TEXT"`
	Score    string `help:"Give the score of each text as an answer to this query, by a reranker, in place of a vector." placeholder:"QUERY"`

	// How.
	Pooling    string `choices:"mean,cls,last,max,mean-sqrt,weighted-mean,none" help:"How the vectors of tokens become one: mean, cls, last, max, mean-sqrt, weighted-mean, several with + between them, or none for the package's own. Without it: as modules.json beside the package says." placeholder:"NAME"`
	Dimensions int    `help:"Cut vectors to their first N numbers and bring what is left to length 1; 0 means all." default:"0" placeholder:"N"`
	Normalize  *bool  `negatable:"" help:"Bring vectors to length 1. Without it: as modules.json says."`
	MaxTokens  int    `help:"Cut texts to fewer tokens than the model takes; 0 means as many as it takes." default:"0" placeholder:"N"`
	RefuseLong bool   `help:"Fail where a text has more tokens than the model takes, in place of cutting it."`
	Label      string `help:"With --score: the class whose probability is the score, for a model that has several." placeholder:"NAME"`
	Batch      int    `help:"Most texts in one prediction, where the package leaves it open; 0 means 8." default:"0" placeholder:"N"`

	// How the package is run.
	ComputeUnits unitsFlag `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Function     string    `help:"The function of the package to run." placeholder:"NAME"`
	engineFlags
	hubFlags

	// What is printed.
	JSON  bool   `help:"Print a JSON object a line: text and embedding, or text and score."`
	Out   string `short:"o" help:"Write the vectors, or the scores, to this .npy file: a row for each text." type:"path" placeholder:"FILE.npy"`
	Quiet bool   `short:"q" help:"Say nothing of texts that were cut, and show no progress of a download."`
}

// Help is printed by kong above the flags.
func (*embedCmd) Help() string {
	return `Without --json and --out the numbers are printed, a line for each text. With modules.json of sentence-transformers beside the package, or beside the tokenizer, the pooling, the layers behind it and the prompts are the model's own.

Examples:

    coreml embed -m MiniLM.mlpackage --json "A cat sat." "A kitten rested."
    coreml embed -m org/name --query --json "Where do cats sit?"
    coreml embed -m MiniLM.mlpackage --file texts.txt --out vectors.npy
    coreml embed -m Encoder.mlpackage --pooling mean --normalize --dimensions 128 --json "A cat sat."
    coreml embed -m Reranker.mlpackage --score "Where do cats sit?" --json "On mats." "In Paris."`
}

// Validate is called by kong.
func (c *embedCmd) Validate() error {
	return errors.Join(
		atLeast("--dimensions", c.Dimensions, 0, "all"),
		atLeast("--max-tokens", c.MaxTokens, 0, "as many as the model takes"),
		between("--batch", c.Batch, 0, 1024), c.engineFlags.Validate())
}

// idle implements idler.
func (c *embedCmd) idle(given flagSet) []string {
	if c.Score != "" {
		return given.without("with --score: pairs have no vectors", "pooling", "dimensions", "normalize", "no-normalize", "prompt", "query", "document", "prefix")
	}
	return given.without("without --score: vectors have no classes", "label")
}

// Run is called by kong.
func (c *embedCmd) Run(ctx context.Context, io *streams) error {
	if err := c.check(io); err != nil {
		return err
	}
	m, err := c.open(ctx, io)
	if err == nil {
		err = c.blame(c.run(ctx, m, io))
		err = errors.Join(err, m.Close())
	}
	return err
}

// check refuses calls whose parts contradict each other.
func (c *embedCmd) check(s *streams) error {
	prompts := 0
	for _, given := range []bool{c.Prompt != "", c.Query, c.Document, c.Prefix != ""} {
		if given {
			prompts++
		}
	}
	switch {
	case c.Model == "":
		return usagef("embed needs a --model, as in coreml embed -m MiniLM.mlpackage --json \"A cat sat.\" (see coreml embed --help)")
	case prompts > 1:
		return usagef("--prompt, --query, --document and --prefix exclude each other: each puts a text before the others")
	case c.File != "" && len(c.Texts) > 0:
		return usagef("the texts are given twice: as arguments and by --file %s", quoted(c.File))
	case c.File == "" && len(c.Texts) == 0 && !isPiped(s.in):
		return usagef("embed needs texts, as in coreml embed -m MiniLM.mlpackage --json \"A cat sat.\", or --file; --file - reads standard input (see coreml embed --help)")
	case c.Out != "" && !strings.HasSuffix(strings.ToLower(c.Out), ".npy"):
		return usagef("--out %s: vectors are written as .npy", c.Out)
	}
	return nil
}

// open loads the package and its tokenizer.
func (c *embedCmd) open(ctx context.Context, s *streams) (*embed.Model, error) {
	cfg := &embed.Config{
		Model: c.config(), Loader: c.loader(), Pooling: embed.Pooling(c.Pooling),
		MaxTokens: c.MaxTokens, Batch: c.Batch, Label: c.Label,
	}
	cfg.Model.ComputeUnits, cfg.Model.Function = coreml.ComputeUnits(c.ComputeUnits), c.Function
	if c.Driver != "" {
		d, err := readEmbedDriver(c.Driver)
		if err != nil {
			return nil, err
		}
		cfg.Driver = d
	}
	f := c.finder(s, c.Quiet)
	at, err := f.model(ctx, c.Model)
	if err != nil {
		return nil, err
	}
	// A package that is none of embeddings is told of before a tokenizer is missed.
	dir, missing := f.tokenizer(ctx, at, c.Tokenizer)
	cfg.Tokenizer = dir
	m, err := embed.Open(ctx, at.path, cfg)
	if err == nil {
		return m, nil
	}
	if _, unfit := errors.AsType[*embed.PackageError](err); missing != nil && !unfit {
		return nil, missing
	}
	return nil, c.blame(fmt.Errorf("%s: %w", at.path, err))
}

// readEmbedDriver reads the file of --driver.
func readEmbedDriver(name string) (*embed.Driver, error) {
	f, err := storage.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--driver: %w", err)
	}
	d, err := embed.ReadDriver(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// options are those of the library that the flags mean.
func (c *embedCmd) options() *embed.Options {
	o := &embed.Options{Prompt: c.Prompt, Prefix: c.Prefix, Dimensions: c.Dimensions, Normalize: c.Normalize, RefuseLong: c.RefuseLong}
	switch {
	case c.Query:
		o.Role = embed.RoleQuery
	case c.Document:
		o.Role = embed.RoleDocument
	}
	return o
}

// run makes the vectors or the scores.
func (c *embedCmd) run(ctx context.Context, m *embed.Model, s *streams) error {
	out := &embedOutput{json: c.JSON, lines: c.JSON || c.Out == "", keep: c.Out != "", out: s.out}
	texts := lines{args: c.Texts, file: cmp.Or(c.File, "-")}
	var err error
	if c.Score != "" {
		err = c.scores(ctx, m, texts.all(ctx, s), out)
	} else {
		err = vectors(ctx, m, texts.all(ctx, s), c.options(), out)
	}
	if err = errors.Join(texts.err, err); err != nil {
		return err
	}
	if out.cut > 0 && !c.Quiet {
		note(s.err, []string{fmt.Sprintf("%s longer than %d tokens and cut: --refuse-long makes it an error", wasOrWere(out.cut), m.MaxTokens())})
	}
	if c.Out == "" {
		return nil
	}
	return storage.WriteFile(ctx, c.Out, func(w io.Writer) error { return out.writeNPY(w) })
}

// wasOrWere counts texts.
func wasOrWere(n int) string {
	if n == 1 {
		return "1 text was"
	}
	return fmt.Sprintf("%d texts were", n)
}

// vectors gives the vector of each text.
func vectors(ctx context.Context, m *embed.Model, texts iter.Seq[string], opts *embed.Options, out *embedOutput) error {
	for e, err := range m.Stream(ctx, texts, opts) {
		if err != nil {
			return err
		}
		if e.Truncated {
			out.cut++
		}
		if err := out.vector(&e); err != nil {
			return err
		}
	}
	return nil
}

// scores gives the score of each text, some at a time.
func (c *embedCmd) scores(ctx context.Context, m *embed.Model, texts iter.Seq[string], out *embedOutput) error {
	const most = 256
	opts := &embed.Options{RefuseLong: c.RefuseLong}
	var list []string
	flush := func() error {
		scores, err := m.Score(ctx, c.Score, list, opts)
		for i, score := range scores {
			err = cmp.Or(err, out.score(list[i], score))
		}
		list = list[:0]
		return err
	}
	for text := range texts {
		if list = append(list, text); len(list) == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// blame names the flag whose value an error is about, in place of the field that a
// program sets.
func (c *embedCmd) blame(err error) error {
	var config *embed.ConfigError
	if !errors.As(err, &config) {
		return err
	}
	for _, f := range []struct {
		field, flag string
		given       bool
	}{
		{"Pooling", "--pooling", c.Pooling != ""},
		{"Dimensions", "--dimensions", c.Dimensions != 0},
		{"MaxTokens", "--max-tokens", c.MaxTokens != 0},
		{"Prompt", "--prompt", c.Prompt != ""},
		{"Label", "--label", true},
	} {
		if f.field == config.Field && f.given {
			return usagef("%s %s (see coreml embed --help)", f.flag, config.Reason)
		}
	}
	return err
}

// embedFlags are the words of the library's errors that a flag stands for.
var embedFlags = strings.NewReplacer("set the pooling", "set --pooling", "package generate runs these", "coreml generate runs these")

// forEmbed says an error of package embed in the words of the command.
func forEmbed(e *embed.PackageError) string {
	text := embedFlags.Replace(e.Error())
	if strings.Contains(text, "a driver file says") {
		text += " (--driver FILE)"
	}
	return text
}
