package sentencepiece

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Text is how a SentencePiece file rewrites a text before it is cut.
type Text struct {
	Rules
	table  *normalizer.Precompiled // nil for the text as it is
	pieces *Pieces                 // nil where no piece is kept as it is
	suffix bool
	Legacy bool // each part between added tokens begins as a text does
}

// NewText returns how rules rewrite a text; m has the pieces to keep as they are.
func NewText(rules Rules, m *Pieces, suffix bool) (*Text, error) {
	n := &Text{Rules: rules, pieces: m, suffix: suffix, Legacy: true}
	data := rules.charsMap
	if len(data) == 0 {
		return n, nil
	}
	if len(data) <= 4 || int64(binary.LittleEndian.Uint32(data)) >= int64(len(data)) {
		return nil, normalizer.ErrCharsMap
	}
	var err error
	n.table, err = normalizer.ReadTable(data)
	n.charsMap = nil
	return n, err
}

// next returns what the beginning of s becomes, and its length: a piece of a user
// stays, then the longest that the table has is replaced, and a character that it has
// not stays. The table itself is that of package normalizer, which has it for
// tokenizer.json too. The reference asks it there for whole graphemes and takes the
// shortest entry, so that the two ways through a text have nothing in common.
func (p *Text) next(may *budget.Budget, s string) (text string, n int) {
	if p.pieces != nil {
		if _, n := p.pieces.userAt(may, s, 0); n > 0 {
			return s[:n], n
		}
	}
	if p.table != nil {
		if text, n := p.table.Longest(may, s); n > 0 {
			return text, n
		}
	}
	n = uni.CharLen(s, 0)
	return s[:n], n
}

// writer collects a text and, if it is asked to, where each of its bytes
// comes from. One writer for both keeps the rules of spaces in one place; what a text
// without places pays for it is a look at a flag for each part.
type writer struct {
	text   []byte
	places []uint32
	traced bool
}

// write appends a text of which each byte comes from the same place.
func (w *writer) write(s string, at int) {
	w.text = append(w.text, s...)
	if w.traced {
		for range len(s) {
			w.places = append(w.places, uint32(at))
		}
	}
}

// rewrite brings s into the form that the model knows and returns where the
// part of s ends that it stands for. A space before the text, or behind it, is
// written if dummy is set.
func (p *Text) rewrite(may *budget.Budget, w *writer, s string, dummy bool) (end int) {
	at := p.leading(may, s)
	if at == len(s) {
		return at // a text of nothing but spaces has not even the dummy
	}
	if dummy && !p.suffix {
		w.write(p.space(), at)
	}
	at = p.body(may, w, s, at)
	if p.extra {
		at = w.trim(p.space(), at)
	}
	if dummy && p.suffix {
		w.write(p.space(), at)
	}
	return at
}

// space returns what a space is written as.
func (p *Text) space() string {
	if p.escape {
		return vocab.MetaMark
	}
	return " "
}

// leading returns where the spaces before a text end that are left out. They are what
// the table makes of the text, which can be other white space.
func (p *Text) leading(may *budget.Budget, s string) (at int) {
	for p.extra && at < len(s) && may.Spend(1) {
		text, n := p.next(may, s[at:])
		if text != " " {
			break
		}
		at += n
	}
	return at
}

// body writes a text from a place on and returns where it left off. Where extra spaces
// are left out, those behind a space are.
func (p *Text) body(may *budget.Budget, w *writer, s string, at int) int {
	spaced := p.extra // what was written last is a space
	for at < len(s) && may.Spend(2) {
		text, n := p.next(may, s[at:])
		if spaced {
			text = strings.TrimLeft(text, " ")
		}
		if text != "" {
			if !may.Spend(len(text)/4) || !may.Fits(len(w.text)+len(text)*len(p.space())) {
				break
			}
			p.write(w, text, at)
			spaced = p.extra && text[len(text)-1] == ' '
		}
		at += n
	}
	return at
}

// trim takes the spaces at the end away again and returns where the text then ends,
// which a writer without places does not know: nobody asks it.
func (w *writer) trim(space string, at int) int {
	for strings.HasSuffix(string(w.text[max(len(w.text)-len(space), 0):]), space) {
		n := len(w.text) - len(space)
		w.text = w.text[:n]
		if w.traced {
			at = int(w.places[n])
			w.places = w.places[:n]
		}
	}
	return at
}

// write writes a text with marks for its spaces, which all come from one place: a
// replacement can be several characters for one.
func (p *Text) write(w *writer, text string, at int) {
	for p.escape {
		i := strings.IndexByte(text, ' ')
		if i < 0 {
			break
		}
		w.write(text[:i], at)
		w.write(vocab.MetaMark, at)
		text = text[i+1:]
	}
	w.write(text, at)
}

// begins reports whether a part of a text gets a space before it. Tokenizers of Hugging
// Face that are not of the legacy kind give one to the first part alone.
func (p *Text) begins(first bool) bool { return p.dummy && (p.Legacy || first) }

// Prepare is the step that does this before a text is cut. Room for half as much again
// is enough for marks in the place of spaces, which have three bytes.
func (p *Text) Prepare(may *budget.Budget, s string, first bool) string {
	w := writer{text: make([]byte, 0, len(s)+len(s)/2+8)}
	p.rewrite(may, &w, s, p.begins(first))
	return string(w.text)
}

// Trace is the step with the places of the original, for encodings that tell them. A byte belongs to what
// lies between the place that it comes from and that of the next one, as in
// SentencePiece.
func (p *Text) Trace(a *normalized.String) {
	w := writer{traced: true}
	last := p.rewrite(a.May, &w, a.Text, p.begins(a.Shift == 0))
	if a.May.Err != nil {
		return
	}
	from := func(at int) uint32 {
		if at < len(a.Spans) {
			return a.Spans[at].Start
		}
		if at == 0 {
			return a.Shift
		}
		return a.Spans[at-1].End
	}
	spans := make([]normalized.Place, len(w.text))
	for i := range spans {
		next := last
		if i+1 < len(spans) {
			next = int(w.places[i+1])
		}
		spans[i] = normalized.Place{Start: from(int(w.places[i])), End: from(next)}
	}
	a.Text, a.Spans = string(w.text), spans
}

// plainText is rewrite for text that a model has written. What does not become text
// stays as it was.
func (p *Text) plainText(may *budget.Budget, s string) string {
	var w writer
	if p.rewrite(may, &w, s, p.dummy); may.Err != nil || !utf8.Valid(w.text) {
		return s
	}
	return string(w.text)
}
