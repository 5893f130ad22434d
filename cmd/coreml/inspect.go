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
	Model    string `arg:"" help:"The model package, a folder with one in it or with those of one model, or org/name[@revision][:path] of a hub."`
	Function string `help:"Show this function only." placeholder:"NAME"`
	JSON     bool   `help:"Print one JSON object."`
	// Forms of output, of which a call has one.
	MIL     bool `name:"mil" help:"Print the program in place of the summary: the text of a compiled model's model.mil."`
	Listing bool `help:"Print the program as coremltools does, with small constants where they are used."`
	Plan    bool `help:"Print what the engine makes of the function in place of the summary."`
	Verify  bool `help:"Hash again what the local cache has of a repository, org/name, in place of the summary."`

	Driver     string `help:"A driver file, as for generate; the package is asked whether it fits." placeholder:"FILE"`
	DriverJSON bool   `name:"driver-json" help:"Print the driver as a driver file, for editing, in place of the summary."`

	ComputeUnits unitsFlag `help:"Devices to plan for: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	engineFlags
	hubFlags
}

// Help is printed by kong above the flags.
func (*inspectCmd) Help() string {
	return `Examples:

    coreml inspect Model.mlpackage
    coreml inspect Model.mlpackage --json
    coreml inspect Model.mlpackage --mil --function main
    coreml inspect Model.mlmodelc --listing
    coreml inspect Model.mlpackage --plan --arithmetic fast
    coreml inspect FOLDER --driver-json > driver.json
    coreml inspect org/name
    coreml inspect org/name --verify`
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

// idle implements idler.
func (c *inspectCmd) idle(given flagSet) []string {
	switch {
	case c.Verify:
		return given.without("with --verify: files are hashed and nothing is loaded", "compute-units", "engine", "arithmetic", "threads", "function", "offline")
	case c.MIL || c.Listing:
		flag := "--mil"
		if c.Listing {
			flag = "--listing"
		}
		return given.without("with "+flag+": the program is printed as the package has it", "compute-units", "engine", "arithmetic", "threads")
	}
	return nil
}

// Run is called by kong.
func (c *inspectCmd) Run(ctx context.Context, io *streams) (err error) {
	// They are three answers to three questions, and one standard output.
	if c.MIL && c.Plan || c.JSON && (c.MIL || c.Plan) {
		return usagef("--json, --mil and --plan exclude each other")
	}
	if c.Listing && (c.MIL || c.Plan || c.JSON || c.Verify) {
		return usagef("--listing excludes --json, --mil, --plan and --verify")
	}
	if c.Verify {
		if c.MIL || c.Plan {
			return usagef("--verify, --mil and --plan exclude each other")
		}
		return c.verify(ctx, io)
	}
	at, err := c.folders(io).model(ctx, c.Model)
	if err != nil {
		return err
	}
	c.Model = at.path
	switch {
	case c.DriverJSON:
		return c.printDriver(ctx, io, c.Model)
	case at.several != nil:
		if err := c.folder(ctx, io, at.several); err != nil && ctx.Err() == nil {
			return at.several.because(err)
		}
		return ctx.Err()
	}
	if c.Plan {
		return showPlan(ctx, io.out, c.Model, c.configFor(c.Function))
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
	if c.MIL || c.Listing {
		return c.print(io, program)
	}
	info, err := c.info(ctx, pkg, program)
	if err != nil {
		return err
	}
	if err := c.addText(ctx, info); err != nil {
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
	write := mil.WriteText
	if c.Listing {
		write = mil.Print
	}
	if c.Function == "" {
		return write(io.out, program)
	}
	f := program.Function(c.Function)
	if f == nil {
		return fmt.Errorf("%s: no function %q", c.Model, c.Function)
	}
	return write(io.out, &mil.Program{Version: program.Version, Attributes: program.Attributes, Functions: []*mil.Function{f}})
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
			f.DriverError, f.Embeddings = whyNoText(err), embeddingsOf(d)
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

// configFor returns what the flags mean to the library for one function.
func (c *inspectCmd) configFor(function string) *coreml.Config {
	cfg := c.config()
	cfg.Function, cfg.ComputeUnits = function, coreml.ComputeUnits(c.ComputeUnits)
	return cfg
}

// tryLoad finds out what the engine says to the function.
func (c *inspectCmd) tryLoad(ctx context.Context, function string, info *packageInfo) {
	m, err := coreml.Load(ctx, c.Model, c.configFor(function))
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
