package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// pieceDecoder turns pieces back into text as SentencePiece does.
type pieceDecoder struct {
	*pieces
	strips     bool // a space before the text was put there
	all        bool // however many there are
	unkSurface string
	undo       *pieceText // nil where text is left as it is
}

func newPieceDecoder(p *pieceFile, m *pieces) (*pieceDecoder, error) {
	d := &pieceDecoder{pieces: m, strips: p.rules.dummy || p.rules.extra, all: p.rules.extra, unkSurface: p.unkSurface}
	if !utf8.ValidString(d.unkSurface) {
		return nil, errPieces
	}
	if len(p.undo.charsMap) == 0 {
		return d, nil
	}
	var err error
	d.undo, err = newPieceText(p.undo, nil, false)
	return d, err
}

// step is the decoder. A control piece is spelled out, or empty where it is
// skipped: it ends a run of bytes all the same.
func (d *pieceDecoder) step(may *budget, tokens []string) []string {
	var text, run []byte
	start, seen := true, false
	for _, token := range tokens {
		if !may.spend(1+len(token)/4) || !may.fits(len(text)) {
			return nil
		}
		id, known := d.vocab.lookup(token)
		kind := pieceControl
		if known {
			kind = d.kinds[id]
		}
		if kind == pieceByte {
			b, _ := fallbackByte(token)
			run = append(run, b)
			continue
		}
		text, run = appendValid(text, string(run)), run[:0]
		if seen || len(text) > 0 {
			start = false
		}
		seen = false
		switch kind {
		case pieceControl:
		case pieceUnknown:
			if token = d.unkSurface; !may.fits(len(text) + len(token)) {
				return nil
			}
		default:
			if start && d.strips {
				var found bool
				token, found = strings.CutPrefix(token, metaMark)
				seen = found && !d.all
			}
			token = strings.ReplaceAll(token, metaMark, " ")
		}
		text = append(text, token...)
	}
	text = appendValid(text, string(run))
	if d.undo != nil {
		return []string{d.undo.plainText(may, string(text))}
	}
	return []string{string(text)}
}
