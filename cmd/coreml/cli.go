package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/coreml"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// cli is the command line.
type cli struct {
	Generate generateCmd `cmd:"" help:"Continue a prompt, or answer it where the model has a chat template."`
	Inspect  inspectCmd  `cmd:"" help:"Show what a package holds."`
	Check    checkCmd    `cmd:"" help:"Compare a package with recorded answers."`
	Verify   verifyCmd   `cmd:"" help:"Run a prompt on Core ML and on the portable engine and compare the results."`
	Doctor   doctorCmd   `cmd:"" help:"Show what this system offers to run models with."`
	Predict  predictCmd  `cmd:"" help:"Make one prediction, or serve predictions to another program."`
	Bench    benchCmd    `cmd:"" help:"Measure how fast a model runs here."`
	Synth    synthCmd    `cmd:"" help:"Make a package with random weights, to measure with."`
	Tokenize tokenizeCmd `cmd:"" help:"Turn text into the ids of a vocabulary, and back."`
	Version  versionCmd  `cmd:"" help:"Show the version."`
}

// engineFlags say how a model is run.
type engineFlags struct {
	Engine     engineFlag     `help:"What runs the model: auto, framework or portable." default:"auto" placeholder:"NAME"`
	Arithmetic arithmeticFlag `help:"How the portable engine rounds: faithful, wide, fast, or default, which is fast for generate and bench and faithful otherwise." default:"default" placeholder:"NAME"`
	Threads    int            `help:"Most threads to use; 0 means as many as there are cores." default:"0" placeholder:"N"`
}

func (f *engineFlags) config() *coreml.Config {
	return &coreml.Config{
		Engine: coreml.EngineChoice(f.Engine), Arithmetic: coreml.Arithmetic(f.Arithmetic), Threads: f.Threads,
	}
}

// Validate is called by kong.
func (f *engineFlags) Validate() error {
	if f.Threads < 0 {
		return fmt.Errorf("--threads: %d is negative", f.Threads)
	}
	return nil
}

type engineFlag coreml.EngineChoice

// UnmarshalText reads the name of an engine.
func (f *engineFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.EngineChoice)(f), text)
}

type arithmeticFlag coreml.Arithmetic

// UnmarshalText reads the name of a kind of arithmetic.
func (f *arithmeticFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.Arithmetic)(f), text)
}

type unitsFlag coreml.ComputeUnits

// UnmarshalText reads the name of compute units, also as Swift spells it:
// cpuAndGPU.
func (f *unitsFlag) UnmarshalText(text []byte) error {
	name := string(text)
	switch strings.ToLower(strings.ReplaceAll(name, "-", "")) {
	case "cpuonly":
		name = "cpu-only"
	case "cpuandgpu":
		name = "cpu-and-gpu"
	case "cpuandneuralengine":
		name = "cpu-and-neural-engine"
	}
	return choice((*coreml.ComputeUnits)(f), []byte(name))
}

// choice reads a name without the prefix that the error has inside a program.
func choice(v interface{ UnmarshalText([]byte) error }, text []byte) error {
	if err := v.UnmarshalText(text); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "coreml: "))
	}
	return nil
}

// usageError is a call that cannot be understood.
type usageError struct{ text string }

// Error returns what is wrong with the call.
func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errFailed ends a command with a failure that it has told about already.
var errFailed = errors.New("failed")

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	io := &streams{in: stdin, out: stdout, err: stderr}
	helped := false
	parser, err := kong.New(&c,
		kong.Name("coreml"),
		kong.Description("Run Core ML language models anywhere."),
		kong.Writers(stdout, stderr),
		// Help is printed while the arguments are parsed; parsing goes on then.
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.WithHyphenPrefixedParameters(true),
		kong.Vars(synthVars()),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		return status(ctx, err, stderr)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		return status(ctx, usagef("%v (see coreml --help)", err), stderr)
	}
	return status(ctx, parsed.Run(), stderr)
}

// status tells of an error and returns the exit status for it.
func status(ctx context.Context, err error, stderr io.Writer) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case isBrokenPipe(err):
		// Whoever reads the output has had enough of it.
		return exitOK
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return exitInterrupted
	case errors.Is(err, errFailed):
		return exitFailure
	case errors.As(err, &usage):
		complain(stderr, err)
		return exitUsage
	}
	complain(stderr, err)
	return exitFailure
}

// packagePrefixes name the packages that an error passed through, which a
// program needs to know and a person does not.
var packagePrefixes = strings.NewReplacer(": generate: ", ": ", ": coreml: ", ": ", ": tokenizer: ", ": ")

func complain(stderr io.Writer, err error) {
	text := packagePrefixes.Replace(": " + err.Error())
	_, _ = fmt.Fprintf(stderr, "coreml%s\n", text)
}
