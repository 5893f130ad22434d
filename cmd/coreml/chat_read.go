package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/gocoreml/coreml/cmd/coreml/internal/lineedit"
)

// messageReader reads what a person, or a script, says in a conversation.
type messageReader interface {
	// Read shows the prompt, where there is somebody to see it, and returns a message. The
	// errors are those of lineedit.Editor.
	Read(ctx context.Context, prompt string) (string, error)
}

// The prompts.
const (
	chatPrompt     = ">>> "
	morePrompt     = "... "
	longTextMark   = `"""`
	continuingMark = `\`
)

// goesOn reports whether a text is no whole message yet: between triple quotes, or before
// the line that a backslash at the end announces.
func goesOn(text string) bool {
	if rest, long := strings.CutPrefix(strings.TrimLeft(text, " \t"), longTextMark); long {
		return !strings.HasSuffix(strings.TrimRight(rest, " \t\n"), longTextMark)
	}
	return announces(text)
}

// staysOf is what stays of a text that goes on: not the backslash that said so.
func staysOf(text string) (stays string, more bool) {
	if more = goesOn(text); more && !isLong(text) {
		text = strings.TrimSuffix(text, continuingMark)
	}
	return text, more
}

// isLong reports whether a text begins with triple quotes.
func isLong(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, " \t"), longTextMark)
}

// announces reports whether a line ends in a backslash that stands for itself alone: an
// even number of them is text.
func announces(line string) bool {
	return (len(line)-len(strings.TrimRight(line, continuingMark)))%2 == 1
}

// messageOf is the message that was typed: without the triple quotes around it.
func messageOf(typed string) string {
	if rest, long := strings.CutPrefix(strings.TrimLeft(typed, " \t"), longTextMark); long {
		rest = strings.TrimRight(rest, " \t\n")
		return strings.Trim(strings.TrimSuffix(rest, longTextMark), "\n")
	}
	return typed
}

// messageLines reads messages line by line from a stream whose lines nobody can edit: a file, a pipe, or
// a terminal that can do no more.
type messageLines struct {
	in      *bufio.Reader
	prompts io.Writer       // nil where nobody sees them
	pressed <-chan struct{} // Ctrl-C, where it does not end the program
	lines   chan readMessageLine
	waiting bool // a read was left behind, whose line is the next
}

// readMessageLine is a line, or the error in its place.
type readMessageLine struct {
	text string
	err  error
}

func newMessageLines(in io.Reader, prompts io.Writer, pressed <-chan struct{}) *messageLines {
	return &messageLines{in: bufio.NewReader(in), prompts: prompts, pressed: pressed, lines: make(chan readMessageLine, 1)}
}

// Read implements messageReader.
func (r *messageLines) Read(ctx context.Context, prompt string) (string, error) {
	var message strings.Builder
	long := false // between triple quotes
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if r.prompts != nil {
			if _, err := io.WriteString(r.prompts, prompt); err != nil {
				return "", err
			}
		}
		line, err := r.line(ctx)
		switch {
		case errors.Is(err, io.EOF) && message.Len() > 0: // the end of the input ends the message
			return message.String(), nil
		case err != nil:
			return message.String(), err
		case message.Len()+len(line) > maxPrompt:
			return "", fmt.Errorf("standard input: a message of more than %s", bytesText(maxPrompt))
		}
		more := false
		if long = long || message.Len() == 0 && isLong(line); long && message.Len() > 0 {
			more = !strings.HasSuffix(strings.TrimRight(line, " \t"), longTextMark)
		} else {
			line, more = staysOf(line)
		}
		message.WriteString(line)
		if !more {
			return message.String(), nil
		}
		message.WriteByte('\n')
		prompt = morePrompt
	}
}

// line reads one line. Nobody can take a read back: one that an interrupt or the end of
// ctx has left behind gives the next line.
func (r *messageLines) line(ctx context.Context) (string, error) {
	if !r.waiting {
		r.waiting = true
		go func() { r.lines <- r.next() }()
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-r.pressed:
		return "", lineedit.ErrInterrupt
	case l := <-r.lines:
		r.waiting = false
		return l.text, l.err
	}
}

// next reads to the end of a line, which may be that of the input.
func (r *messageLines) next() readMessageLine {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxPrompt:
			return readMessageLine{err: fmt.Errorf("standard input: a line of more than %s", bytesText(maxPrompt))}
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			err = nil
		case err != nil && !errors.Is(err, io.EOF):
			err = fmt.Errorf("standard input: %w", err)
		}
		return readMessageLine{strings.TrimRight(string(line), "\r\n"), err}
	}
}

// reader returns what the conversation is read with: an editor where standard input and
// standard output are a terminal that can do it.
func (t *chat) reader() messageReader {
	if t.person && t.io.in == os.Stdin && t.io.raw == os.Stdout && os.Getenv("TERM") != "dumb" {
		history, err := lineedit.OpenHistory(historyFile())
		if err != nil { // it is not worth a conversation
			t.note("%s", explain(err))
		}
		editor := lineedit.New(lineedit.Config{History: history, More: staysOf, Complete: t.complete})
		if editor != nil {
			return editor
		}
	}
	r := newMessageLines(t.io.in, nil, t.pressed)
	switch {
	case t.person:
		r.prompts = t.io.out
	case isTerminal(t.io.in): // whoever types there sees nothing else
		r.prompts = t.io.err
	}
	return r
}

// historyFile is where the messages are kept that were typed, empty for nowhere: what the
// variable says, or a file in the folder for such things of the system. The variable set to
// nothing, or to none, keeps none.
func historyFile() string {
	if name, given := os.LookupEnv(envHistory); given {
		if name == noSettings {
			return ""
		}
		return name
	}
	dir := stateFolder()
	if dir == "" {
		return ""
	}
	return dir + string(os.PathSeparator) + "chat_history"
}

// stateFolder is the folder for what a program remembers between its calls: that of the
// XDG directories, or the one that the system has for it. Empty where there is none.
func stateFolder() string {
	var base string
	var err error
	switch dir := os.Getenv("XDG_STATE_HOME"); {
	case strings.HasPrefix(dir, "/"): // a relative one is to be passed over, the specification says
		base = dir
	case runtime.GOOS == "darwin":
		base, err = os.UserConfigDir() // Library/Application Support
	case runtime.GOOS == "windows":
		base, err = os.UserCacheDir() // LocalAppData
	default:
		if base, err = os.UserHomeDir(); err == nil {
			base += "/.local/state"
		}
	}
	if err != nil || base == "" {
		return ""
	}
	return base + string(os.PathSeparator) + "coreml"
}
