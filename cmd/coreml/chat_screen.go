package main

import (
	"bytes"
	"io"

	"github.com/rivo/uniseg"
)

// wrapper breaks lines between words, so that no word is cut at the edge of a terminal.
// What is written is text without control characters but new lines and tabs. A word is
// held back until its end is there, or until it is too long for a line. Lines of code,
// between lines that begin with ```, are passed on as they are: a line break that code did
// not have would go along when it is copied.
type wrapper struct {
	w     io.Writer
	width func() int // of the terminal; 0 or less breaks nothing

	limit  int    // the width, as it was when the writing began
	column int    // where the next character goes
	spaces []byte // between what was written and the word
	word   []byte
	start  []byte // of the line, as far as it tells code
	code   bool
	out    []byte
}

// longestWord is how many bytes of a word are held back: marks that stand on other
// characters make a word longer and no wider.
const longestWord = 1 << 10

// tabWidth is how far tabs move on terminals.
const tabWidth = 8

// Write implements io.Writer.
func (w *wrapper) Write(p []byte) (int, error) {
	w.out, w.limit = w.out[:0], w.width()
	rest, state := p, -1
	for len(rest) > 0 {
		var cluster []byte
		var width int
		cluster, rest, width, state = uniseg.FirstGraphemeCluster(rest, state)
		w.add(cluster, width)
	}
	if len(w.word) > longestWord || len(w.word) > 0 && uniseg.StringWidth(string(w.word)) > w.limit {
		w.place()
	}
	if len(w.out) == 0 {
		return len(p), nil
	}
	if _, err := w.w.Write(w.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// add takes one character.
func (w *wrapper) add(cluster []byte, width int) {
	if cluster[len(cluster)-1] == '\n' {
		w.place()
		w.out = append(w.out, '\n')
		if bytes.HasPrefix(bytes.TrimLeft(w.start, " "), []byte("```")) {
			w.code = !w.code
		}
		w.column, w.spaces, w.start = 0, w.spaces[:0], w.start[:0]
		return
	}
	if len(w.start) < 16 {
		w.start = append(w.start, cluster...)
	}
	switch {
	case w.code || w.limit <= 0 || bytes.HasPrefix(bytes.TrimLeft(w.start, " "), []byte("```")):
		w.place()
		w.out = append(append(w.out, w.spaces...), cluster...)
		w.spaces = w.spaces[:0]
		w.column += width
	case cluster[0] == ' ' || cluster[0] == '\t':
		w.place()
		w.spaces = append(w.spaces, cluster...)
	case width > 1: // scripts without spaces break anywhere
		w.place()
		w.word = append(w.word, cluster...)
		w.place()
	default:
		w.word = append(w.word, cluster...)
	}
}

// place writes the word, on a new line where it does not fit on this one.
func (w *wrapper) place() {
	if len(w.word) == 0 {
		return
	}
	width, gap := uniseg.StringWidth(string(w.word)), w.gap()
	if w.limit > 0 && w.column > 0 && w.column+gap+width > w.limit {
		w.out = append(w.out, '\n')
		w.column, gap = 0, 0
	} else {
		w.out = append(w.out, w.spaces...)
	}
	w.out = append(w.out, w.word...)
	w.column += gap + width
	if w.limit > 0 && w.column > w.limit { // the terminal has broken it
		w.column %= w.limit
	}
	w.spaces, w.word = w.spaces[:0], w.word[:0]
}

// gap is the width of the spaces.
func (w *wrapper) gap() int {
	at := w.column
	for _, b := range w.spaces {
		if at++; b == '\t' {
			at += (tabWidth - at%tabWidth) % tabWidth
		}
	}
	return at - w.column
}

// flush writes what is held back. Spaces at the end of what is written stay held: they may
// be in front of a word that does not fit.
func (w *wrapper) flush() error {
	w.out, w.limit = w.out[:0], w.width()
	w.place()
	if len(w.out) == 0 {
		return nil
	}
	_, err := w.w.Write(w.out)
	return err
}

// style is how a text is shown, as the number of a terminal's rendition; 0 is plain.
type style string

// The styles. Their numbers are those of ECMA-48.
const (
	plainStyle style = "0"
	boldStyle  style = "1"
	dimStyle   style = "2"
	redStyle   style = "31"
)

// chatScreen shows a conversation: what a model writes is made harmless, broken at the
// width of the terminal, and styled where that is wanted.
type chatScreen struct {
	text   io.Writer    // where texts go
	shown  *shownWriter // what text is on a terminal, over wrap
	wrap   *wrapper
	w      io.Writer
	styled bool
	now    style
	last   byte // of the text, to know whether a line is open
}

// newChatScreen returns a screen over a terminal.
func newChatScreen(w io.Writer, width func() int, styled bool) *chatScreen {
	wrap := &wrapper{w: w, width: width}
	shown := &shownWriter{w: wrap}
	return &chatScreen{text: shown, shown: shown, wrap: wrap, w: w, styled: styled, now: plainStyle, last: '\n'}
}

// newPlainScreen returns one over a file or a pipe, which gets texts as they are.
func newPlainScreen(w io.Writer) *chatScreen {
	return &chatScreen{text: w, w: w, now: plainStyle, last: '\n'}
}

// put writes a text in a style, which holds until the next text has another one.
func (c *chatScreen) put(s style, text string) error {
	if text == "" {
		return nil
	}
	if err := c.turn(s); err != nil {
		return err
	}
	c.last = text[len(text)-1]
	_, err := io.WriteString(c.text, text)
	return err
}

// turn changes the style.
func (c *chatScreen) turn(s style) error {
	if s == c.now {
		return nil
	}
	c.now = s
	if !c.styled {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	sequence := "\x1b[0m"
	if s != plainStyle {
		sequence += "\x1b[" + string(s) + "m"
	}
	_, err := io.WriteString(c.w, sequence)
	return err
}

// flush shows what is held back.
func (c *chatScreen) flush() error {
	if c.shown == nil {
		return nil
	}
	if err := c.shown.finish(); err != nil {
		return err
	}
	return c.wrap.flush()
}

// end ends the line that is open, if one is, and the style.
func (c *chatScreen) end() error {
	if err := c.turn(plainStyle); err != nil {
		return err
	}
	if c.last != '\n' {
		if err := c.put(plainStyle, "\n"); err != nil {
			return err
		}
	}
	return c.flush()
}

// line writes a whole line, or several, in a style.
func (c *chatScreen) line(s style, text string) error {
	if err := c.end(); err != nil {
		return err
	}
	if err := c.put(s, text); err != nil {
		return err
	}
	return c.end()
}

// fresh forgets where on the line the cursor is: the terminal has a new line.
func (c *chatScreen) fresh() {
	c.last = '\n'
	if c.wrap == nil {
		return
	}
	c.wrap.column, c.wrap.spaces, c.wrap.start, c.wrap.code = 0, c.wrap.spaces[:0], c.wrap.start[:0], false
}
