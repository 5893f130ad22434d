package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// What the commands do to the conversation: it begins, goes back, is saved and restored,
// and gets another model.

// chatStates is how many conversations the model holds at once: this one.
const chatStates = 1

// open loads the model.
func (t *chat) open(ctx context.Context) (err error) {
	t.g, err = t.call.open(ctx, t.io, chatStates)
	return err
}

// begin starts the conversation, or goes on with that of --session. What the model cannot
// be asked for shows here, before anything is typed.
func (t *chat) begin(ctx context.Context) (err error) {
	if t.file == "" {
		err = t.renew(t.systemMessage())
	} else {
		t.s, _, err = t.call.openSession(ctx, t.g.Generator)
		if err == nil && t.s.IsText() && onDisk(t.file) {
			t.restored = 1
		}
	}
	if err != nil {
		return err
	}
	if len(t.tools) > 0 && t.s.IsText() {
		return fmt.Errorf("--tools: %w", generate.ErrNoChatTemplate)
	}
	_, err = t.options()
	t.in = t.reader()
	return err
}

// systemMessage is the message of the system that the flags, or /system, have set.
func (t *chat) systemMessage() []tokenizer.Message {
	return t.call.messages("")[:t.call.systemMessages()]
}

// renew begins a conversation anew with messages, or a text where there is no chat
// template.
func (t *chat) renew(messages []tokenizer.Message) error {
	s, err := newChatSession(t.call, t.g.Generator, messages)
	if err != nil {
		return err
	}
	return t.replace(s, 0)
}

// newChatSession makes a session of the kind that the model is for.
func newChatSession(call *generateCmd, g *generate.Generator, messages []tokenizer.Message) (*generate.Session, error) {
	if call.chats(g) {
		return g.NewSession(messages...)
	}
	return g.NewTextSession()
}

// replace puts another session in the place of this one. Restored is 1 where it is a text
// that was saved.
func (t *chat) replace(s *generate.Session, restored int) (err error) {
	if t.s != nil {
		err = t.s.Close()
	}
	t.s, t.restored, t.said, t.pending, t.last = s, restored, nil, pendingCalls{}, nil
	return err
}

// close gives back what the conversation holds.
func (t *chat) close() error {
	var err error
	if t.s != nil {
		err = t.s.Close()
	}
	return errors.Join(err, t.g.Close())
}

// cmdReset begins anew, with the same system message. A file that answers are saved in
// keeps the old conversation.
func (t *chat) cmdReset(context.Context, string) error {
	messages := t.s.Messages()
	if len(messages) == 0 || messages[0].Role != "system" {
		messages = t.systemMessage()
	}
	if err := t.renew(messages[:min(len(messages), 1)]); err != nil {
		return err
	}
	t.note("A new conversation begins.")
	if t.saves {
		t.note("It is not saved in %s, which keeps the one before; /save FILE saves it.", plain(t.file))
		t.file, t.saves = "", false
	}
	return nil
}

// cmdSystem sets the system message, shows it, or takes it away.
func (t *chat) cmdSystem(ctx context.Context, text string) error {
	if t.s.IsText() {
		return fmt.Errorf("/system: %w", generate.ErrNoChatTemplate)
	}
	messages := t.s.Messages()
	has := len(messages) > 0 && messages[0].Role == "system"
	switch {
	case text == "" && has:
		t.note("%s", messages[0].Content)
		return nil
	case text == "":
		t.note("There is no system message; /system TEXT sets one.")
		return nil
	}
	if has {
		messages = messages[1:]
	}
	t.call.System = text
	if text == "-" {
		t.call.System = ""
	}
	if err := t.s.SetMessages(append(t.systemMessage(), messages...)); err != nil {
		return err
	}
	if text == "-" {
		t.note("The system message is taken away.")
	} else {
		t.note("The system message is set.")
	}
	return t.autosave(ctx)
}

// cmdUndo takes back the last message of the user with all that followed it.
func (t *chat) cmdUndo(ctx context.Context, _ string) error {
	if t.s.IsText() {
		return t.undoText(ctx)
	}
	messages := t.s.Messages()
	at := userMessage(messages)
	if at < 0 {
		return errNothingYet
	}
	if err := t.s.Rewind(at); err != nil {
		return err
	}
	t.pending = pendingCalls{}
	t.note("Taken back: %s", firstLine(plain(messages[at].Content)))
	return t.autosave(ctx)
}

// undoText takes back the last turn of a text; what was restored is one.
func (t *chat) undoText(ctx context.Context) error {
	n := t.restored + len(t.said)
	if n == 0 {
		return errNothingYet
	}
	if err := t.s.Rewind(n - 1); err != nil {
		return err
	}
	if len(t.said) > 0 {
		t.said = t.said[:len(t.said)-1]
	} else {
		t.restored = 0
	}
	t.note("The last turn is taken back: %s.", wordsLeft(n-1, "turn"))
	return t.autosave(ctx)
}

// wordsLeft says how many things are left.
func wordsLeft(n int, what string) string {
	if n == 0 {
		return "nothing is left"
	}
	return counted(n, what) + " left"
}

// errNothingYet is the error of commands that need an answer.
var errNothingYet = errors.New("there is nothing to take back or to answer again yet")

// cmdRetry answers the last message again.
func (t *chat) cmdRetry(ctx context.Context, _ string) error {
	if t.s.IsText() {
		return t.retryText(ctx)
	}
	messages := t.s.Messages()
	at := len(messages) - 1
	for ; at >= 0 && messages[at].Role != "assistant"; at-- {
	}
	from := at
	for ; from > 0 && messages[from-1].Role != "assistant" && messages[from-1].Role != "system"; from-- {
	}
	if at < 0 || from == at {
		return errNothingYet
	}
	if t.last != nil && t.last.Stats.Greedy {
		t.hint("The likeliest tokens are taken, and the answer will be the same: /set temperature 0.7 lets it differ.")
	}
	if err := t.s.Rewind(from); err != nil {
		return err
	}
	err := t.sendMessages(ctx, messages[from:at])
	if len(t.s.Messages()) <= from { // there is no new answer: the old one stays
		return errors.Join(err, t.s.SetMessages(messages))
	}
	return err
}

// retryText writes the last turn of a text again.
func (t *chat) retryText(ctx context.Context) error {
	if len(t.said) == 0 {
		return errNothingYet
	}
	last := len(t.said) - 1
	text := t.said[last]
	if err := t.s.Rewind(t.restored + last); err != nil {
		return err
	}
	t.said = t.said[:last]
	return t.sendText(ctx, text)
}

// sendText answers a message, or goes on behind a text.
func (t *chat) sendText(ctx context.Context, text string) error {
	kept, err := t.answer(ctx, func(ctx context.Context, opts *generate.Options) iter.Seq2[generate.Token, error] {
		return t.s.Send(ctx, text, opts)
	})
	if kept && t.s.IsText() {
		t.said = append(t.said, text)
	}
	return err
}

// cmdContinue goes on with the last answer.
func (t *chat) cmdContinue(ctx context.Context, _ string) error {
	_, err := t.answer(ctx, func(ctx context.Context, opts *generate.Options) iter.Seq2[generate.Token, error] {
		return t.s.Continue(ctx, opts)
	})
	if errors.Is(err, generate.ErrFinished) {
		return errors.New("the last answer is whole: there is nothing to go on with")
	}
	return err
}

// autosave saves the conversation after a change, where --session asks for that.
func (t *chat) autosave(ctx context.Context) error {
	if !t.saves {
		return nil
	}
	return t.s.SaveFile(ctx, t.file)
}

// cmdSave saves the conversation with what the model has read of it.
func (t *chat) cmdSave(ctx context.Context, name string) error {
	if name == "" {
		name = t.file
	}
	if name == "" {
		return errors.New("/save needs a FILE, as in /save talk.session")
	}
	if dir := filepath.Dir(name); !onDisk(dir) {
		return fmt.Errorf("/save: there is no folder %s", quoted(dir))
	}
	if err := replaceable(name); err != nil {
		return err
	}
	err := t.guard(ctx, func(ctx context.Context) error { return t.s.SaveFile(ctx, name) })
	if err != nil {
		return err
	}
	t.file = name
	t.note("Saved in %s.", plain(name))
	return nil
}

// sessionMark is what files of saved conversations begin with.
const sessionMark = "coreml session\r\n"

// replaceable refuses a file that is there and no saved conversation: a slip of the hand
// should not cost one that somebody wrote.
func replaceable(name string) error {
	f, err := storage.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	begin := make([]byte, len(sessionMark))
	n, err := io.ReadFull(f, begin)
	if n > 0 && string(begin[:n]) != sessionMark {
		err = fmt.Errorf("%s is no saved conversation, and is not replaced", quoted(name))
	} else if errors.Is(err, io.EOF) { // an empty file, as programs make for a name of their own
		err = nil
	}
	return errors.Join(err, f.Close())
}

// cmdLoad goes on with a conversation that was saved. The state of the present one is
// given back for it, and read again where the file is refused.
func (t *chat) cmdLoad(ctx context.Context, name string) error {
	if name == "" {
		return errors.New("/load needs a FILE, as in /load talk.session")
	}
	if err := t.s.Close(); err != nil {
		return err
	}
	var s *generate.Session
	err := t.guard(ctx, func(ctx context.Context) (err error) {
		s, err = t.g.RestoreSessionFile(ctx, name, nil)
		return err
	})
	if err != nil {
		return err
	}
	if s.IsText() == t.call.chats(t.g.Generator) {
		what := "a conversation, and this is a text"
		if s.IsText() {
			what = "a text, and this is a conversation"
		}
		return errors.Join(fmt.Errorf("%s is %s", quoted(name), what), s.Close())
	}
	restored := 0
	if s.IsText() {
		restored = 1
	}
	if err := t.replace(s, restored); err != nil {
		return err
	}
	t.file = name
	if s.IsText() {
		t.note("Going on with the text in %s.", plain(name))
	} else {
		t.note("Going on with the %s in %s.", counted(len(s.Messages()), "message"), plain(name))
	}
	return nil
}

// cmdModel changes the model, and keeps the messages.
func (t *chat) cmdModel(ctx context.Context, name string) error {
	if name == "" {
		t.note("%s, %d tokens of context.", plain(t.modelName()), t.g.ContextLength())
		return nil
	}
	call := *t.call
	// These are of the model that was there.
	call.Model, call.Tokenizer, call.Driver, call.Function = name, "", "", ""
	var g *drafted
	err := t.guard(ctx, func(ctx context.Context) (err error) {
		g, err = call.open(ctx, t.io, chatStates)
		return err
	})
	if err != nil {
		return err
	}
	messages := t.s.Messages()
	s, err := newChatSession(&call, g.Generator, messages)
	if err == nil && s.IsText() && len(messages) > 0 {
		err = fmt.Errorf("%s: %w: the conversation stays with the model before; /reset ends it", quoted(name), generate.ErrNoChatTemplate)
	}
	if err == nil {
		_, err = (&chat{call: &call, g: g, s: s, tools: t.tools}).options()
	}
	if err != nil {
		return errors.Join(err, g.Close())
	}
	old := t.g
	err = errors.Join(t.replace(s, 0), old.Close())
	t.call, t.g = &call, g
	t.note("%s, %d tokens of context.", plain(t.modelName()), t.g.ContextLength())
	if s.IsText() {
		t.note("%s", t.textNote())
	}
	return err
}
