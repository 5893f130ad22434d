package main

import (
	"io"
	"os"

	"github.com/gocoreml/coreml/internal/quote"
)

// streams are the standard streams of one call.
//
// Verbs get them in place of os.Stdout and its like: tests put buffers there, and
// no verb can write past what makes text harmless.
type streams struct {
	in io.Reader
	// out and err are for people to read: whatever a package, a tokenizer or a
	// file name holds, it cannot command the terminal. See shownWriter.
	out, err io.Writer
	// raw is standard output as it is, for those verbs whose output is the bytes
	// themselves.
	raw io.Writer
	// rawErr is standard error as it is, for the progress of downloads alone, which
	// moves the cursor.
	rawErr io.Writer
	// terminal says that standard output is one.
	terminal bool
}

func newStreams(in io.Reader, out, err io.Writer) *streams {
	return &streams{in: in, out: &shownWriter{w: out}, err: &shownWriter{w: err}, raw: out, rawErr: err, terminal: isTerminal(out)}
}

// text is where a text goes that is the answer itself: a file or another program
// gets every byte of it, a terminal only what can be shown.
//
// A pipe gets the bytes: the answer may be a file of some format, and escapes in it
// would be damage.
func (s *streams) text() io.Writer {
	if s.terminal {
		return s.out
	}
	return s.raw
}

// finish passes on what the writers hold back.
func (s *streams) finish() error {
	var first error
	for _, w := range []io.Writer{s.out, s.err} {
		if shown, ok := w.(*shownWriter); ok {
			if err := shown.finish(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// sentence is a text as lines of standard output: broken at words for a terminal, and
// one line for a file or a pipe, where somebody may look for it.
func (s *streams) sentence(text string) string {
	if !s.terminal {
		return text + "\n"
	}
	return filled(text, "", max(helpWidth(s), narrow/3))
}

// dim writes a text that stands back behind the others, where the terminal can
// do that and the user did not ask for none of it.
func (s *streams) dim(text string) error {
	shown := quote.AppendHarmless(nil, []byte(text), ownLayout)
	if s.terminal && styled() && enableStyles(s.raw) {
		shown = append(append([]byte("\x1b[2m"), shown...), "\x1b[0m"...)
	}
	_, err := s.raw.Write(shown)
	return err
}

// styled reports whether the environment allows styles: no-color.org, and
// terminals that call themselves dumb.
//
// An empty NO_COLOR counts as none, as no-color.org has it.
func styled() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// isTerminal reports whether a stream is a terminal. A stream of the tests may
// say so itself.
func isTerminal(stream any) bool {
	switch f := stream.(type) {
	case interface{ IsTerminal() bool }:
		return f.IsTerminal()
	case *os.File:
		return isTerminalFile(f)
	}
	return false
}

// isPiped reports whether standard input comes from another program or a file,
// so that it is worth reading without being asked to.
func isPiped(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return !isTerminal(stream)
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice == 0
}

// terminalSize is the size of a terminal in characters, 80 by 24 where it does not
// tell.
func terminalSize(stream any) (width, height int) {
	switch f := stream.(type) {
	case interface{ Size() (width, height int) }:
		width, height = f.Size()
	case *os.File:
		width, height = fileSize(f)
	}
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}
