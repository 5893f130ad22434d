package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// doctorCmd is the verb doctor. It promises to say what of this system works, and
// what it did not look at: a part that was not checked is named, and never counted
// as sound. It runs the embedded model and needs no package. Its output is what a
// report of a fault should contain.
type doctorCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Help is printed by kong above the flags.
func (*doctorCmd) Help() string {
	return `Each engine that is there continues a story with the embedded model. The exit status is 1 when there is a problem.

Examples:

    coreml doctor
    coreml doctor --json`
}

// doctorReport is what doctor found. Its JSON is the output of --json.
//
// Lists are empty and not null where there is nothing.
type doctorReport struct {
	Version   string           `json:"version"`
	Go        string           `json:"go"`
	System    string           `json:"system"`
	CPU       doctorCPU        `json:"cpu"`
	Auto      string           `json:"auto_engine"`
	Engines   []doctorEngine   `json:"engines"`
	Framework *doctorFramework `json:"framework,omitempty"`
	Unchecked []string         `json:"unchecked"`
	// What makes the exit status 1.
	Problems    []string `json:"problems"`
	Environment []string `json:"environment"`
}

// doctorCPU says what the portable engine computes with.
type doctorCPU struct {
	Instructions string   `json:"instructions"`
	Available    []string `json:"available"`
	Threads      int      `json:"threads"`
	Problem      string   `json:"problem,omitempty"`
}

// doctorEngine is an engine and how it did with the embedded model.
type doctorEngine struct {
	Name    string   `json:"name"`
	Present bool     `json:"present"`
	Works   bool     `json:"works"`
	Devices []string `json:"devices,omitempty"`
	// Works and Problem exclude each other; Present without either means that it
	// was interrupted.
	Notes   []string `json:"notes,omitempty"`
	Problem string   `json:"problem,omitempty"`
}

// doctorFramework is what the framework's engine found in the running system.
//
// The lists have Objective-C names, as Apple's headers write them.
type doctorFramework struct {
	System    string   `json:"system"`
	Devices   []string `json:"devices"`
	States    bool     `json:"states"`
	CacheDir  string   `json:"cache_dir"`
	Checked   int      `json:"checked_entries"`
	Newer     []string `json:"newer_entries"`
	Missing   []string `json:"missing_entries"`
	Different []string `json:"different_entries"`
}

// Run is called by kong.
//
// A problem does not end it: the next one may be the cause.
func (c *doctorCmd) Run(ctx context.Context, io *streams, call *kong.Context) error {
	r := &doctorReport{
		Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     doctorCPU{kernel.CPU().Variant, kernel.Variants(), workpool.Cores(), kernel.CPU().Problem},
		Engines: []doctorEngine{}, Unchecked: []string{}, Problems: []string{}, Environment: environment(call.Model),
	}
	if r.CPU.Problem != "" {
		r.Problems = append(r.Problems, r.CPU.Problem)
	}
	for _, choice := range []coreml.EngineChoice{coreml.EngineFramework, coreml.EnginePortable} {
		if err := r.engine(ctx, choice); err != nil {
			return err
		}
	}
	r.auto()
	if err := r.framework(ctx); err != nil {
		return err
	}
	var err error
	if c.JSON {
		err = r.writeJSON(io.out)
	} else {
		err = r.writeText(io.out, io.sentence)
	}
	if err != nil {
		return err
	}
	if len(r.Problems) > 0 {
		return errFailed
	}
	return nil
}

// environment lists the variables that change what is run.
//
// Those of the system that change speed alone are not among them.
func environment(app *kong.Application) []string {
	list := []string{}
	for _, name := range []string{envEngine, kernel.EnvCPU, envConfig, "GOMAXPROCS", "HF_HOME", "HF_HUB_CACHE"} {
		if v, ok := os.LookupEnv(name); ok {
			list = append(list, name+"="+v)
		}
	}
	for name, flag := range variables(app) {
		switch v := os.Getenv(name); {
		case v == "":
		case isSecret(flag.Name):
			list = append(list, name+"=(secret)")
		default:
			list = append(list, name+"="+v)
		}
	}
	return list
}

// engine lets an engine continue a story with the embedded model.
func (r *doctorReport) engine(ctx context.Context, choice coreml.EngineChoice) error {
	e := doctorEngine{Name: choice.String(), Present: choice.Available()}
	if e.Present {
		err := e.try(ctx, choice)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			e.Works = true
		// An older system is no fault of the installation.
		case errors.Is(err, coreml.ErrUnsupportedOS):
			e.Problem = explain(err)
		default:
			e.Problem = explain(err)
			r.Problems = append(r.Problems, fmt.Sprintf("engine %s does not run the embedded model: %s", choice, e.Problem))
		}
	}
	r.Engines = append(r.Engines, e)
	return nil
}

// doctorTokens is how many tokens an engine has to continue a story by.
//
// Enough for a prompt in one prediction and tokens one by one behind a state.
const doctorTokens = 4

// try is the whole way from a package to text, with one engine.
func (e *doctorEngine) try(ctx context.Context, choice coreml.EngineChoice) (err error) {
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, &generate.Config{Model: &coreml.Config{Engine: choice}, MaxStates: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	info := g.Model().Info()
	e.Devices, e.Notes = info.Devices, info.Notes
	result, err := g.Generate(ctx, defaultVerifyPrompt, &generate.Options{MaxTokens: doctorTokens, Sampling: &generate.Sampling{}})
	if err == nil && len(result.Tokens) == 0 {
		err = errors.New("it gave no tokens")
	}
	return err
}

// auto finds out which engine is taken when none is named.
//
// It repeats the library's choice in place of asking for it, to say why there is
// none.
func (r *doctorReport) auto() {
	choice := coreml.EngineAuto
	if name := os.Getenv("COREML_ENGINE"); name != "" {
		if err := choice.UnmarshalText([]byte(name)); err != nil {
			r.Auto = "none"
			r.Problems = append(r.Problems, "COREML_ENGINE: "+strings.TrimPrefix(err.Error(), "coreml: "))
			return
		}
	}
	switch {
	case choice != coreml.EngineAuto:
		r.Auto = choice.String()
	case r.Engines[0].Present:
		r.Auto = coreml.EngineFramework.String()
	default:
		r.Auto = coreml.EnginePortable.String()
	}
	if choice == coreml.EngineFramework && !r.Engines[0].Present {
		r.Problems = append(r.Problems, "COREML_ENGINE asks for the framework, which this system does not have")
	}
}

// framework asks the framework's engine what the system gives it.
//
// What cannot be looked at here is named, with the command that looks at it on a
// Mac.
func (r *doctorReport) framework(ctx context.Context) error {
	// Only the framework's engine can be asked, and on other systems there is none.
	examiner, ok := engine.Lookup(coreml.EngineFramework.String()).(engine.Examiner)
	if !ok {
		r.Unchecked = append(r.Unchecked,
			"Core ML's classes, methods and types, and the Neural Engine and GPU: this system has no CoreML.framework; run coreml doctor on macOS",
			"whether Core ML gives the same results as the portable engine: run coreml verify on macOS")
		return nil
	}
	x, err := examiner.Examine(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.Problems = append(r.Problems, "CoreML.framework: "+explain(err))
		return nil
	}
	r.Framework = &doctorFramework{
		System: x.System, Devices: orEmpty(x.Devices), States: x.States, CacheDir: x.CacheDir,
		Checked: x.Checked, Newer: orEmpty(x.Newer), Missing: orEmpty(x.Missing), Different: orEmpty(x.Different),
	}
	for _, name := range x.Missing {
		r.Problems = append(r.Problems, "Core ML lacks "+name)
	}
	for _, name := range x.Different {
		r.Problems = append(r.Problems, "Core ML declares otherwise: "+name)
	}
	return nil
}

// writeJSON prints the report for programs.
func (r *doctorReport) writeJSON(out io.Writer) error { return printIndented(out, r) }

// writeText prints the report for people: what there is first, what is wrong last,
// where it is still on the screen.
func (r *doctorReport) writeText(out io.Writer, sentence func(string) string) error {
	var b strings.Builder
	t := table{}
	t.row("coreml", r.Version+", "+r.Go)
	t.row("system", r.system())
	t.row("cpu", fmt.Sprintf("%s (of %s), %d threads", r.CPU.Instructions, strings.Join(r.CPU.Available, ", "), r.CPU.Threads))
	for i := range r.Engines {
		t.row(r.Engines[i].Name, r.Engines[i].text())
	}
	t.row("by default", r.Auto)
	if len(r.Environment) > 0 {
		t.row("environment", strings.Join(r.Environment, " "))
	}
	if f := r.Framework; f != nil {
		f.rows(&t)
	}
	b.WriteString(t.fit(out))
	for i := range r.Engines {
		for _, note := range r.Engines[i].Notes {
			b.WriteString(sentence("note: " + r.Engines[i].Name + ": " + plain(note)))
		}
	}
	if f := r.Framework; f != nil {
		for _, name := range f.Newer {
			b.WriteString(sentence("newer than this system: " + plain(name)))
		}
	}
	for _, text := range r.Unchecked {
		b.WriteString(sentence("not checked: " + text))
	}
	for _, text := range r.Problems {
		b.WriteString(sentence("problem: " + plain(text)))
	}
	if len(r.Problems) == 0 {
		b.WriteString("no problems found\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// system is the operating system, as exactly as it is known.
func (r *doctorReport) system() string {
	if r.Framework != nil && r.Framework.System != "" {
		return r.Framework.System + " (" + r.System + ")"
	}
	return r.System
}

// text is an engine's line.
func (e *doctorEngine) text() string {
	switch {
	case !e.Present:
		return "not on this system"
	case !e.Works:
		return "does not run the embedded model: " + e.Problem
	}
	return "runs the embedded model on " + strings.Join(e.Devices, ", ")
}

// rows are the lines about the framework. The binding is the list of Objective-C
// classes and methods that the engine calls by name: one that the system declares
// otherwise would crash the process.
func (f *doctorFramework) rows(t *table) {
	t.row("devices", strings.Join(f.Devices, ", "))
	states := "no: they need macOS 15"
	if f.States {
		states = "yes"
	}
	t.row("states", states)
	t.row("compiled", filepath.Clean(f.CacheDir))
	t.row("binding", fmt.Sprintf("%d entries checked: %d missing, %d different, %d newer than this system",
		f.Checked, len(f.Missing), len(f.Different), len(f.Newer)))
}
