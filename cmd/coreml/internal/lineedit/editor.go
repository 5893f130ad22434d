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

// New returns an editor. It is nil on systems that the editing is not made for.
func New(cfg Config) *Editor {
	e := &Editor{shell: readline.NewShell()}
	e.shell.Prompt.Primary(func() string { return e.prompt })
	e.shell.PasteTransformer = Clean
	e.shell.SyntaxHighlighter = func(line []rune) string { return string(line) + rowsBelow }
	if cfg.More != nil {
		e.shell.AcceptMultiline = func(line []rune) bool { return e.whole(cfg.More(string(line))) }
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

// whole reports whether a message has ended. One that goes on gets the text that stays;
// the library then puts a new line where the cursor is.
func (e *Editor) whole(stays string, more bool) bool {
	line, cursor := e.shell.Line(), e.shell.Cursor()
	if more && cursor.Pos() == line.Len() {
		line.Set([]rune(stays)...)
		cursor.Set(line.Len())
	}
	return !more
}

// rowsBelow moves the cursor down twice, for which the screen scrolls where it is in its
// last rows, and back up. The library draws with a row below the text, and with another one
// where the text ends at the edge of the screen; it would have to know where on the screen
// the text is to see that there are none.
const rowsBelow = "\x1bD\x1bD\x1b[2A"

// configure changes what of the library's defaults does not fit, whatever an inputrc
// says.
func (e *Editor) configure() {
	for name, value := range map[string]any{
		// Text is UTF-8: a byte above 127 is a part of a character and not a key with Meta.
		"convert-meta": false, "input-meta": true, "output-meta": true,
		// A text that is pasted is no sequence of keys.
		"enable-bracketed-paste": true,
		// A terminal that is asked for its cursor's place need not answer, and what is typed
		// while it does so can be lost.
		"cursor-position-probe": false,
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
	// Within a message of several lines the arrows go from line to line.
	lines := map[string]string{"previous-history": "up-line-or-history", "next-history": "down-line-or-history"}
	keys := e.shell.Config.Binds["emacs"]
	for key, bind := range keys {
		if command, is := lines[bind.Action]; is && !bind.Macro {
			bind.Action = command
			keys[key] = bind
		}
	}
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
