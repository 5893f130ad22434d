package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/gocoreml/coreml/cmd/coreml/internal/lineedit"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// errLeave ends the conversation in order.
var errLeave = errors.New("leave")

// errStopped says that an answer, or a command, was stopped before anything came of it.
var errStopped = errors.New("stopped")

// converse reads messages and commands until there are no more.
func (t *chat) converse(ctx context.Context) error {
	asked := false // Ctrl-C was pressed at an empty prompt
	for {
		text, err := t.in.Read(ctx, t.prompt())
		t.out.fresh()
		switch {
		case errors.Is(err, lineedit.ErrInterrupt) && text != "": // the line is given up
			asked = false
			continue
		case errors.Is(err, lineedit.ErrInterrupt) && asked, errors.Is(err, io.EOF):
			return t.leave()
		case errors.Is(err, lineedit.ErrInterrupt):
			asked = true
			t.note("Press Ctrl-C again, or Ctrl-D, to leave.")
			continue
		case err != nil:
			return err
		}
		asked = false
		err = t.take(ctx, text)
		switch {
		case errors.Is(err, errLeave):
			return t.leave()
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case isBrokenPipe(err) && !ofHub(err):
			return err
		default:
			t.complain(err)
		}
	}
}

// leave ends the conversation; what went wrong in it was told of when it did.
func (t *chat) leave() error {
	if t.failed && !t.person {
		return errFailed
	}
	return nil
}

// prompt is what is shown before the cursor.
func (t *chat) prompt() string {
	if call, waits := t.pending.next(); waits {
		return "result of " + firstLine(plain(call.Name)) + "> "
	}
	return chatPrompt
}

// take does what a message or a command says.
func (t *chat) take(ctx context.Context, typed string) error {
	if name, arg, is := commandOf(typed); is {
		return t.do(ctx, name, arg)
	}
	if _, waits := t.pending.next(); waits {
		return t.takeResult(ctx, typed)
	}
	text := messageOf(typed)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if strings.HasPrefix(text, "//") { // a message that begins as a command does
		text = text[1:]
	}
	return t.sendText(ctx, text)
}

// answer shows an answer, and keeps what there is to know of it. Kept says that it is in
// the conversation.
func (t *chat) answer(ctx context.Context, ask func(context.Context, *generate.Options) iter.Seq2[generate.Token, error]) (kept bool, err error) {
	opts, err := t.options()
	if err != nil {
		return false, err
	}
	t.turns++
	t.pending = pendingCalls{}
	var answer *generate.Result
	err = t.guard(ctx, func(ctx context.Context) (err error) {
		answer, err = t.show(ask(ctx, opts))
		return err
	})
	stopped := t.work.stopped()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, errStopped):
		t.note("Stopped: the message and its answer are not kept.")
		return false, nil
	case err != nil:
		err = t.explainFull(t.call.blame(err))
		if t.json {
			err = errors.Join(err, printJSON(t.io.out, chatTurn(t.turns, answer, err)))
		}
		return false, err
	}
	if t.last = answer; stopped { // it has no measures
		t.last = nil
	}
	t.pending = pendingCalls{calls: answer.Calls}
	return true, errors.Join(t.finish(answer, stopped), t.autosave(ctx))
}

// finish tells what there is to know behind an answer.
func (t *chat) finish(answer *generate.Result, stopped bool) error {
	if t.json {
		return printJSON(t.io.out, chatTurn(t.turns, answer, nil))
	}
	if n := answer.Stats.DroppedMessages; n > 0 {
		t.hint("The conversation is longer than the context: the oldest %s left out.", wereCounted(n, "message"))
	}
	switch {
	case stopped:
		t.hint("Stopped; /continue goes on.")
	case answer.Finish == generate.FinishLength && t.person:
		t.hint("At the limit of tokens; /continue goes on, /set max-tokens changes it.")
	case answer.Finish == generate.FinishContext:
		t.hint("The context is full: /undo, /reset, or /set overflow drop-turns makes room.")
	}
	if hint := repeatHint(answer); hint != "" && t.person {
		t.hint("The answer repeats itself, as answers do when the likeliest token is taken each time: try /set temperature 0.7, or /set repetition-penalty 1.2.")
	}
	if t.showStats && !stopped {
		t.note("%s", statsLine(answer))
	}
	return nil
}

// wereCounted is a number of things with its verb.
func wereCounted(n int, what string) string {
	if n == 1 {
		return counted(n, what) + " was"
	}
	return counted(n, what) + " were"
}

// chatTurn is what --json prints of a turn.
func chatTurn(number int, answer *generate.Result, err error) answerJSON {
	if answer == nil {
		answer = &generate.Result{}
	}
	object := answerOf(answer)
	object.Prompt = number
	if err != nil {
		object.Error = explain(err)
	}
	return object
}

// explainFull says what makes room in a context.
func (t *chat) explainFull(err error) error {
	if !errors.Is(err, generate.ErrContextFull) {
		return err
	}
	return fmt.Errorf("%w: /undo, /reset or another /set overflow makes room", err)
}

// show writes an answer as it comes: thinking stands back behind the text, and calls are
// shown when they are whole.
//
// A failed write is the end: a model that goes on for a reader who has gone away costs
// minutes of work.
func (t *chat) show(stream iter.Seq2[generate.Token, error]) (*generate.Result, error) {
	v := &answerView{out: t.out, text: t.s.IsText(), thinking: t.showThinking && t.person}
	var failed error
	answer, err := generate.Collect(func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if err == nil && !t.json {
				if failed = v.add(tok); failed != nil {
					return
				}
			}
			if !yield(tok, err) || t.work.step() {
				return
			}
		}
	})
	if failed == nil && !t.json && v.begun {
		failed = t.out.end()
	}
	if err == nil {
		err = failed
	}
	return answer, err
}

// answerView shows the tokens of one answer.
type answerView struct {
	out      *chatScreen
	text     bool // it goes on with a text, of which nothing is left out
	thinking bool // thinking is shown
	thought  bool // some was
	begun    bool // something was shown
}

// add shows a token. Blank lines before an answer, which many templates' models write,
// are left out.
func (v *answerView) add(tok generate.Token) error {
	if err := v.think(tok.Reasoning); err != nil {
		return err
	}
	text := tok.Content
	if v.text {
		text = tok.Text
	} else if !v.begun || v.thought {
		if text = strings.TrimLeft(text, "\n"); text != "" && v.thought {
			v.thought = false
			if err := v.out.end(); err != nil {
				return err
			}
			text = "\n" + text
		}
	}
	v.begun = v.begun || text != ""
	if err := v.out.put(plainStyle, text); err != nil {
		return err
	}
	for _, call := range tok.Calls {
		v.begun, v.thought = true, false
		if err := showCall(v.out, call); err != nil {
			return err
		}
	}
	// What is held back is shown with the next text, or at the end.
	return nil
}

// think shows a part of the model's thinking.
func (v *answerView) think(text string) error {
	if !v.thinking {
		return nil
	}
	if !v.thought {
		text = strings.TrimLeft(text, "\n")
	}
	if text == "" {
		return nil
	}
	v.thought, v.begun = true, true
	return v.out.put(dimStyle, text)
}

// options returns what the next answer is asked for.
func (t *chat) options() (*generate.Options, error) {
	call := *t.call
	if call.Overflow == "auto" {
		switch {
		case !t.s.IsText():
			call.Overflow = "drop-turns"
		case call.MaxTokens < 0: // it would never end
			call.Overflow = "error"
		default:
			call.Overflow = "slide"
		}
	}
	opts, err := call.options(t.g.Generator)
	if err != nil {
		return nil, err
	}
	opts.Tools = t.tools
	return opts, nil
}

// workUnderWay is what an interrupt stops.
type workUnderWay struct {
	mu      sync.Mutex
	cancel  context.CancelFunc // nil where nothing is under way
	steps   int                // tokens that were shown
	presses int
}

// start notes that something begins.
func (w *workUnderWay) start(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel, w.steps, w.presses = cancel, 0, 0
}

// end notes that it is over.
func (w *workUnderWay) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = nil
}

// step notes a token that was shown, and reports whether it is to be the last one.
func (w *workUnderWay) step() (stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps++
	return w.presses > 0
}

// stopped reports whether what was last under way was to be stopped.
func (w *workUnderWay) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.presses > 0
}

// press stops what is under way, and reports whether anything was. An answer that has
// begun ends behind its next token, so that it is kept; what has given nothing yet ends at
// once, and so does an answer whose next token does not come before a second press.
func (w *workUnderWay) press() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel == nil {
		return false
	}
	if w.presses++; w.steps == 0 || w.presses > 1 {
		w.cancel()
	}
	return true
}

// press is called for each interrupt.
func (t *chat) press() {
	if t.work.press() {
		return
	}
	select {
	case t.pressed <- struct{}{}:
	default: // one is enough
	}
}

// guard does something that an interrupt stops, with [errStopped].
func (t *chat) guard(ctx context.Context, do func(context.Context) error) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	t.work.start(cancel)
	err := do(own)
	t.work.end()
	if err != nil && own.Err() != nil && ctx.Err() == nil {
		return errStopped
	}
	return err
}

// userMessage is where the last message of the user stands, -1 for nowhere.
func userMessage(messages []tokenizer.Message) int {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == "user" {
			return i
		}
	}
	return -1
}
