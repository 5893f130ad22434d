//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package lineedit

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/reeflective/readline"
	"golang.org/x/term"
)

// Editor reads messages from the terminal of the process, which standard input and
// standard output are. One goroutine at a time may use it.
type Editor struct {
	shell  *readline.Shell
	prompt string
}

// New returns an editor. It is nil on systems that the editing is not made for, and where
// the terminal does not say where its cursor is, as one with nobody in front of it.
func New(cfg Config) *Editor {
	typed, does := answers()
	if !does {
		return nil
	}
	e := &Editor{shell: readline.NewShell()}
	e.shell.Keys.Feed(false, []rune(string(typed))...)
	e.shell.Prompt.Primary(func() string { return e.prompt })
	e.shell.PasteTransformer = Clean
	if cfg.More != nil {
		e.shell.AcceptMultiline = func(line []rune) bool { return !cfg.More(string(line)) }
	}
	if cfg.History != nil {
		e.shell.History.Add("history", cfg.History)
	}
	if cfg.Complete != nil {
		e.shell.Completer = func(line []rune, cursor int) readline.Completions {
			return readline.CompleteValues(cfg.Complete(string(line[:cursor]))...)
		}
	}
	e.configure()
	return e
}

// configure changes what of the library's defaults does not fit, whatever an inputrc
// says.
func (e *Editor) configure() {
	for name, value := range map[string]any{
		// Text is UTF-8: a byte above 127 is a part of a character and not a key with Meta.
		"convert-meta": false, "input-meta": true, "output-meta": true,
		// A text that is pasted is no sequence of keys.
		"enable-bracketed-paste": true,
		// Without asking for the cursor's place a line at the bottom of the screen is drawn
		// over those above it.
		"cursor-position-probe": true,
	} {
		// The names are the library's own.
		_ = e.shell.Config.Set(name, value)
	}
	e.shell.Keymap.Register(map[string]func(){
		// The library's own command inserts the first code point of what one key gave
		// alone, and an emoji may have several.
		"self-insert": func() {
			e.shell.History.SkipSave()
			e.shell.Cursor().InsertAt([]rune(Clean(string(e.shell.Keys.Caller())))...)
		},
		"insert-new-line": func() {
			e.shell.History.SkipSave()
			e.shell.Cursor().InsertAt('\n')
		},
	})
	// Alt-Enter, as the library names it: Meta with Ctrl-M.
	_ = e.shell.Config.Bind("emacs", "\u008d", "insert-new-line", false)
}

// Read shows the prompt and returns the message that is typed behind it. The error is
// [io.EOF] after Ctrl-D, [ErrInterrupt] after Ctrl-C, with the text that was there, and
// that of ctx when it ends, which leaves the terminal as it was; the Editor is of no use
// any more then.
func (e *Editor) Read(ctx context.Context, prompt string) (string, error) {
	e.prompt = prompt
	in := int(os.Stdin.Fd())
	before, err := term.GetState(in)
	if err != nil {
		return "", err
	}
	type read struct {
		text string
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text, err := e.shell.Readline()
		done <- read{text, err}
	}()
	select {
	case r := <-done:
		// Windows' consoles and some signals give an end of the input for what is an
		// interrupt; the library tells these apart.
		if errors.Is(r.err, readline.ErrInterrupt) {
			r.err = ErrInterrupt
		}
		return r.text, r.err
	case <-ctx.Done():
		// Nobody can take the read back. It is left behind, and its terminal is set right.
		_, werr := io.WriteString(os.Stdout, "\x1b[?2004l\r\n")
		return "", errors.Join(ctx.Err(), term.Restore(in, before), werr)
	}
}

// Dump is of the library's interface, and nothing calls it.
func (h *History) Dump() any { return slices.Clone(h.lines) }
