package tokenizer

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// pieceText is how a SentencePiece file rewrites a text before it is cut.
type pieceText struct {
	pieceRules
	table  *precompiled // nil for the text as it is
	pieces *pieces      // nil where no piece is kept as it is
	suffix bool
	legacy bool // each part between added tokens begins as a text does
}

func newPieceText(rules pieceRules, m *pieces, suffix bool) (*pieceText, error) {
	n := &pieceText{pieceRules: rules, pieces: m, suffix: suffix, legacy: true}
	data := rules.charsMap
	if len(data) == 0 {
		return n, nil
	}
	if len(data) <= 4 || int64(binary.LittleEndian.Uint32(data)) >= int64(len(data)) {
		return nil, errCharsMap
	}
	var err error
	n.table, err = readTable(data)
	n.charsMap = nil
	return n, err
}

// longest returns the length of the longest beginning of s that the table has,
// and what takes its place.
func (p *precompiled) longest(may *budget, s string) (text string, n int) {
	if len(p.units) == 0 {
		return "", 0
	}
	at := offset(p.units[0])
	start := int64(-1)
	for i := range len(s) {
		if at ^= uint32(s[i]); !may.spend(1) {
			return "", 0
		}
		if int64(at) >= int64(len(p.units)) {
			break
		}
		unit := p.units[at]
		if unit&(1<<31|0xff) != uint32(s[i]) {
			break
		}
		at ^= offset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if int64(at) >= int64(len(p.units)) {
			break
		}
		start, n = int64(p.units[at]&(1<<31-1)), i+1
	}
	if n == 0 || start > int64(len(p.texts)) {
		return "", 0
	}
	text, _, _ = strings.Cut(p.texts[start:], "\x00")
	may.spend(len(text) / 8)
	return text, n
}

// next returns what the beginning of s becomes, and its length.
func (p *pieceText) next(may *budget, s string) (text string, n int) {
	if p.pieces != nil {
		if _, n := p.pieces.userAt(may, s, 0); n > 0 {
			return s[:n], n
		}
	}
	if p.table != nil {
		if text, n := p.table.longest(may, s); n > 0 {
			return text, n
		}
	}
	n = uni.CharLen(s, 0)
	return s[:n], n
}

// pieceWriter collects a text and, if it is asked to, where each of its bytes
// comes from.
type pieceWriter struct {
	text   []byte
	places []uint32
	traced bool
}

func (w *pieceWriter) write(s string, at int) {
	w.text = append(w.text, s...)
	if w.traced {
		for range len(s) {
			w.places = append(w.places, uint32(at))
		}
	}
}

// rewrite brings s into the form that the model knows and returns where the
// part of s ends that it stands for. A space before the text is written if
// dummy is set.
func (p *pieceText) rewrite(may *budget, w *pieceWriter, s string, dummy bool) (end int) {
	space := " "
	if p.escape {
		space = metaMark
	}
	at := 0
	for p.extra && at < len(s) && may.spend(1) {
		text, n := p.next(may, s[at:])
		if text != " " {
			break
		}
		at += n
	}
	if at == len(s) {
		return at
	}
	if dummy && !p.suffix {
		w.write(space, at)
	}
	spaced := p.extra // what was written last is a space
	for at < len(s) && may.spend(2) {
		text, n := p.next(may, s[at:])
		if spaced {
			text = strings.TrimLeft(text, " ")
		}
		if text != "" {
			if !may.spend(len(text)/4) || !may.fits(len(w.text)+len(text)*len(space)) {
				break
			}
			p.write(w, text, at)
			spaced = p.extra && text[len(text)-1] == ' '
		}
		at += n
	}
	for p.extra && strings.HasSuffix(string(w.text[max(len(w.text)-len(space), 0):]), space) {
		n := len(w.text) - len(space)
		w.text = w.text[:n]
		if w.traced {
			at = int(w.places[n])
			w.places = w.places[:n]
		}
	}
	if dummy && p.suffix {
		w.write(space, at)
	}
	return at
}

// write writes a text with marks for its spaces.
func (p *pieceText) write(w *pieceWriter, text string, at int) {
	for p.escape {
		i := strings.IndexByte(text, ' ')
		if i < 0 {
			break
		}
		w.write(text[:i], at)
		w.write(metaMark, at)
		text = text[i+1:]
	}
	w.write(text, at)
}

// begins reports whether a part of a text gets a space before it.
func (p *pieceText) begins(first bool) bool { return p.dummy && (p.legacy || first) }

// prepare is the step that does this before a text is cut.
func (p *pieceText) prepare(may *budget, s string, first bool) string {
	w := pieceWriter{text: make([]byte, 0, len(s)+len(s)/2+8)}
	p.rewrite(may, &w, s, p.begins(first))
	return string(w.text)
}

// trace is the step with the places of the original. A byte belongs to what
// lies between the place that it comes from and that of the next one, as in
// SentencePiece.
func (p *pieceText) trace(a *aligned) {
	w := pieceWriter{traced: true}
	last := p.rewrite(a.may, &w, a.text, p.begins(a.shift == 0))
	if a.may.err != nil {
		return
	}
	from := func(at int) uint32 {
		if at < len(a.spans) {
			return a.spans[at].start
		}
		if at == 0 {
			return a.shift
		}
		return a.spans[at-1].end
	}
	spans := make([]place, len(w.text))
	for i := range spans {
		next := last
		if i+1 < len(spans) {
			next = int(w.places[i+1])
		}
		spans[i] = place{from(int(w.places[i])), from(next)}
	}
	a.text, a.spans = string(w.text), spans
}

// plainText is rewrite for text that a model has written.
func (p *pieceText) plainText(may *budget, s string) string {
	var w pieceWriter
	if p.rewrite(may, &w, s, p.dummy); may.err != nil || !utf8.Valid(w.text) {
		return s
	}
	return string(w.text)
}
