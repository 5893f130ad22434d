package sentencepiece

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Decoder turns pieces back into text as SentencePiece does.
type Decoder struct {
	*Pieces
	strips     bool // a space before the text was put there
	all        bool // however many there are
	unkSurface string
	undo       *Text // nil where text is left as it is
}

// NewDecoder returns the decoder of a file, over its pieces.
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
		id, known := d.Vocab.Lookup(token)
		kind := Control
		if known {
			kind = d.Kinds[id]
		}
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
			if start && d.strips {
				var found bool
				token, found = strings.CutPrefix(token, vocab.MetaMark)
				seen = found && !d.all
			}
			token = strings.ReplaceAll(token, vocab.MetaMark, " ")
		}
		text = append(text, token...)
	}
	text = budget.AppendValid(text, string(run))
	if d.undo != nil {
		return []string{d.undo.plainText(may, string(text))}
	}
	return []string{string(text)}
}
