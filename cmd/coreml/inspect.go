package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// inspectCmd is the verb inspect. It promises to show what is in a package without
// running it, also where no engine can: what a package asks for that is missing
// here is a line of the output and no failure. With --plan it does load the
// package, and shows which device, kernel or step does what.
type inspectCmd struct {
	Model    string `arg:"" help:"The model package, or a folder with one in it."`
	Function string `help:"Show this function only." placeholder:"NAME"`
	JSON     bool   `help:"Print one JSON object."`
	// Three forms of output, of which a call has one.
	MIL  bool `name:"mil" help:"Print the program in place of the summary."`
	Plan bool `help:"Print what the engine makes of the function in place of the summary."`

	ComputeUnits unitsFlag `help:"Devices to plan for: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	engineFlags
}

// Help is printed by kong above the flags.
func (*inspectCmd) Help() string {
	return `Examples:

    coreml inspect Model.mlpackage
    coreml inspect Model.mlpackage --json
    coreml inspect Model.mlpackage --mil --function main
    coreml inspect Model.mlpackage --plan --arithmetic fast`
}

// AfterApply is called by kong. An engine that is not there keeps nobody from
// looking at a package.
//
// It hides that of the flags for engines, which would refuse the call.
func (c *inspectCmd) AfterApply() error {
	if !c.Plan {
		return nil
	}
	return c.engineFlags.AfterApply()
}

// packageInfo is what inspect tells of a package. Its JSON is the output of
// --json.
//
// The order of the fields is that of the output.
type packageInfo struct {
	Path            string            `json:"path"`
	Specification   int               `json:"specification_version"`
	Description     string            `json:"description,omitempty"`
	Author          string            `json:"author,omitempty"`
	License         string            `json:"license,omitempty"`
	Version         string            `json:"version,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	DefaultFunction string            `json:"default_function,omitempty"`
	Functions       []functionInfo    `json:"functions"`
	Weights         []weightInfo      `json:"weights"`
	Files           []weightFile      `json:"files"`
	Engine          string            `json:"engine,omitempty"`
	Unsupported     []string          `json:"unsupported_ops"`
	LoadError       string            `json:"load_error,omitempty"`
	// The descriptions behind Functions, for the text: it writes shapes in the
	// library's own form.
	described []*coreml.Description
}

// weightFile is a file of weights; a package may have several.
type weightFile struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// functionInfo is a function of the program. Either Driver says how it is used to
// write text, or DriverError why it cannot be.
type functionInfo struct {
	Name        string        `json:"name"`
	Opset       string        `json:"opset"`
	Inputs      []featureInfo `json:"inputs"`
	Outputs     []featureInfo `json:"outputs"`
	States      []featureInfo `json:"states"`
	Ops         []opCount     `json:"ops"`
	Family      string        `json:"family,omitempty"`
	Driver      string        `json:"driver,omitempty"`
	DriverError string        `json:"driver_error,omitempty"`
}

// featureInfo is an input, an output or a state. Of the three ways to give a shape
// there is one: fixed, ranges or a list.
type featureInfo struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	DType      string   `json:"dtype,omitempty"`
	Pixels     string   `json:"pixels,omitempty"`
	Shape      []int    `json:"shape,omitempty"`
	Ranges     [][2]int `json:"ranges,omitempty"`
	Enumerated [][]int  `json:"enumerated,omitempty"`
	Optional   bool     `json:"optional,omitempty"`
	Text       string   `json:"text,omitempty"`
}

// opCount says how often an operator occurs.
type opCount struct {
	Op    string `json:"op"`
	Count int    `json:"count"`
}

// weightInfo sums the tensors of one format.
type weightInfo struct {
	Format   string `json:"format"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

// Run is called by kong.
func (c *inspectCmd) Run(ctx context.Context, io *streams) (err error) {
	// They are three answers to three questions, and one standard output.
	if c.MIL && c.Plan || c.JSON && (c.MIL || c.Plan) {
		return usagef("--json, --mil and --plan exclude each other")
	}
	if c.Model, err = packagePath(c.Model); err != nil {
		return err
	}
	if c.Plan {
		return c.plan(ctx, io)
	}
	pkg, err := modelpkg.OpenPath(c.Model)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	defer func() { err = errors.Join(err, pkg.Close()) }()
	// Through the same reader as the engine: what is shown here is what it would be
	// given.
	program, err := mil.Read(ctx, pkg)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	pkg.ForgetProgram() // program has all of it, and large ones are hundreds of megabytes
	if c.MIL {
		return c.print(io, program)
	}
	info, err := c.info(ctx, pkg, program)
	if err != nil {
		return err
	}
	if c.JSON {
		return printIndented(io.out, info)
	}
	_, err = fmt.Fprint(io.out, info.text())
	return err
}

// print writes the program as text.
//
// A function that does not exist is named before anything is printed.
func (c *inspectCmd) print(io *streams, program *mil.Program) error {
	if c.Function == "" {
		return mil.Print(io.out, program)
	}
	f := program.Function(c.Function)
	if f == nil {
		return fmt.Errorf("%s: no function %q", c.Model, c.Function)
	}
	return mil.Print(io.out, &mil.Program{Version: program.Version, Attributes: program.Attributes, Functions: []*mil.Function{f}})
}

// info collects what is told, one function after the other. Each of them is tried,
// because one may use an operator that another does not.
func (c *inspectCmd) info(ctx context.Context, pkg *modelpkg.Package, program *mil.Program) (*packageInfo, error) {
	names := pkg.Functions()
	if c.Function != "" {
		names = []string{c.Function}
	}
	info := &packageInfo{Path: c.Model, DefaultFunction: pkg.DefaultFunction(), Unsupported: []string{}, Files: []weightFile{}}
	used := &mil.Program{Version: program.Version}
	for _, name := range names {
		d, err := describe(pkg, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Model, err)
		}
		info.Specification, info.Metadata = d.SpecificationVersion, d.UserDefined
		info.Description, info.Author, info.License, info.Version = d.ShortDescription, d.Author, d.License, d.Version
		f := functionInfo{Name: name, Inputs: featureList(d.Inputs), Outputs: featureList(d.Outputs), States: featureList(d.States), Ops: []opCount{}}
		if driver, err := generate.Detect(d, nil); err != nil {
			f.DriverError = whyNoText(err)
		} else {
			f.Family, f.Driver = string(driver.Family), driver.String()
		}
		if body := program.Function(name); body != nil {
			used.Functions = append(used.Functions, body)
		}
		info.Functions = append(info.Functions, f)
		info.described = append(info.described, d)
		c.tryLoad(ctx, name, info)
	}
	info.summarize(mil.Summarize(used))
	files, err := pkg.Weights()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		info.Files = append(info.Files, weightFile{Name: f.Name, Bytes: f.Size})
	}
	return info, ctx.Err()
}

// whyNoText returns the reason for which a function writes no text.
func whyNoText(err error) string {
	if why, ok := errors.AsType[*generate.DriverError](err); ok {
		return why.Reason
	}
	return err.Error()
}

// summarize takes over the counts of operations and weights.
func (p *packageInfo) summarize(sum mil.Info) {
	for _, f := range sum.Functions {
		for i := range p.Functions {
			if p.Functions[i].Name != f.Name {
				continue
			}
			p.Functions[i].Opset = f.Opset
			for _, op := range f.Ops {
				p.Functions[i].Ops = append(p.Functions[i].Ops, opCount{op.Type, op.Count})
			}
		}
	}
	p.Weights = []weightInfo{}
	for _, w := range sum.Weights {
		p.Weights = append(p.Weights, weightInfo{Format: w.Format, Tensors: w.Count, Elements: w.Elements, Bytes: w.Bytes})
	}
}

// tryLoad finds out what the engine says to the function.
func (c *inspectCmd) tryLoad(ctx context.Context, function string, info *packageInfo) {
	cfg := c.config()
	cfg.Function, cfg.ComputeUnits = function, coreml.ComputeUnits(c.ComputeUnits)
	m, err := coreml.Load(ctx, c.Model, cfg)
	if err == nil {
		info.Engine = m.Info().Engine
		err = m.Close()
	}
	var ops *coreml.UnsupportedOpsError
	switch {
	case err == nil:
	case errors.As(err, &ops):
		for _, op := range ops.Ops {
			op, _, _ = strings.Cut(op, " ") // the place where it occurs may follow
			if !slices.Contains(info.Unsupported, op) {
				info.Unsupported = append(info.Unsupported, op)
			}
		}
		slices.Sort(info.Unsupported)
	// Whatever else is in the way is said in the engine's words.
	default:
		info.LoadError = strings.TrimPrefix(explain(err), plain(c.Model)+": ")
	}
}

// featureList turns features into what is printed of them. An element type is that
// of arrays and states alone, pixels those of pictures.
func featureList(list []coreml.FeatureDescription) []featureInfo {
	out := make([]featureInfo, len(list))
	for i, f := range list {
		out[i] = featureInfo{
			Name: f.Name, Kind: f.Kind.String(), Shape: f.Shape, Enumerated: f.Enumerated, Optional: f.Optional, Text: f.Text,
		}
		if f.Kind == coreml.KindMultiArray || f.Kind == coreml.KindState {
			out[i].DType = f.DType.String()
		}
		if f.Kind == coreml.KindImage {
			out[i].Pixels = f.Pixels.String()
		}
		out[i].Ranges = bounds(f.Ranges)
	}
	return out
}
