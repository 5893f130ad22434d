package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// maxLine bounds one text of a file.
const maxLine = 16 << 20

// lines are the texts of a call.
type lines struct {
	args []string
	file string // read where there are no args
	err  error  // of the reading, set when all has been read
}

// all gives the texts. Lines are read as they are asked for: a file may be larger
// than the memory.
func (l *lines) all(ctx context.Context, s *streams) iter.Seq[string] {
	if len(l.args) > 0 {
		return slices.Values(l.args)
	}
	return func(yield func(string) bool) {
		if l.file == "-" {
			if l.err = s.tellReading(); l.err == nil {
				l.err = readLines(storage.Reader(ctx, s.in), yield)
			}
		} else if f, err := storage.Open(l.file); err != nil {
			l.err = err
		} else {
			l.err = errors.Join(readLines(storage.Reader(ctx, f), yield), f.Close())
		}
		if l.err != nil && l.file == "-" {
			l.err = fmt.Errorf("standard input: %w", l.err)
		}
	}
}

// readLines gives the lines of a text without their ends.
func readLines(r io.Reader, yield func(string) bool) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, maxLine)
	first := true
	for scan.Scan() {
		line := scan.Bytes()
		if first { // editors of Windows put it there
			line, first = bytes.TrimPrefix(line, []byte("\ufeff")), false
		}
		if !yield(string(line)) {
			return nil
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line has more than %s", bytesText(maxLine))
	}
	return scan.Err()
}

// textVector is what --json prints for a text.
type textVector struct {
	Text      string    `json:"text"`
	Embedding []float32 `json:"embedding"`
	// Truncated is true for a text of which the model did not see the end.
	Truncated bool `json:"truncated,omitempty"`
}

// textScore is what --json prints for a text with --score.
type textScore struct {
	Text  string  `json:"text"`
	Score float32 `json:"score"`
}

// embedOutput writes results.
type embedOutput struct {
	json, lines, keep bool
	out               io.Writer
	cut               int // texts that were too long

	rows, width int // of what is kept for a file
	data        []float32
}

// vector writes one vector.
func (o *embedOutput) vector(e *embed.Embedding) error {
	if o.keep {
		o.rows, o.width, o.data = o.rows+1, len(e.Vector), append(o.data, e.Vector...)
	}
	switch {
	case !o.lines:
		return nil
	case o.json:
		return printJSON(o.out, textVector{e.Text, e.Vector, e.Truncated})
	}
	var b strings.Builder
	for i, x := range e.Vector {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, x)
	}
	_, err := fmt.Fprintln(o.out, b.String())
	return err
}

// score writes one score.
func (o *embedOutput) score(text string, score float32) error {
	if o.keep {
		o.rows, o.data = o.rows+1, append(o.data, score)
	}
	switch {
	case !o.lines:
		return nil
	case o.json:
		return printJSON(o.out, textScore{text, score})
	}
	_, err := fmt.Fprintln(o.out, score)
	return err
}

// writeNPY writes what was kept: a matrix of vectors, or a list of scores.
func (o *embedOutput) writeNPY(w io.Writer) error {
	shape := []int{o.rows}
	if o.width > 0 || o.rows == 0 {
		shape = append(shape, o.width)
	}
	return npy.Write(w, tensor.Wrap(o.data, shape...))
}
