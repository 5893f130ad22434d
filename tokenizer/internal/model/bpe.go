package model

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// BPE is a byte pair encoding model.
type BPE struct {
	vocab        *vocab.Vocab
	pairs        *vocab.PairTable
	bytes        [256]int32 // symbol of a byte in the byte-level alphabet, -1 without one
	fallback     [256]int32 // symbol of a byte written as <0xNN>, -1 without one
	ascii        [utf8.RuneSelf]int32
	mark         int32 // symbol of metaMark, -1 without one
	raw          bool  // words come as bytes, not in the byte-level alphabet
	byteFallback bool
	fuseUnk      bool
	ignoreMerges bool
	unkToken     string
	hasUnk       bool
	unk          int32 // -1 where the vocabulary lacks unkToken
	prefix       string
	suffix       string
	// markSplit says that a text may be cut before a mark that follows
	// another character, unless that character is in crossing: no merge joins
	// such neighbours, so the parts can be merged on their own. It turns the
	// merging of a whole text into that of words.
	markSplit bool
	Crossing  map[rune]bool
}

// Tokens returns the vocabulary.
func (m *BPE) Tokens() *vocab.Vocab { return m.vocab }

// setOptions reads the small fields, and looks up what encoding asks for all the
// time: the symbols of ASCII, of bytes, and of the mark for spaces.
func (m *BPE) setOptions(o *modelOptions) {
	if o.Prefix != nil {
		m.prefix = *o.Prefix
	}
	if o.Suffix != nil {
		m.suffix = *o.Suffix
	}
	if o.Unk != nil {
		m.hasUnk, m.unkToken = true, *o.Unk
		if id, ok := m.vocab.Lookup(*o.Unk); ok {
			m.unk = id
		}
	}
	m.mark = -1
	if id, ok := m.vocab.Lookup(vocab.MetaMark); ok {
		m.mark = id
	}
	for c := range m.ascii {
		m.ascii[c] = -1
		if id, ok := m.vocab.Lookup(string(rune(c))); ok {
			m.ascii[c] = id
		}
	}
	var buf []byte
	for b := range m.bytes {
		m.bytes[b], m.fallback[b] = -1, -1
		buf = utf8.AppendRune(buf[:0], bytelevel.ByteRunes[b])
		if id, ok := m.vocab.LookupBytes(buf); ok {
			m.bytes[b] = id
		}
		if id, ok := m.vocab.Lookup(fmt.Sprintf("<0x%02X>", b)); ok {
			m.fallback[b] = id
		}
	}
}

// readMerges reads the merges, each a pair of strings or one string with a
// space between the two.
func (m *BPE) readMerges(raw []byte) error {
	count := 0
	if jsontext.IsNull(raw) {
		raw = []byte("[]")
	}
	s := &jsontext.Scanner{Data: raw}
	if err := s.Array(func() error { count++; _, err := s.Skip(); return err }); err != nil {
		return err
	}
	m.pairs = vocab.NewPairTable(count)
	_, hasMark := m.vocab.Lookup(vocab.MetaMark)
	// A character that vanishes would make neighbours of those around it.
	m.markSplit = hasMark && m.hasUnk && m.unk >= 0 && m.prefix == "" && m.suffix == "" && !m.ignoreMerges
	m.Crossing = map[rune]bool{}
	s = &jsontext.Scanner{Data: raw}
	rank := uint32(0)
	var left, joined []byte
	return s.Array(func() error {
		var right []byte
		var err error
		if bytes.HasPrefix(s.Data[s.Pos:], []byte(`"#version`)) {
			_, err = s.Skip()
			return err
		}
		if s.Peek() == '[' {
			left, right, err = mergeParts(s, left)
		} else {
			left, right, err = mergeLine(s, left)
		}
		if err != nil {
			return err
		}
		a, okA := m.vocab.LookupBytes(left)
		b, okB := m.vocab.LookupBytes(right)
		rest, found := bytes.CutPrefix(right, []byte(m.prefix))
		if !found {
			rest = right[min(len(m.prefix), len(right)):]
		}
		joined = append(append(joined[:0], left...), rest...)
		c, okC := m.vocab.LookupBytes(joined)
		if !okA || !okB || !okC {
			return fmt.Errorf("merge %d of %q and %q: not in the vocabulary", rank, fault.Clip(string(left)), fault.Clip(string(right)))
		}
		m.pairs.Put(a, b, rank, c)
		if m.markSplit {
			m.NoteCrossing(m.vocab.Token(uint32(c)))
		}
		rank++
		return nil
	})
}

// mergeParts reads a merge written as a list of two.
func mergeParts(s *jsontext.Scanner, buf []byte) (left, right []byte, err error) {
	n := 0
	left = buf[:0]
	err = s.Array(func() error {
		text, err := s.Str()
		switch n++; n {
		case 1:
			left = append(left, text...)
		case 2:
			right = text
		default:
			return errors.New("a merge of more than two tokens")
		}
		return err
	})
	if err == nil && n != 2 {
		err = errors.New("a merge of less than two tokens")
	}
	return left, right, err
}

// mergeLine reads a merge written as one string.
func mergeLine(s *jsontext.Scanner, buf []byte) (left, right []byte, err error) {
	text, err := s.Str()
	if err != nil {
		return nil, nil, err
	}
	a, b, ok := bytes.Cut(text, []byte(" "))
	if !ok || bytes.IndexByte(b, ' ') >= 0 {
		return nil, nil, fmt.Errorf("merge %q is not two tokens", fault.Clip(string(text)))
	}
	return append(buf[:0], a...), b, nil
}

// NoteCrossing records the characters before a mark inside a token: a text may
// not be cut between them.
func (m *BPE) NoteCrossing(token string) {
	for i := 0; ; {
		j := strings.Index(token[i:], vocab.MetaMark)
		if j < 0 {
			return
		}
		j += i
		if j > 0 {
			if r, _ := utf8.DecodeLastRuneInString(token[:j]); string(r) != vocab.MetaMark {
				m.Crossing[r] = true
			}
		}
		i = j + len(vocab.MetaMark)
	}
}
