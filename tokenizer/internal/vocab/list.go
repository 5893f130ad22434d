package vocab

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"unicode"
	"unicode/utf8"
)

// New makes a vocabulary of the tokens that lie in a text, by their ids. Of several ids
// with one token the last keeps it, and the others have none.
func New(text string, spans []Span) *Vocab {
	v := &Vocab{Text: text, Spans: spans, Slots: make([]uint32, SlotCount(len(spans))), Seed: maphash.MakeSeed()}
	for id, sp := range spans {
		if sp == NoSpan {
			continue
		}
		before, twice := v.Lookup(text[sp.Start:sp.End])
		v.Insert(uint32(id), text[sp.Start:sp.End])
		if twice {
			spans[before] = NoSpan
		}
	}
	return v
}

// ReadLines reads a vocabulary that has a token on each line, whose number counted from
// zero is its id, as vocab.txt does. White space at the end of a line is not of its token.
func ReadLines(text []byte) (*Vocab, error) {
	n := bytes.Count(text, []byte("\n")) + 1
	if n > MaxID {
		return nil, fmt.Errorf("more than %d lines", MaxID)
	}
	spans := make([]Span, 0, n)
	for start := 0; start < len(text); {
		line, _, _ := bytes.Cut(text[start:], []byte("\n"))
		token := bytes.TrimRightFunc(line, unicode.IsSpace)
		switch {
		case !utf8.Valid(line):
			return nil, fmt.Errorf("line %d is not UTF-8", len(spans)+1)
		case len(token) > MaxToken:
			return nil, fmt.Errorf("line %d: %w", len(spans)+1, ErrToken)
		}
		spans = append(spans, Span{uint32(start), uint32(start + len(token))})
		start += len(line) + 1
	}
	return New(string(text), spans), nil
}
