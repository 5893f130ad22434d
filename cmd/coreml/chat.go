package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// chatCmd is the verb chat: a conversation, of which the model's cache is kept from turn to
// turn. On a terminal a person types, with an editor; from a file or a pipe each line is a
// message, and standard output has the answers alone. How an answer is made is said by the
// flags of generate.
type chatCmd struct {
	Package string `arg:"" optional:"" help:"The model package, as --model gives it too."`

	// Where the parts of the model lie, and how the conversation becomes tokens.
	Model     string `short:"m" help:"The model package, a folder with one in it, or the name of a repository, org/name[@revision][:path], which is downloaded. Without it a small storyteller goes on with what is typed." placeholder:"MODEL"`
	Tokenizer string `aliases:"tokenizer-path" help:"Folder with the tokenizer, its tokenizer.json, or a repository, of which the tokenizer alone is downloaded. Without it: beside the package, else that of the repository that the package was made from." placeholder:"PATH"`
	tokenizerFlags
	System string `help:"A system message for the chat template." placeholder:"TEXT"`
	Raw    bool   `help:"Go on with the text that is typed as it is, without a chat template."`
	chatFlags
	Tools string `help:"The functions that the model may call: a file with a JSON list of them, or an object whose tools they are. Calls are shown, and their results are typed." placeholder:"FILE"`

	// The conversation as a whole.
	Session         string `help:"Go on with the conversation in this file, if it is there, and save it there after each answer." placeholder:"FILE"`
	Overflow        string `help:"What is done with a conversation that is longer than the model's context: error, drop-turns, which leaves out the oldest turns, slide, which keeps the first and the last tokens, or auto: drop-turns, and slide for a text." enum:"auto,error,drop-turns,slide" default:"auto" placeholder:"NAME"`
	ReasoningBudget int    `help:"Most tokens of thinking, for models that think in marks; 0 means no bound, -1 none." default:"0" placeholder:"N"`

	// When an answer ends, besides the model's own end.
	MaxTokens int      `short:"n" aliases:"max-length" help:"Most tokens of an answer; 0 means as the model says, else 256; -1 until the context is full." default:"0" placeholder:"N"`
	Stop      []string `sep:"none" help:"A text that ends an answer; may be repeated." placeholder:"TEXT"`
	samplingFlags

	// How the package is run.
	packageFlags
	speculateFlags
	engineFlags
	hubFlags

	// What is printed.
	JSON  bool `help:"Print one JSON object for each answer in place of its text."`
	Stats bool `help:"Show the measures of each answer behind it."`
	Quiet bool `short:"q" help:"Print the answers alone: no greeting, no hints, no progress of a download."`
}

// Help is printed by kong above the flags.
func (*chatCmd) Help() string {
	return `Examples:

    coreml chat
    coreml chat Model.mlpackage
    coreml chat org/name --system "Answer in one sentence."
    coreml chat -m Model.mlpackage --session talk.session
    coreml chat -m Model.mlpackage --tools tools.json --temperature 0
    coreml chat -m Model.mlpackage --template-var enable_thinking=false
    coreml chat -m Model.mlpackage --json < questions.txt > answers.jsonl

In the conversation /help lists the commands. A message of several lines stands between """ and """, is pasted, or has its lines ended by a backslash or Alt-Enter. Ctrl-C stops an answer, which /continue goes on with; Ctrl-D leaves. What was typed is found again with the arrow keys and Ctrl-R; COREML_HISTORY=FILE keeps it in another file, and COREML_HISTORY=none in none.

From a file or a pipe each line is a message or a command, and the answers alone go to standard output. The status is 1 if one of them failed.`
}

// Validate is called by kong.
func (c *chatCmd) Validate() error { return c.call().Validate() }

// idle is told of the flags that have no effect.
func (c *chatCmd) idle(given flagSet) []string {
	if c.JSON {
		return given.without("with --json, whose objects have the measures", "stats")
	}
	return nil
}

// call is the call of generate that makes the answers.
func (c *chatCmd) call() *generateCmd {
	return &generateCmd{
		verb: "chat", Model: c.Model, Tokenizer: c.Tokenizer, tokenizerFlags: c.tokenizerFlags, System: c.System, Raw: c.Raw, chatFlags: c.chatFlags,
		MaxTokens: c.MaxTokens, Stop: c.Stop, samplingFlags: c.samplingFlags,
		sessionFlags: sessionFlags{Session: c.Session, Overflow: c.Overflow, ReasoningBudget: c.ReasoningBudget},
		packageFlags: c.packageFlags, speculateFlags: c.speculateFlags, engineFlags: c.engineFlags, hubFlags: c.hubFlags, Quiet: c.Quiet,
	}
}

// check refuses calls whose parts contradict each other.
func (c *chatCmd) check() error {
	switch {
	case c.Model != "" && c.Package != "":
		return usagef("the model is given twice: %s and --model %s", quoted(c.Package), quoted(c.Model))
	case c.Package != "" && !onDisk(c.Package) && filepath.Ext(c.Package) == "" && !isName(c.Package):
		return usagef("there is no model package %s; messages are typed when the conversation has begun (see coreml chat --help)", quoted(firstLine(c.Package)))
	case c.Raw && c.System != "":
		return usagef("--system needs the chat template, which --raw leaves out")
	case c.Raw && c.Tools != "":
		return usagef("--tools needs the chat template, which --raw leaves out")
	case c.Raw && c.chatFlags.given():
		return usagef("--%s is for the chat template, which --raw leaves out", c.chatFlags.first())
	}
	if c.Model == "" {
		c.Model = c.Package
	}
	return nil
}

// Run is called by kong.
func (c *chatCmd) Run(ctx context.Context, s *streams) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	t := newChat(c, s)
	if c.Tools != "" {
		if t.tools, err = readToolFile(c.Tools); err != nil {
			return fmt.Errorf("--tools: %w", err)
		}
	}
	if err := t.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.begin(ctx); err != nil {
		return err
	}
	if !c.Quiet {
		note(s.err, c.idleWith(t.call.effective(t.g.Generator)))
		t.greet()
	}
	// Where nobody sits at a terminal an interrupt is for the program.
	if t.person {
		defer interruptsOf(ctx).take(t.press)()
	}
	return t.converse(ctx)
}

// chat is a conversation under way.
type chat struct {
	call *generateCmd // how answers are made, as the flags and /set say
	io   *streams
	in   messageReader
	out  *chatScreen

	// person says that somebody sits at the terminal, and json that programs read the
	// output.
	person, json, quiet bool
	showStats           bool
	showThinking        bool
	wraps               bool

	g       *drafted
	s       *generate.Session
	tools   []any
	pending pendingCalls
	// file is where the conversation was loaded from or saved to, and saves says that each
	// answer is saved there.
	file  string
	saves bool

	turns int // answers of the call
	// restored and said are the turns of a session that goes on with a text: what was in a
	// file, and what was typed since.
	restored int
	said     []string
	last     *generate.Result
	failed   bool

	pressed chan struct{} // Ctrl-C while nothing was under way
	work    workUnderWay
}

// newChat prepares a conversation.
func newChat(c *chatCmd, s *streams) *chat {
	t := &chat{
		call: c.call(), io: s, json: c.JSON, quiet: c.Quiet, showStats: c.Stats, showThinking: true, wraps: true,
		file: c.Session, saves: c.Session != "", pressed: make(chan struct{}, 1),
	}
	t.person = isTerminal(s.in) && s.terminal && !c.JSON
	t.out = newPlainScreen(s.raw)
	if s.terminal && !c.JSON {
		t.out = newChatScreen(s.raw, t.width, styled() && enableStyles(s.raw))
	}
	return t
}

// width is that of the terminal, 0 where nothing is to be wrapped.
func (t *chat) width() int {
	if !t.wraps {
		return 0
	}
	width, _ := terminalSize(t.io.raw)
	return width
}

// note shows a text that stands back behind the answers.
func (t *chat) note(format string, args ...any) {
	t.say(dimStyle, fmt.Sprintf(format, args...))
}

// say shows a text that is no answer: on standard error, but for a person, who reads it
// where the conversation is. Whoever cannot be told of it is not kept waiting either.
func (t *chat) say(s style, text string) {
	text = strings.TrimRight(text, "\n")
	if t.person {
		_ = t.out.line(s, text)
		return
	}
	_, _ = fmt.Fprintln(t.io.err, text)
}

// hint is a note that --quiet keeps away.
func (t *chat) hint(format string, args ...any) {
	if !t.quiet {
		t.note(format, args...)
	}
}

// complain tells of an error that does not end the conversation.
func (t *chat) complain(err error) {
	t.failed = true
	if !t.person {
		complain(t.io.err, err)
		return
	}
	for _, e := range sideBySide(err) {
		t.say(redStyle, explain(e))
	}
}

// greet says what there is.
func (t *chat) greet() {
	if !t.person {
		if t.s.IsText() {
			t.hint("coreml: %s", t.textNote())
		}
		return
	}
	t.note("%s, %d tokens of context. /help lists the commands, Ctrl-D leaves.", plain(t.modelName()), t.g.ContextLength())
	if t.s.IsText() {
		t.note("%s", t.textNote())
	}
	if n := len(t.s.Messages()); n > 0 && onDisk(t.file) {
		t.note("Going on with the %s in %s.", counted(n, "message"), plain(t.file))
	}
}

// textNote says what happens where nothing is a message.
func (t *chat) textNote() string {
	if t.call.Raw {
		return "Without a chat template (--raw) the model goes on with the text that is typed."
	}
	return "This model has no chat template: it goes on with the text that is typed."
}

// modelName is how people know the model.
func (t *chat) modelName() string {
	if t.call.Model == "" {
		return "The storyteller"
	}
	return t.call.Model
}
