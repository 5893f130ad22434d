package sentencepiece

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Decoder turns pieces back into text as SentencePiece does. The fields are how the
// text was rewritten before it was cut, as far as that can be undone.
type Decoder struct {
	*Pieces
	strips     bool // a space before the text was put there
	all        bool // however many there are
	unkSurface string
	undo       *Text // nil where text is left as it is
}

// NewDecoder returns the decoder of a file, over its pieces. A file may have a table for
// decoded text too, a rare thing: it undoes what the other one did.
func NewDecoder(p *File, m *Pieces) (*Decoder, error) {
	d := &Decoder{Pieces: m, strips: p.Rules.dummy || p.Rules.extra, all: p.Rules.extra, unkSurface: p.unkSurface}
	if !utf8.ValidString(d.unkSurface) {
		return nil, ErrMalformed
	}
	if len(p.undo.charsMap) == 0 {
		return d, nil
	}
	var err error
	d.undo, err = NewText(p.undo, nil, false)
	return d, err
}

// Step is the decoder. A control piece is spelled out, or empty where it is
// skipped: it ends a run of bytes all the same.
func (d *Decoder) Step(may *budget.Budget, tokens []string) []string {
	var text, run []byte
	start, seen := true, false
	for _, token := range tokens {
		if !may.Spend(1+len(token)/4) || !may.Fits(len(text)) {
			return nil
		}
		kind := d.kindOf(token)
		if kind == Byte {
			b, _ := bytelevel.FallbackByte(token)
			run = append(run, b)
			continue
		}
		text, run = budget.AppendValid(text, string(run)), run[:0]
		if seen || len(text) > 0 {
			start = false
		}
		seen = false
		switch kind {
		case Control:
		case Unknown:
			if token = d.unkSurface; !may.Fits(len(text) + len(token)) {
				return nil
			}
		default:
			token, seen = d.spaced(token, start)
		}
		text = append(text, token...)
	}
	text = budget.AppendValid(text, string(run))
	if d.undo != nil {
		return []string{d.undo.plainText(may, string(text))}
	}
	return []string{string(text)}
}

// kindOf returns the kind of a piece by its name. What is none is as a control piece:
// it stays as it is.
func (d *Decoder) kindOf(token string) Kind {
	if id, ok := d.Vocab.Lookup(token); ok {
		return d.Kinds[id]
	}
	return Control
}

// spaced returns a piece with spaces for its marks. The one that begins a text was put
// there and is left out; seen reports that this was it, and that no other is.
func (d *Decoder) spaced(token string, start bool) (text string, seen bool) {
	if start && d.strips {
		var found bool
		token, found = strings.CutPrefix(token, vocab.MetaMark)
		seen = found && !d.all
	}
	return strings.ReplaceAll(token, vocab.MetaMark, " "), seen
}
