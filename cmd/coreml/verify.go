package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// verifyCmd is the verb verify. It promises that "passed" means: two engines, or
// two kinds of arithmetic of one, were given the same tokens, and the logits behind
// every one of them lie within the tolerance. The tokens after the prompt are the
// reference's own choices on both sides, so that one token chosen otherwise does
// not make all that follow it differ.
//
// It is how a package is tried on a Mac's Neural Engine, where nobody has recorded
// what is right.
type verifyCmd struct {
	// What is compared.
	Model  string `arg:"" optional:"" help:"The model package, a folder with one in it or with those of one model, or org/name[@revision][:path] of a hub. Without it the embedded storyteller."`
	Prompt string `arg:"" optional:"" help:"The prompt for a language model; without one, a few words."`

	Tokenizer string `help:"Folder with the tokenizer, or its tokenizer.json; else as for generate." placeholder:"PATH"`
	tokenizerFlags
	IDs      []int  `name:"ids" help:"Token ids in place of a prompt." placeholder:"N,..."`
	Tokens   int    `short:"n" help:"Tokens to generate behind the prompt." default:"32" placeholder:"N"`
	Function string `help:"The function of the package to run." placeholder:"NAME"`
	Driver   string `help:"A driver file, as for generate; without it the one beside the package, if there is one." placeholder:"FILE"`

	// The side that is in question.
	Engine       engineFlag     `help:"The engine to verify." default:"framework" placeholder:"NAME"`
	ComputeUnits unitsFlag      `help:"Devices that it may use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Arithmetic   arithmeticFlag `help:"How it rounds, where it has the choice: faithful, wide, fast, or default, which is faithful." default:"default" placeholder:"NAME"`

	// The side that is taken as right.
	Reference           engineFlag     `help:"The engine to compare with." default:"portable" placeholder:"NAME"`
	ReferenceArithmetic arithmeticFlag `help:"How the reference rounds." default:"faithful" placeholder:"NAME"`
	Threads             int            `help:"Most threads of the portable engine; 0 means as many as there are cores." default:"0" placeholder:"N"`

	// When the comparison passes, and how it is told of.
	Tolerance float64 `help:"Largest difference that passes, in parts of the largest value." default:"0.05" placeholder:"T"`
	Cosine    float64 `help:"Smallest cosine that passes." default:"0.999" placeholder:"C"`
	JSON      bool    `help:"Print one JSON object in place of the text."`
	hubFlags

	// What the model's name led to.
	find *finder
	at   place
}

// Help is printed by kong above the flags.
func (*verifyCmd) Help() string {
	return `The same tokens go through both engines, and the logits behind each are compared; a package that is no language model gets made-up values. The exit status is 1 when they differ by more than the tolerance.

Examples:

    coreml verify
    coreml verify Model.mlpackage "A place to visit is" --tokens 64
    coreml verify Model.mlpackage --compute-units cpu-only --json
    coreml verify Model.mlpackage --engine portable --arithmetic wide`
}

const (
	defaultVerifyPrompt = "Once upon a time there was"
	maxVerifyTokens     = 1 << 16
)

// Validate is called by kong.
//
// NaN as a limit would let nothing pass or everything; interval refuses it.
func (c *verifyCmd) Validate() error {
	for _, id := range c.IDs {
		if id < 0 {
			return fmt.Errorf("--ids has %d: token ids begin at 0", id)
		}
	}
	switch {
	case len(c.IDs) > 0 && c.Prompt != "":
		return errors.New("a prompt and --ids exclude each other")
	case c.Prompt != "" && strings.TrimSpace(c.Prompt) == "":
		return errors.New("the prompt is blank: without one a few words are taken")
	}
	tolerance := interval{flag: "--tolerance", value: &c.Tolerance, most: math.Inf(1), means: "0 lets no difference pass"}
	cosine := interval{flag: "--cosine", value: &c.Cosine, least: -1, most: 1, means: "1 is the same direction"}
	return cmp.Or(between("--tokens", c.Tokens, 0, maxVerifyTokens), atLeast("--threads", c.Threads, 0, "as many as there are cores"),
		tolerance.check(), cosine.check())
}

// idle implements idler.
func (c *verifyCmd) idle(given flagSet) []string {
	if len(c.IDs) > 0 {
		return given.without("with --ids, which are tokens already", "tokenizer", "keep-components")
	}
	return nil
}

// Run is called by kong.
func (c *verifyCmd) Run(ctx context.Context, io *streams) (err error) {
	subject, reference, err := c.configs()
	if err != nil {
		return err
	}
	c.find = c.folders(io)
	// Without a package it is the embedded one, which has no path.
	if c.Model != "" {
		if c.at, err = c.find.model(ctx, c.Model); err != nil {
			return err
		}
		c.Model = c.at.path
	}
	v := verifier{at: c.at, configs: [2]*coreml.Config{subject, reference}}
	defer func() { err = errors.Join(err, v.close()) }()
	report, err := c.compare(ctx, &v)
	if err != nil {
		return err
	}
	write := report.writeText
	if c.JSON {
		write = report.writeJSON
	}
	if err := write(io.out); err != nil {
		return err
	}
	if !report.Passed {
		return errFailed
	}
	return nil
}

// configs returns what the flags mean to the library on each side.
func (c *verifyCmd) configs() (subject, reference *coreml.Config, err error) {
	subject = &coreml.Config{
		Engine: coreml.EngineChoice(c.Engine), ComputeUnits: coreml.ComputeUnits(c.ComputeUnits),
		Arithmetic: coreml.Arithmetic(c.Arithmetic), Function: c.Function, Threads: c.Threads,
	}
	reference = &coreml.Config{
		Engine: coreml.EngineChoice(c.Reference), Arithmetic: coreml.Arithmetic(c.ReferenceArithmetic),
		Function: c.Function, Threads: c.Threads,
	}
	// Said here in words of its own, with what can be done on this system, before
	// anything is loaded.
	for _, cfg := range []*coreml.Config{subject, reference} {
		if cfg.Engine == coreml.EngineFramework && !cfg.Engine.Available() {
			return nil, nil, fmt.Errorf("verify compares CoreML.framework with another engine, and this system (%s/%s) has no CoreML.framework: "+
				"run it on macOS 15 or newer, or compare kinds of arithmetic here, as in --engine portable --arithmetic wide%w",
				runtime.GOOS, runtime.GOARCH, silent{coreml.ErrNoEngine})
		}
	}
	return subject, reference, nil
}

// compare runs a prompt on both sides when the package is a language model, and
// made-up values through both otherwise.
func (c *verifyCmd) compare(ctx context.Context, v *verifier) (*verifyReport, error) {
	r := &verifyReport{Model: c.Model, Tolerance: c.Tolerance, Cosine: c.Cosine, Ways: []verifyWay{}}
	if r.Model == "" {
		r.Model = "the embedded storyteller"
	}
	texts, err := c.texts(ctx, v)
	switch {
	case err != nil:
		return nil, err
	case texts:
		err = c.text(ctx, v, r)
	default:
		if err = v.load(ctx); err == nil {
			r.Subject, r.Reference = sideOf(v.subject), sideOf(v.reference)
			err = v.values(ctx, r)
		}
	}
	if err != nil {
		return nil, err
	}
	r.Passed = true
	for i := range r.Ways {
		r.Passed = r.Passed && r.Ways[i].Passed
	}
	return r, nil
}

// texts opens both sides as generate does and reports whether they write text. Who
// gives a prompt, a driver file or a folder of packages wants to know why they do not;
// else made-up values do for any package.
func (c *verifyCmd) texts(ctx context.Context, v *verifier) (bool, error) {
	driver, err := namedDriver(c.Driver)
	if err != nil {
		return false, err
	}
	if c.Model == "" && driver != nil {
		return false, usagef("--driver needs a MODEL")
	}
	asked := c.Prompt != "" || len(c.IDs) > 0 || c.at.several != nil || driver != nil
	if !asked {
		beside, err := driverBeside(c.Model)
		if err != nil {
			return false, err
		}
		asked = beside != nil
	}
	if err := v.open(ctx, driver); err != nil {
		if asked {
			return false, err
		}
		return false, ctx.Err()
	}
	return asked || takesIDs(v.texts[1]), nil
}

// text compares the logits behind the prompt and what follows it.
func (c *verifyCmd) text(ctx context.Context, v *verifier, r *verifyReport) error {
	ids, err := c.prompt(ctx)
	if err != nil {
		return err
	}
	r.Subject, r.Reference = sideOf(v.texts[0].Model()), sideOf(v.texts[1].Model())
	return v.text(ctx, r, ids, c.Tokens)
}

// takesIDs tells a language model from a package whose input has the right rank
// by chance.
//
// The families of language models are found by ranks and names; a classifier of
// rows has the same.
func takesIDs(g *generate.Generator) bool {
	driver := g.Driver()
	name := driver.Tokens
	for _, s := range driver.Stages {
		for in, role := range s.Inputs {
			if role.Role == generate.RoleTokens {
				name = in
			}
		}
	}
	f := g.Model().Description().Input(name)
	return f != nil && f.DType == tensor.Int32
}

// prompt returns the token ids to begin with.
func (c *verifyCmd) prompt(ctx context.Context) ([]int, error) {
	if len(c.IDs) > 0 {
		return c.IDs, nil
	}
	tok, err := c.tokenizer(ctx)
	if err != nil {
		if c.Prompt != "" || c.Tokenizer != "" {
			return nil, err
		}
		// Any ids that a vocabulary is sure to have will do to compare with.
		ids := make([]int, 12)
		for i := range ids {
			// Small ids, all different, and not those of the special tokens, which
			// are often the first.
			ids[i] = 3 + i*7%61
		}
		return ids, nil
	}
	text := c.Prompt
	if text == "" {
		text = defaultVerifyPrompt
	}
	ids, err := tok.Encode(text, true)
	if err == nil && len(ids) == 0 {
		err = errors.New("the prompt has no tokens")
	}
	return ids, err
}

func (c *verifyCmd) tokenizer(ctx context.Context) (*tokenizer.Tokenizer, error) {
	if c.Model == "" && c.Tokenizer == "" {
		return tokenizer.LoadFS(storyteller.FS(), ".")
	}
	where, err := c.find.tokenizer(ctx, c.at, c.Tokenizer)
	if err != nil {
		return nil, err
	}
	return c.loadFolder(where)
}
