package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// generateCmd is the verb generate. It promises that standard output has the answer
// and nothing else, as the model gives it and while it is made, so that it can be
// piped: measures, hints and the notes about flags go to standard error, and none
// of them comes with --quiet. With --json standard output has one object in its
// place. What the flags do not say is taken from the model's own settings, those
// from the library's defaults; flags change them one by one.
//
// The prompt and the package are both arguments without a name because that is how
// Apple's swift-transformers takes them; a wrong order is told of, and not guessed
// at.
type generateCmd struct {
	// A pointer, since an empty prompt is one that was given: it is refused with
	// words of its own, and standard input is not read for it.
	Prompt   *string `arg:"" optional:"" help:"The prompt, in quotes; - reads it from standard input, as a pipe or a file there is without asking."`
	Package  string  `arg:"" optional:"" help:"The model package, as --model gives it too."`
	Prompts  string  `help:"Answer the lines of this file, each a prompt, in place of one prompt; - is standard input. Needs --json: an object for each line." placeholder:"FILE"`
	Requests string  `help:"Answer the lines of this file, each a JSON object with a prompt and options of its own, such as a function or a temperature (docs/stdio.md); - is standard input. Needs --json." placeholder:"FILE"`

	// Where the parts of the model lie, and how the prompt becomes tokens.
	Model     string `short:"m" help:"The model package, a folder with one in it, or the name of a repository, org/name[@revision][:path], which is downloaded. Without it a small storyteller answers." placeholder:"MODEL"`
	Tokenizer string `aliases:"tokenizer-path" help:"Folder with the tokenizer, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it: beside the package, else that of the repository that the package was made from." placeholder:"PATH"`
	tokenizerFlags
	System string `help:"A system message for the chat template." placeholder:"TEXT"`
	Raw    bool   `help:"Continue the prompt as it is, without a chat template."`
	chatFlags

	Image []string `sep:"none" help:"A picture (.png, .jpeg) for a model that takes some, one for each placeholder in the prompt, in their order; it is scaled to the model's size. May be repeated." placeholder:"FILE"`

	// When the answer ends, besides the model's own end. The alias is the name that
	// Hugging Face's generate has.
	MaxTokens int      `short:"n" aliases:"max-length" help:"Most tokens to generate; 0 means as the model says, else 256; -1 until the context is full." default:"0" placeholder:"N"`
	Stop      []string `sep:"none" help:"A text that ends the answer; may be repeated." placeholder:"TEXT"`
	samplingFlags
	guidanceFlags
	searchFlags
	sessionFlags

	// What the answer may be.
	grammarFlags

	// How the package is run.
	packageFlags
	speculateFlags
	engineFlags
	hubFlags

	compiled *grammar.Grammar // what the flags say, nil for any answer
	verb     string           // whose flags they are, where that is another one

	// What is printed.
	JSON     bool `help:"Print one JSON object with the answer and its measures in place of the text."`
	LogProbs *int `name:"logprobs" help:"With --json: the log-probability of each token, and of the N likeliest in its place, before penalties and temperature; 0 to 100." placeholder:"N"`
	Quiet    bool `short:"q" help:"Print the answer alone: no statistics, no hints, no progress of a download, and on a terminal not the prompt before it."`
}

// Help is printed by kong above the flags.
func (*generateCmd) Help() string {
	return `Examples:

    coreml generate "Once upon a time"
    coreml generate "Why is the sky blue?" Model.mlpackage
    coreml generate -m org/name "Why is the sky blue?"
    coreml generate --model Model.mlpackage --raw --temperature 0.7 --top-k 50 "A place to visit is"
    coreml generate -m Model.mlpackage --system "Answer in one sentence." "Why is the sky blue?"
    coreml generate -m Model.mlpackage --template-var enable_thinking=false "Why is the sky blue?"
    coreml generate -m Model.mlpackage --json - < prompt.txt
    coreml generate -m Model.mlpackage --schema person.json "Describe a person as JSON."
    coreml generate -m Model.mlpackage --choice yes --choice no "Is the sky blue?"
    coreml generate -m Model.mlpackage --speculate "Correct the spelling of this text: ..."
    coreml generate -m FOLDER --image cat.png "What is this? <image>"
    coreml generate -m Model.mlpackage --session talk.session "And at night?"
    coreml generate -m Model.mlpackage --prompts questions.txt --json > answers.jsonl
    coreml generate -m Model.mlpackage --requests requests.jsonl --json > answers.jsonl
    coreml generate -m Model.mlpackage --json --logprobs 5 "Why is the sky blue?"
    coreml generate -m Model.mlpackage --json --answers 4 --temperature 1 --xtc-probability 0.5 "A name for a cat:"
    coreml generate -m Model.mlpackage --beams 4 --no-repeat-ngram 3 "Why is the sky blue?"
    coreml generate -m Model.mlpackage --guidance-scale 1.5 --negative-prompt "Be rude." "Why is the sky blue?"

A session remembers the conversation and what the model has read of it, so that the next call reads only what is new. It is refused with status 1 where the model, the tokenizer or the driver is another one, or the file is damaged; what contradicts it, such as a system message for one that has begun, is status 2. The file is replaced as a whole when the answer has ended: after an error or Ctrl-C it is what it was.

The sampling flags change the settings that the model comes with, one by one. On a terminal the prompt is shown before the answer.`
}

// Validate is called by kong.
//
// All that is wrong is told at once: who mends one flag should not find the next
// one only then.
func (c *generateCmd) Validate() error {
	if c.MaxTokens < -1 {
		return fmt.Errorf("--max-tokens is %d: it must be -1 or more; 0 means as the model says, -1 until the context is full", c.MaxTokens)
	}
	if c.LogProbs != nil {
		if err := between("--logprobs", *c.LogProbs, 0, generate.MaxLogProbs); err != nil {
			return err
		}
	}
	return errors.Join(checkChunk(c.PrefillChunk), c.samplingFlags.check(), c.guidanceFlags.check(), c.searchFlags.check(), c.sessionFlags.check(), c.grammarFlags.check(), c.chatFlags.check(), c.engineFlags.Validate())
}

// checkChunk checks the number of prompt tokens per prediction.
//
// The number -1 has a meaning here and in --max-tokens, where other counts have
// none below 0.
func checkChunk(n int) error {
	if n < -1 {
		return fmt.Errorf("--prefill-chunk is %d: it must be -1 or more; 0 means 128, -1 the whole prompt", n)
	}
	return nil
}

// Run is called by kong.
func (c *generateCmd) Run(ctx context.Context, io *streams) error {
	if err := c.check(); err != nil {
		return err
	}
	// What is wrong with a grammar shows before a model is opened.
	var err error
	if c.compiled, err = c.compile(); err != nil {
		return err
	}
	if c.Prompts != "" || c.Requests != "" {
		return c.runPrompts(ctx, io)
	}
	prompt, err := c.prompt(ctx, io)
	if err != nil {
		return err
	}
	g, err := c.open(ctx, io, c.states())
	if err != nil {
		return err
	}
	if !c.Quiet {
		note(io.err, c.idleWith(c.effective(g.Generator)))
	}
	if c.searches() {
		return errors.Join(c.search(ctx, g.Generator, prompt, io), g.Close())
	}
	answer, err := c.answer(ctx, g.Generator, prompt, io)
	unsaved, _ := errors.AsType[*unsavedError](err)
	if unsaved != nil { // the answer is there all the same
		err = nil
	}
	if cerr := g.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		err = writeJSON(io.out, answer)
	case !c.Quiet:
		err = writeMeasures(io.err, answer)
	}
	if err == nil && unsaved != nil {
		err = unsaved
	}
	return err
}

// writeMeasures prints what people want to know of an answer.
func writeMeasures(w io.Writer, answer *generate.Result) error {
	if err := writeStats(w, answer); err != nil {
		return err
	}
	if hint := repeatHint(answer); hint != "" {
		_, err := io.WriteString(w, told(w, hint))
		return err
	}
	return nil
}

// effective is how tokens are chosen in the end.
func (c *generateCmd) effective(g *generate.Generator) *generate.Sampling {
	own := g.Defaults().Sampling
	return cmp.Or(c.sampling(own), own)
}

// check refuses calls whose parts contradict each other, and those in which the two
// arguments have most likely changed places: a model would answer a prompt such as
// "model.mlpackage" without complaint.
func (c *generateCmd) check() error {
	file, flag := c.Prompts, "prompts"
	if c.Requests != "" {
		file, flag = c.Requests, "requests"
	}
	switch {
	case c.Prompts != "" && c.Requests != "":
		return usagef("the prompts are given twice: --prompts %s and --requests %s", quoted(c.Prompts), quoted(c.Requests))
	case file != "" && c.Prompt != nil:
		return usagef("the prompts are given twice: %s and --%s %s; the package goes to --model", quoted(*c.Prompt), flag, quoted(file))
	case file != "" && !c.JSON:
		return usagef("--%s needs --json, which prints an object for each prompt", flag)
	case c.LogProbs != nil && !c.JSON:
		return usagef("--logprobs needs --json, which prints them")
	case file != "" && c.searches():
		return usagef("--answers and --beams are of one prompt and do not go with --%s", flag)
	case file != "" && c.Session != "":
		return usagef("--session is of one prompt and does not go with --%s", flag)
	case c.Session != "" && c.searches():
		return usagef("--answers and --beams do not go with --session, which goes on with one answer")
	case c.Session != "" && guides(c.GuidanceScale):
		return usagef("--guidance-scale does not go with --session: it needs a state of its own")
	case c.Beams > 0 && c.bound() != "":
		return usagef("%s does not go with --beams", c.bound())
	case c.Session != "" && len(c.Image) > 0:
		return usagef("--image does not go with --session: the rows of pictures are not saved")
	case file != "" && len(c.Image) > 0:
		return usagef("--image is of one prompt and does not go with --%s", flag)
	case c.Model != "" && c.Package != "":
		return usagef("the model is given twice: %s and --model %s; a prompt of several words needs quotes", quoted(c.Package), quoted(c.Model))
	case c.Raw && c.System != "":
		return usagef("--system needs the chat template, which --raw leaves out")
	case c.Raw && c.chatFlags.given():
		return usagef("--%s is for the chat template, which --raw leaves out", c.chatFlags.first())
	case c.Prompt != nil && c.Model == "" && looksLikePackage(*c.Prompt):
		return usagef("%s is a package, and the prompt comes first: coreml generate \"Once upon a time\" --model %s", quoted(*c.Prompt), plain(*c.Prompt))
	}
	if c.Model == "" {
		c.Model = c.Package
		// A second argument without an ending is a word of the prompt, which the
		// shell has split.
		if c.Package != "" && !onDisk(c.Package) && filepath.Ext(c.Package) == "" && !isName(c.Package) {
			return usagef("there is no model package %s; if it belongs to the prompt, put the prompt in quotes, as in coreml generate \"Once upon a time\"", quoted(c.Package))
		}
	}
	return nil
}

// prompt returns the prompt. One that is blank says nothing to a model, which
// would answer all the same.
func (c *generateCmd) prompt(ctx context.Context, s *streams) (string, error) {
	var text string
	switch {
	case c.Prompt != nil && *c.Prompt != "-":
		text = *c.Prompt
	case c.Prompt == nil && !isPiped(s.in) && c.goesOn():
		return "", nil
	case c.Prompt == nil && !isPiped(s.in):
		return "", usagef("generate needs a prompt, as in coreml generate \"Once upon a time\"; - reads it from standard input (see coreml generate --help)")
	default:
		data, err := readInput(ctx, s)
		if err != nil {
			return "", err
		}
		// The new line at the end is the file's or the shell's. To a model it would
		// be the end of a paragraph.
		text = strings.TrimRight(string(data), "\r\n")
	}
	// An empty prompt that is given as such, to be continued as it is, begins with the
	// token that the tokenizer puts before every text.
	if c.Prompt == nil && strings.TrimSpace(text) == "" && c.goesOn() {
		return "", nil // the last answer goes on
	}
	if bare := c.Raw && c.Session == "" && c.Prompt != nil && *c.Prompt == ""; strings.TrimSpace(text) == "" && !bare {
		return "", usagef("the prompt is empty: there is nothing to continue or to answer (see coreml generate --help)")
	}
	return text, nil
}

// open loads the model for so many conversations at once, 0 for the library's number.
// For one prompt a second state would cost as much memory as the first and never be
// used.
func (c *generateCmd) open(ctx context.Context, s *streams, states int) (*drafted, error) {
	cfg := c.config()
	cfg.ComputeUnits, cfg.Function = c.units(), c.Function
	driver, err := modelDriver(c.Model, c.Driver)
	if err != nil {
		return nil, err
	}
	f := c.finder(s, c.Quiet)
	f.folders = true
	d := &drafted{}
	if d.draft, err = c.openDraft(ctx, f, states); err != nil {
		return nil, err
	}
	d.Generator, err = openModel(ctx, f, c.Model, c.Tokenizer, &generate.Config{
		Model: cfg, Driver: driver, PrefillChunk: c.PrefillChunk, MaxStates: states, Loader: c.loader(), Draft: d.draft, Speculation: c.speculation(),
	})
	if err != nil {
		if d.draft != nil {
			err = errors.Join(err, d.draft.Close())
		}
		return nil, c.blame(err)
	}
	return d, nil
}

// units are the devices that the flag names.
func (c *generateCmd) units() coreml.ComputeUnits { return coreml.ComputeUnits(c.ComputeUnits) }

// chats reports whether the prompt goes through the chat template.
func (c *generateCmd) chats(g *generate.Generator) bool {
	return !c.Raw && g.HasChatTemplate()
}

// options returns what the flags ask for, with what the chat template is given.
func (c *generateCmd) options(g *generate.Generator) (*generate.Options, error) {
	sampling, err := c.resolve(g)
	if err != nil {
		return nil, err
	}
	opts := &generate.Options{MaxTokens: c.MaxTokens, Stop: c.Stop, Sampling: sampling, Grammar: c.compiled, LogProbs: c.logProbs(), Overflow: c.overflow(), ReasoningBudget: c.ReasoningBudget}
	opts.Guidance = c.guidance(c, g)
	switch {
	case c.chats(g):
		opts.Chat = &tokenizer.ChatOptions{}
		return opts, c.chatFlags.apply(g.Tokenizer(), opts.Chat)
	case c.overflow() == generate.OverflowDropTurns:
		return nil, usagef("--overflow drop-turns is for conversations, and this call continues a text, which can slide")
	case c.System != "":
		return nil, fmt.Errorf("--system: %w", generate.ErrNoChatTemplate)
	case c.chatFlags.given():
		return nil, fmt.Errorf("--%s: %w", c.chatFlags.first(), generate.ErrNoChatTemplate)
	}
	return opts, nil
}

// messages are the prompt as a conversation.
func (c *generateCmd) messages(prompt string) []tokenizer.Message {
	var list []tokenizer.Message
	if c.System != "" {
		list = append(list, tokenizer.Message{Role: "system", Content: c.System})
	}
	return append(list, tokenizer.Message{Role: "user", Content: prompt})
}

// stream starts the answer, through the chat template where there is one.
func (c *generateCmd) stream(ctx context.Context, g *generate.Generator, prompt string) (iter.Seq2[generate.Token, error], error) {
	images, err := readImages(ctx, c.Image, g)
	if err != nil {
		return nil, err
	}
	opts, err := c.options(g)
	if err != nil {
		return nil, err
	}
	opts.Images = images
	if c.chats(g) {
		return g.Chat(ctx, c.messages(prompt), opts), nil
	}
	return g.Stream(ctx, prompt, opts), nil
}

// answer writes the text as it comes, unless it goes into a JSON object.
func (c *generateCmd) answer(ctx context.Context, g *generate.Generator, prompt string, io *streams) (*generate.Result, error) {
	if c.Session != "" {
		return c.answerSession(ctx, g, prompt, io)
	}
	// What is wrong with the call shows here, before anything is written.
	stream, err := c.stream(ctx, g, prompt)
	if err != nil {
		return nil, err
	}
	answer, err := c.show(stream, prompt, g, io)
	return answer, c.blame(err)
}

// show writes the text of a stream.
func (c *generateCmd) show(stream iter.Seq2[generate.Token, error], prompt string, g *generate.Generator, io *streams) (*generate.Result, error) {
	if c.JSON {
		return generate.Collect(stream)
	}
	e := &echo{io: io, last: '\n'}
	if io.terminal && !c.Quiet {
		e.before = shownPrompt(prompt, c.chats(g))
	}
	answer, err := generate.Collect(e.pass(stream))
	if e.failed == nil && e.last != '\n' {
		_, e.failed = fmt.Fprintln(io.text())
	}
	if err == nil {
		err = e.failed
	}
	return answer, err
}

// blame names the flag whose value an error is about, in place of the field that
// a program sets.
func (c *generateCmd) blame(err error) error {
	if errors.Is(err, generate.ErrContextFull) && c.overflow() == generate.OverflowError {
		return fmt.Errorf("%w (see --overflow)", err)
	}
	var config *generate.ConfigError
	if !errors.As(err, &config) {
		return err
	}
	if config.Field == "Images" {
		return usagef("--image %s (see coreml %s --help)", config.Reason, c.name())
	}
	for _, f := range []struct {
		field, flag string
		given       bool
	}{
		{"MaxTokens", "--max-tokens", c.MaxTokens != 0},
		{"Overflow", "--overflow", c.Overflow != "error"},
		{"Draft", "--draft", c.Draft != ""},
		{"PrefillChunk", "--prefill-chunk", c.PrefillChunk != 0},
		{"Guidance", "--guidance-scale", c.GuidanceScale != nil},
		{"Guidance.Scale", "--guidance-scale", c.GuidanceScale != nil},
		{"Grammar", c.bound(), c.bound() != ""},
		{"LogProbs", "--logprobs", c.LogProbs != nil},
		{"Beams.N", "--beams", c.Beams != 0},
		{"Beams.Return", "--answers", c.Answers != 0},
		{"Beams.LengthPenalty", "--length-penalty", c.LengthPenalty != nil},
		{"Beams.EarlyStopping", "--early-stopping", c.EarlyStopping != ""},
	} {
		if f.field == config.Field && f.given {
			return usagef("%s (see coreml %s --help)", blamed(f.flag, config), c.name())
		}
	}
	if flag := c.flagOf(config); flag != config.Field {
		return usagef("%s (see coreml %s --help)", blamed(flag, config), c.name())
	}
	return err
}

// name is that of the verb.
func (c *generateCmd) name() string { return cmp.Or(c.verb, "generate") }

// blamed says an error about the value of a flag.
func blamed(flag string, err *generate.ConfigError) string {
	// The reason may begin with the name that people have for the value.
	if _, reason, is := strings.Cut(" "+err.Reason, " is "); is {
		return flag + " is " + reason
	}
	return flag + ": " + err.Reason
}
