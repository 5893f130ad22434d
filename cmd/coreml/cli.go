package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
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
//
// A verb is a struct whose Run kong calls; its tags are the flags and their help.
// The order here is that of the help.
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

	// Both forms are in use: git has one, Go the other.
	ShowVersion versionFlag `name:"version" help:"Show the version."`
}

// engineFlags say how a model is run.
//
// Verbs that run models embed them. Their defaults are the library's.
type engineFlags struct {
	Engine     engineFlag     `help:"What runs the model: auto, framework or portable." default:"auto" placeholder:"NAME"`
	Arithmetic arithmeticFlag `help:"How the portable engine rounds: faithful, wide, fast, or default: fast for generate and bench, faithful otherwise." default:"default" placeholder:"NAME"`
	Threads    int            `help:"Most threads to use; 0 means as many as there are cores." default:"0" placeholder:"N"`
}

// config returns what the flags mean to the library.
func (f *engineFlags) config() *coreml.Config {
	return &coreml.Config{
		Engine: coreml.EngineChoice(f.Engine), Arithmetic: coreml.Arithmetic(f.Arithmetic), Threads: f.Threads,
	}
}

// Validate is called by kong.
func (f *engineFlags) Validate() error {
	return atLeast("--threads", f.Threads, 0, "as many as there are cores")
}

// AfterApply is called by kong. It refuses the framework where there is none
// before anything is loaded for it.
func (f *engineFlags) AfterApply() error {
	return available(coreml.EngineChoice(f.Engine), "--engine")
}

// available refuses to go on with an engine that this system does not have. flag
// is where the user chose it.
func available(choice coreml.EngineChoice, flag string) error {
	// The library reads the variable too, and says what is wrong with it when a
	// package is loaded, as if the package were to blame.
	if name := os.Getenv("COREML_ENGINE"); choice == coreml.EngineAuto && name != "" {
		if err := choice.UnmarshalText([]byte(name)); err != nil {
			// Before anything is loaded: it is the variable that is wrong, not a package.
			return &refusal{usagef("the environment variable COREML_ENGINE is %s: it must be auto, framework or portable, or not set", quoted(firstLine(name)))}
		}
		flag = "COREML_ENGINE"
	}
	if choice != coreml.EngineFramework || choice.Available() {
		return nil
	}
	instead := "--engine portable runs"
	if flag != "--engine" {
		instead = flag + "=portable runs"
	}
	return &refusal{fmt.Errorf("%s=framework is Apple's Core ML, which only macOS has, and this is %s: %s the model here%w",
		flag, runtime.GOOS, instead, silent{coreml.ErrNoEngine})}
}

// silent is an error that adds nothing to the text of what wraps it.
type silent struct{ error }

// Error returns nothing.
func (silent) Error() string { return "" }

// Unwrap returns the error.
func (s silent) Unwrap() error { return s.error }

// engineFlag is a choice that kong can read: it asks for UnmarshalText, whose
// errors of the library begin with its name.
type engineFlag coreml.EngineChoice

// UnmarshalText reads the name of an engine.
func (f *engineFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.EngineChoice)(f), text)
}

// arithmeticFlag is a choice that kong can read.
type arithmeticFlag coreml.Arithmetic

// UnmarshalText reads the name of a kind of arithmetic.
func (f *arithmeticFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.Arithmetic)(f), text)
}

// unitsFlag is a choice that kong can read.
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

// usagef makes the error of a call that cannot be understood; its exit status is 2.
func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// refusal is an error that was found while the arguments were read, in a call
// that is right as such.
type refusal struct{ error }

// Unwrap returns the error.
func (r *refusal) Unwrap() error { return r.error }

// errFailed ends a command with a failure that it has told about already.
var errFailed = errors.New("failed")

// run is the program: it returns the exit status.
//
// It takes everything from its parameters, so that a test is a call of it; only the
// environment and the working folder are the process's.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := newStreams(stdin, stdout, stderr)
	err := execute(ctx, args, s)
	// A character that was cut off may be held back.
	if last := s.finish(); err == nil {
		err = last
	}
	return status(ctx, err, s.err)
}

// execute reads the arguments and runs the verb.
func execute(ctx context.Context, args []string, s *streams) error {
	var c cli
	helped := false
	parser, err := kong.New(&c,
		kong.Name("coreml"),
		kong.Description(aboutCommand),
		// The width of the help is that of the terminal, which kong asks itself.
		kong.Writers(s.raw, s.err),
		// Help is printed while the arguments are parsed; parsing goes on then.
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(helpOptions()),
		kong.ValueFormatter(helpText),
		// A negative number and "-", which means standard input, are values.
		kong.WithHyphenPrefixedParameters(true),
		kong.Vars(synthVars()),
		kong.PostBuild(needValues),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		// Who types the bare name wants to know what there is.
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		return callError(err)
	}
	tellIdle(s.err, parsed)
	return parsed.Run()
}

// status tells of an error and returns the exit status for it.
func status(ctx context.Context, err error, stderr io.Writer) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	// As head closes the pipe when it has enough.
	case isBrokenPipe(err):
		// Whoever reads the output has had enough of it.
		return exitOK
	// Nothing is said: who pressed Ctrl-C knows.
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
