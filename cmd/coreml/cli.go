package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/hub"
)

// cli is the command line.
//
// A verb is a struct whose Run kong calls; its tags are the flags and their help.
// The order here is that of the help.
type cli struct {
	Generate   generateCmd   `cmd:"" help:"Continue a prompt, or answer it where the model has a chat template."`
	Chat       chatCmd       `cmd:"" help:"Hold a conversation with a model, or go on with a text together."`
	Score      scoreCmd      `cmd:"" help:"Say how likely a model holds each token of a text to be, and the perplexity of the whole."`
	Embed      embedCmd      `cmd:"" help:"Make vectors of texts, or rank texts for a query."`
	Serve      serveCmd      `cmd:"" help:"Serve models over HTTP: the APIs of OpenAI and Anthropic, and a page for conversations."`
	Pull       pullCmd       `cmd:"" help:"Download a repository of a hub into the local cache."`
	List       listCmd       `cmd:"" aliases:"ls" help:"Show what lies in the local cache of downloads."`
	Rm         rmCmd         `cmd:"" help:"Delete repositories or revisions from the local cache."`
	Inspect    inspectCmd    `cmd:"" help:"Show what a package holds."`
	Check      checkCmd      `cmd:"" help:"Compare a package with recorded answers."`
	Verify     verifyCmd     `cmd:"" help:"Run a prompt on Core ML and on the portable engine and compare the results."`
	Doctor     doctorCmd     `cmd:"" help:"Show what this system offers to run models with."`
	Predict    predictCmd    `cmd:"" help:"Make one prediction, or serve predictions to another program."`
	Bench      benchCmd      `cmd:"" help:"Measure how fast a model runs here."`
	Convert    convertCmd    `cmd:"" help:"Make a package of a trained model, such as a checkpoint of Hugging Face's hub."`
	Compress   compressCmd   `cmd:"" help:"Make a package with smaller weights."`
	Edit       editCmd       `cmd:"" help:"Change what a package says of itself and which functions it has."`
	Synth      synthCmd      `cmd:"" help:"Make a package with random weights, to measure with."`
	Tokenize   tokenizeCmd   `cmd:"" help:"Turn text into the ids of a vocabulary, and back."`
	Grammar    grammarCmd    `cmd:"" help:"Show whether a JSON schema or another grammar compiles, and which values it takes."`
	Config     configCmd     `cmd:"" help:"Show which settings hold, from the environment and the file of settings."`
	Completion completionCmd `cmd:"" help:"Print a script that completes commands, flags and values in a shell."`
	Man        manCmd        `cmd:"" help:"Print a page of the manual, or write all of them."`
	Version    versionCmd    `cmd:"" help:"Show the version."`

	// Both forms are in use: git has one, Go the other.
	ShowVersion versionFlag `name:"version" help:"Show the version."`
}

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
	var set settings
	helped := false
	parser, err := kong.New(&c,
		kong.Name("coreml"),
		kong.Description(aboutCommand),
		// The width of the help is that of the terminal, which kong asks itself.
		kong.Writers(s.raw, s.err),
		// Help is printed while the arguments are parsed; parsing goes on then.
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(helpOptions()),
		kong.Help(helpFor(s)),
		kong.ValueFormatter(helpText),
		// A negative number and "-", which means standard input, are values.
		kong.WithHyphenPrefixedParameters(true),
		kong.Vars(synthVars()),
		kong.PostBuild(needValues),
		kong.Resolvers(&set),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s, &set),
	)
	if err != nil {
		return err
	}
	if len(args) > 0 && args[0] == completeWord {
		return complete(ctx, parser.Model, args[1:], s.raw)
	}
	if len(args) == 0 {
		// Who types the bare name wants to know what there is.
		args = []string{"--help"}
	}
	if args[0] == "help" {
		// What git and go call it. It is no command of its own, which would have flags and settings.
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		return set.blame(callError(err))
	}
	set.warn(s.err)
	tellIdle(s.err, parsed)
	err = parsed.Run()
	if err == nil || ctx.Err() != nil || errors.Is(err, errFailed) || isBrokenPipe(err) {
		return err
	}
	return set.blame(err)
}

// status tells of an error and returns the exit status for it.
func status(ctx context.Context, err error, stderr io.Writer) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	// As head closes the pipe when it has enough.
	case isBrokenPipe(err) && !ofHub(err):
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
	if unsupportedSchema(err) {
		return exitUnsupported
	}
	return exitFailure
}

// ofHub reports whether an error is of a request to a hub, whose connection can be a
// broken pipe too.
func ofHub(err error) bool {
	_, ok := errors.AsType[*hub.Error](err)
	return ok
}
