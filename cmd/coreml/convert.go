package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml/convert"
)

// convertCmd is the verb convert. It promises a package that computes what the
// checkpoint's model computes, or an error that names what of it is not known. Nothing
// that exists is overwritten, and what could not be finished is removed.
type convertCmd struct {
	Checkpoint string `arg:"" help:"The model: a folder with config.json and safetensors files, a GGUF file, or the name of a repository with either: org/name, org/name@revision, org/name:file.gguf."`
	Package    string `arg:"" help:"The package to make; nothing may lie there yet. The files of the tokenizer are laid beside it."`

	Context  int      `help:"Most tokens of a text; 0 means what the model was trained for, at most 2048." default:"0" placeholder:"N"`
	Quantize string   `help:"How matrices are compressed: none, int4, int4:block=N, uint4, int8, lut4:group=N, prune:0.5 and more. Without it, codes of checkpoints that are quantised already are carried over where Core ML has their form; none decodes them." placeholder:"FORM"`
	Keep     []string `help:"Tensors that are not compressed, as a pattern of their names; may be repeated." sep:"none" placeholder:"PATTERN"`
	Cache    string   `help:"Where keys and values are kept: in states, in inputs and outputs (io), or nowhere." enum:"state,io,none" default:"state" placeholder:"NAME"`
	Logits   string   `help:"Logits of all tokens of a call, or of the last." enum:"all,last" default:"all" placeholder:"NAME"`
	Batch    int      `help:"Texts that are computed together." default:"1" placeholder:"N"`
	DType    string   `name:"dtype" help:"Type of weights and results: fp16 or fp32." enum:"fp16,fp32" default:"fp16" placeholder:"NAME"`
	Layout   string   `help:"Linear layers as such, or as convolutions (conv), which the Neural Engine prefers." enum:"linear,conv" default:"linear" placeholder:"NAME"`
	Function string   `help:"Name of the function." default:"main" placeholder:"NAME"`
	Adapter  []string `help:"A low-rank adapter (LoRA) of PEFT or mlx-lm that becomes a function of that name, which shares all other weights: a folder, or the name of a repository with one, org/name, org/name@revision, org/name:folder; may be repeated." sep:"none" placeholder:"NAME=DIR"`
	Ignore   []string `help:"A field of config.json that changes nothing, though coreml does not know it; may be repeated." sep:"none" placeholder:"FIELD"`
	DryRun   bool     `help:"Tell what would be done, and write nothing."`
	Threads  int      `help:"Threads to use; 0 means all." default:"0" placeholder:"N"`
	hubFlags

	JSON  bool `name:"json" help:"Print what was done as one JSON object."`
	Quiet bool `short:"q" help:"Do not tell what was made."`
}

// Help is printed by kong above the flags.
func (*convertCmd) Help() string {
	return `Examples:

    coreml convert SmolLM2-135M SmolLM2.mlpackage
    coreml convert org/name Model.mlpackage --quantize int4
    coreml convert Mistral-7B-Instruct-v0.3 Mistral.mlpackage --quantize int4
    coreml convert Qwen3-0.6B Qwen3.mlpackage --quantize int8 --keep '*embed_tokens*' --context 4096
    coreml convert SmolLM2-135M SmolLM2.mlpackage --adapter poet=PoetAdapter --adapter cook=org/cook-lora
    coreml convert SmolLM2-135M SmolLM2.mlpackage --dry-run`
}

// Validate is called by kong.
func (c *convertCmd) Validate() error {
	return errors.Join(
		atLeast("--context", c.Context, 0, "what the model was trained for, at most 2048"),
		atLeast("--batch", c.Batch, 1, ""), atLeast("--threads", c.Threads, 0, "all"))
}

// Run is called by kong.
func (c *convertCmd) Run(ctx context.Context, io *streams) error {
	o := &convert.Options{
		Context: c.Context, Quantize: c.Quantize, Keep: c.Keep, Cache: c.Cache, Logits: c.Logits, Batch: c.Batch,
		DType: c.DType, Layout: c.Layout, Function: c.Function, Ignore: c.Ignore, DryRun: c.DryRun, Threads: c.Threads,
	}
	for _, a := range c.Adapter {
		name, dir, ok := strings.Cut(a, "=")
		if !ok {
			return usagef("--adapter %s: want NAME=DIR, the name of a function and the adapter's folder or repository", quoted(firstLine(a)))
		}
		o.Adapters = append(o.Adapters, convert.Adapter{Name: name, Path: dir})
	}
	find := c.finder(io, c.Quiet || c.JSON)
	for i := range o.Adapters {
		dir, err := find.adapter(ctx, o.Adapters[i].Path)
		if err != nil {
			return fmt.Errorf("adapter %s: %w", quoted(o.Adapters[i].Name), err)
		}
		o.Adapters[i].Path = dir
	}
	from, err := find.checkpoint(ctx, c.Checkpoint)
	if err != nil {
		return err
	}
	o.Repository, o.Revision = from.Repo.ID, from.Commit
	start := time.Now()
	progress := newGauge(io, c.Quiet)
	o.Progress = func(done, total int64) { progress.show("convert", done, total) }
	var report *convert.Report
	make := func() error {
		report, err = convert.Convert(ctx, from.Path, c.Package, o)
		return err
	}
	if c.DryRun {
		err = make()
	} else {
		err = inFolder(c.Package, make)
	}
	progress.clear()
	if err != nil {
		if errors.Is(err, convert.ErrOption) {
			return usagef("%v", err)
		}
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s exists, and nothing is overwritten%w", quoted(c.Package), silent{err})
		}
		return fmt.Errorf("convert %s: %w", c.Checkpoint, err)
	}
	if c.JSON {
		return printIndented(io.out, report)
	}
	if c.DryRun {
		return c.tellPlan(io.out, report)
	}
	if c.Quiet {
		return nil
	}
	return c.tell(io.err, report, time.Since(start))
}

// tell says what was made, and what quantisation cost.
func (c *convertCmd) tell(out io.Writer, r *convert.Report, took time.Duration) error {
	size, err := folderSize(c.Package)
	if err != nil {
		return err
	}
	if err := tellLosses(out, r); err != nil {
		return err
	}
	if len(r.Differing) > 0 {
		text := fmt.Sprintf("beside %s lie other files of these names, which stay: %s\nPut the package in a folder of its own, or generate will use them.\n", plain(c.Package), plain(fmt.Sprint(r.Differing)))
		if _, err := fmt.Fprint(out, fitted(out, text)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprint(out, fitted(out, fmt.Sprintf("%s: %s of %s, %d tokens, %s, in %s\n", plain(c.Package), plain(r.ModelType), plain(r.Form), r.Context, bytesText(size), duration(took))))
	return err
}

// tellLosses is a table of what quantisation cost each tensor, and of those whose codes
// were carried over at no cost.
func tellLosses(out io.Writer, r *convert.Report) error {
	var t table
	t.row("tensor", "size", "from", "to", "largest error", "rms error")
	n := 0
	for i := range r.Tensors {
		x := &r.Tensors[i]
		if x.Largest == 0 && x.RMS == 0 && x.Codes == "" {
			continue
		}
		n++
		t.row(plain(x.Tensor), fmt.Sprintf("%dx%d", x.Rows, x.Cols), plain(x.Stored), becomes(x), fmt.Sprintf("%.3g", x.Largest), fmt.Sprintf("%.3g", x.RMS))
	}
	if n == 0 {
		return nil
	}
	_, err := fmt.Fprint(out, t.fit(out))
	return err
}

// adapterTable is a table of the functions that adapters become, empty where there are none.
func adapterTable(out io.Writer, r *convert.Report) string {
	if len(r.Adapters) == 0 {
		return ""
	}
	var t table
	t.row("function", "adapter", "modules", "tensors", "bytes")
	for _, a := range r.Adapters {
		t.row(plain(a.Function), plain(a.Path), fmt.Sprint(a.Modules), fmt.Sprint(a.Tensors), fmt.Sprint(a.Bytes))
	}
	return "\n" + t.fit(out) + "\n"
}

// becomes says in which form a tensor is in the package.
func becomes(x *convert.TensorReport) string {
	if x.Codes == "" {
		return x.Form
	}
	return x.Form + " (" + x.Codes + ")"
}

// tellPlan is a table of what would be done.
func (c *convertCmd) tellPlan(out io.Writer, r *convert.Report) error {
	var t table
	t.row("tensor", "size", "from", "to", "bytes")
	for i := range r.Tensors {
		x := &r.Tensors[i]
		size := fmt.Sprint(x.Rows)
		if x.Cols > 0 {
			size = fmt.Sprintf("%dx%d", x.Rows, x.Cols)
		}
		t.row(plain(x.Tensor), size, plain(x.Stored), becomes(x), fmt.Sprint(x.Bytes))
	}
	end := fmt.Sprintf("%s of %s, %d tokens: %s of weights\n", plain(r.ModelType), plain(r.Form), r.Context, bytesText(r.Bytes()))
	_, err := fmt.Fprint(out, t.fit(out), adapterTable(out, r), fitted(out, end))
	return err
}
