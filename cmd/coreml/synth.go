package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
)

// synthCmd is the verb synth. It promises a package with the graph and the sizes of
// a known model and with random weights in the given format: as fast and as large
// as the real one, and writing nonsense. A seed gives the same bytes on every
// system. Nothing that exists is overwritten, and what could not be finished is
// removed.
type synthCmd struct {
	Package string `arg:"" help:"The package to make; nothing may lie there yet."`

	Shape string `choices:"$shapes" help:"A known shape, which the flags below change: ${shapes}." default:"tiny" placeholder:"NAME"`
	// Numbers that override those of the shape.
	Layers  int   `help:"Number of layers." placeholder:"N"`
	Hidden  int   `help:"Width of the residual stream." placeholder:"N"`
	Heads   int   `help:"Number of query heads." placeholder:"N"`
	KVHeads int   `name:"kv-heads" help:"Number of key and value heads." placeholder:"N"`
	HeadDim int   `help:"Width of a head." placeholder:"N"`
	FFN     int   `name:"ffn" help:"Width of the feed-forward network." placeholder:"N"`
	Vocab   int   `help:"Number of tokens." placeholder:"N"`
	Context int   `help:"Most tokens of a text." placeholder:"N"`
	Tied    *bool `negatable:"" help:"Let the head read the embedding's weights."`

	// How the weights are written.
	Weights string `choices:"$formats" help:"How weights are stored: ${formats}." default:"int4" placeholder:"NAME"`
	Block   int    `help:"Columns that share a scale, or rows that share a palette; 0 means as usual, -1 all." default:"0" placeholder:"N"`
	Rotary  string `help:"Rotary positions from angles or tables." enum:"angles,tables" default:"angles" placeholder:"NAME"`
	// What is made.
	Checkpoint bool `help:"Make a checkpoint in bfloat16 in place of a package: a folder with config.json and safetensors files, to measure convert with."`

	Seed  uint64 `help:"Another seed makes other weights." default:"0" placeholder:"N"`
	JSON  bool   `help:"Print what was made as one JSON object."`
	Quiet bool   `short:"q" help:"Do not tell what was made."`
}

// Help is printed by kong above the flags.
func (*synthCmd) Help() string {
	return `The flags that follow --shape change one number of it each; 0 leaves it as it is.

Examples:

    coreml synth Tiny.mlpackage
    coreml synth --shape mistral-7b 7B.mlpackage
    coreml synth --shape smollm2-135m --weights lut4 --context 4096 Small.mlpackage
    coreml synth --shape mistral-7b --checkpoint 7B`
}

// Validate is called by kong.
func (c *synthCmd) Validate() error {
	// Whether the numbers fit each other is for who makes the model.
	for flag, n := range map[string]int{
		"--layers": c.Layers, "--hidden": c.Hidden, "--heads": c.Heads, "--kv-heads": c.KVHeads,
		"--head-dim": c.HeadDim, "--ffn": c.FFN, "--vocab": c.Vocab, "--context": c.Context,
	} {
		if err := atLeast(flag, n, 0, "as the shape has it"); err != nil {
			return err
		}
	}
	if c.Block < -1 {
		return fmt.Errorf("--block is %d: it must be -1 or more; 0 means as usual, -1 all", c.Block)
	}
	return nil
}

// flagNames gives the numbers of a model the names of their flags.
//
// The library's errors name the numbers in words, as they make sense without a
// command line.
var flagNames = strings.NewReplacer(
	": layers ", ": --layers ", ": hidden ", ": --hidden ", ": heads ", ": --heads ", ": key-value heads ", ": --kv-heads ",
	": head dimension ", ": --head-dim ", ": feed-forward width ", ": --ffn ", ": vocabulary ", ": --vocab ",
	": context ", ": --context ", ": block ", ": --block ",
)

// synthVars are the names that the help lists.
func synthVars() map[string]string {
	var shapes []string
	for _, p := range modelgen.Presets() {
		shapes = append(shapes, p.Name)
	}
	return map[string]string{
		"shapes": strings.Join(shapes, ", "), "formats": strings.Join(random.Formats(), ", "),
	}
}

// model merges the flags with the preset.
//
// The description in the package says what it is, so that nobody takes it for a
// trained one.
func (c *synthCmd) model() (*modelgen.Config, *random.Source, error) {
	shape, ok := modelgen.PresetNamed(c.Shape)
	if !ok {
		return nil, nil, usagef("--shape: %q is none of %s", c.Shape, synthVars()["shapes"])
	}
	weights, err := random.FormatNamed(c.Weights)
	if err != nil {
		return nil, nil, usagef("--weights: %q is none of %s", c.Weights, synthVars()["formats"])
	}
	name := c.Shape
	for _, f := range []struct {
		to   *int
		flag int
	}{
		{&shape.Layers, c.Layers},
		{&shape.Hidden, c.Hidden},
		{&shape.Heads, c.Heads},
		{&shape.KVHeads, c.KVHeads},
		{&shape.HeadDim, c.HeadDim},
		{&shape.FFN, c.FFN},
		{&shape.Vocab, c.Vocab},
		{&shape.Context, c.Context},
	} {
		// A flag that repeats the shape's number does not change it.
		if f.flag != 0 && f.flag != *f.to {
			*f.to, name = f.flag, c.Shape+", changed"
		}
	}
	set(&shape.Tied, c.Tied)
	cfg := &modelgen.Config{Shape: shape, Description: fmt.Sprintf("random %s weights in the shape of %s", weights, name)}
	if c.Rotary == "tables" {
		cfg.Rotary = modelgen.Tables
	}
	return cfg, random.New(weights, c.Block, c.Seed), nil
}

// Run is called by kong.
func (c *synthCmd) Run(ctx context.Context, io *streams) error {
	cfg, weights, err := c.model()
	if err != nil {
		return err
	}
	start := time.Now()
	what := c.Weights
	make := func() error { return modelgen.Write(ctx, c.Package, cfg, weights) }
	if c.Checkpoint {
		what = "bfloat16"
		make = func() error { return random.WriteCheckpoint(ctx, c.Package, cfg, c.Seed) }
	}
	if err := inFolder(c.Package, make); err != nil {
		// Numbers that do not go together are the caller's; a disk that is full is
		// not.
		if errors.Is(err, modelgen.ErrConfig) {
			return usagef("%s", flagNames.Replace(err.Error()))
		}
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s exists, and nothing is overwritten%w", quoted(c.Package), silent{err})
		}
		return fmt.Errorf("make %s: %w", c.Package, err)
	}
	if c.Quiet && !c.JSON {
		return nil
	}
	size, err := folderSize(c.Package)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, synthJSON{madeJSON{c.Package, size}, c.Shape, int64(cfg.Parameters()), what, round(time.Since(start).Seconds())})
	}
	_, err = fmt.Fprintf(io.err, "%s: %.4g million weights as %s, %s, in %s\n", plain(c.Package),
		float64(cfg.Parameters())/1e6, what, bytesText(size), duration(time.Since(start)))
	return err
}

// folderSize returns the size of all files under a folder.
//
// A package is a folder, whose own size is nothing.
func folderSize(dir string) (int64, error) {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
