package main

import (
	"io"
	"strings"
)

// How texts for people are fitted to the width of a terminal: lines break between words, which
// terminals do not care for. A file or a pipe gets them as they are, since somebody may look for
// a line.

// columnsOf is the width of the terminal that a stream of a verb goes to, 0 where it goes to
// none.
func columnsOf(w io.Writer) int {
	shown, ok := w.(*shownWriter)
	if !ok || !isTerminal(shown.w) {
		return 0
	}
	return max(helpWidth(&streams{raw: shown.w}), narrow/3)
}

// told is a line that begins with the program's name, fitted to where it goes.
func told(w io.Writer, text string) string {
	return fittedBy(w, "coreml: "+text, func(string, int) int { return 2 }) + "\n"
}

// fitted breaks the lines of a text that are too long for where it goes.
func fitted(w io.Writer, text string) string { return fittedBy(w, text, hangOf) }

// fittedBy is fitted with what says where the rest of a line stands.
func fittedBy(w io.Writer, text string, hangOf func(line string, width int) int) string {
	width := columnsOf(w)
	if width == 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		b.WriteString(broken(line, hangOf(line, width), width))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// hangOf is where the rest of a line stands that is broken: below what stands in its second
// column, as behind the verdict of a check, or a little to the right of its beginning.
func hangOf(line string, width int) int {
	text := strings.TrimLeft(line, " ")
	lead := len(line) - len(text)
	if first, rest, ok := strings.Cut(text, "  "); ok {
		second := lead + cells(first) + 2 + len(rest) - len(strings.TrimLeft(rest, " "))
		if second <= width/2 {
			return second
		}
	}
	return min(lead+2, width/2)
}

// broken breaks a line between words so that it fits a width; all but its first part stand
// behind hang spaces. What is between words stays as it is. A word that is too long for any
// line is left to the terminal.
func broken(line string, hang, width int) string {
	if cells(line) <= width {
		return line
	}
	var b strings.Builder
	at, begun := 0, false // the cells of the line so far, and whether it has a word
	for rest := line; rest != ""; {
		word := strings.TrimLeft(rest, " ")
		gap := rest[:len(rest)-len(word)]
		if n := strings.IndexByte(word, ' '); n >= 0 {
			word = word[:n]
		}
		rest = rest[len(gap)+len(word):]
		// A word that stands where a new line would begin stays there.
		if begun && word != "" && at+len(gap) > hang && at+len(gap)+cells(word) > width {
			b.WriteString("\n" + strings.Repeat(" ", hang))
			gap, at = "", hang
		}
		b.WriteString(gap + word)
		at += len(gap) + cells(word)
		begun = begun || word != ""
	}
	return strings.TrimRight(b.String(), " ")
}

// fit returns the lines of the table for where it goes. Where they are too long, columns that
// find no room stand in lines of their own below the others, and the words of a last column
// that is no number are broken.
func (t *table) fit(w io.Writer) string {
	text, width := t.String(), columnsOf(w)
	tooLong := false
	for line := range strings.Lines(text) {
		tooLong = tooLong || cells(strings.TrimSuffix(line, "\n")) > width
	}
	if width == 0 || !tooLong {
		return text
	}
	widths := t.widths()
	parts := t.parts(widths, width)
	var b strings.Builder
	for _, row := range t.rows {
		for _, p := range parts {
			line := strings.Repeat(" ", p.indent) + strings.Join(t.padded(row, widths, p.from, p.to), "  ")
			if line = strings.TrimRight(line, " "); line != "" || p.from == 0 {
				b.WriteString(broken(line, p.hang, width) + "\n")
			}
		}
	}
	return b.String()
}

// part is the columns of a table that stand beside each other.
type part struct{ from, to, indent, hang int }

// parts says which columns find room beside each other.
func (t *table) parts(widths []int, width int) (all []part) {
	p := part{indent: len(t.indent), hang: min(len(t.indent)+4, width/2)}
	at := p.indent
	for i, n := range widths {
		last := i == len(widths)-1 && !t.right[i] // its words can be broken
		if i > p.from && at+n > width && (!last || at > width/2) {
			p.to = i
			all = append(all, p)
			p = part{from: i, indent: p.hang, hang: p.hang}
			at = p.indent
		}
		if last && i > p.from {
			p.hang = at
		}
		at += n + 2
	}
	p.to = len(widths)
	return append(all, p)
}
