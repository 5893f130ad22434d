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

// BPE is a byte pair encoding model (Sennrich, Haddow and Birch 2016): a word begins
// as its characters, or bytes, and neighbours are joined in the order of a list of
// merges that training has left.
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
	// Crossing has those characters. Package sentencepiece has a model of the same
	// kind and fills it by NoteCrossing too.
	Crossing map[rune]bool
}

// Tokens returns the vocabulary.
func (m *BPE) Tokens() *vocab.Vocab { return m.vocab }

// Unknown returns the id of what the vocabulary does not have, -1 where there is none.
func (m *BPE) Unknown() int32 { return m.unk }

// newBPE makes the model without its merges: its symbols from the vocabulary. Pieces come
// as bytes if the file wants the byte-level alphabet, unless the model puts affixes
// to characters, which are those of the alphabet.
func newBPE(v *vocab.Vocab, o *modelOptions, alphabet bool) *BPE {
	m := &BPE{
		vocab: v, fuseUnk: o.FuseUnk, byteFallback: o.ByteFallback, ignoreMerges: o.IgnoreMerges, unk: -1,
		prefix: textOf(o.Prefix), suffix: textOf(o.Suffix), hasUnk: o.Unk != nil, unkToken: textOf(o.Unk),
	}
	m.raw = alphabet && m.prefix == "" && m.suffix == ""
	if id, ok := v.Lookup(m.unkToken); ok && m.hasUnk {
		m.unk = id
	}
	m.findSymbols()
	return m
}

// findSymbols looks up what encoding asks for all the time: the symbols of ASCII, of
// bytes, and of the mark for spaces.
func (m *BPE) findSymbols() {
	m.mark = symbolOf(m.vocab, vocab.MetaMark)
	for c := range m.ascii {
		m.ascii[c] = symbolOf(m.vocab, string(rune(c)))
	}
	for b := range m.bytes {
		m.bytes[b] = symbolOf(m.vocab, string(bytelevel.ByteRunes[b]))
	}
	m.fallback = fallbackSymbols(m.vocab)
}

// symbolOf returns the id of a token, -1 without one.
func symbolOf(v *vocab.Vocab, token string) int32 {
	if id, ok := v.Lookup(token); ok {
		return id
	}
	return -1
}

// fallbackSymbols returns the symbols of the bytes, by the names that SentencePiece
// gives them; -1 for those that a vocabulary lacks.
func fallbackSymbols(v *vocab.Vocab) (ids [256]int32) {
	for b := range ids {
		ids[b] = symbolOf(v, fmt.Sprintf("<0x%02X>", b))
	}
	return ids
}

// readMerges reads the merges, each a pair of strings or one string with a
// space between the two. They are counted first, so that their table is made once.
func (m *BPE) readMerges(raw []byte) error {
	count := 0
	if jsontext.IsNull(raw) {
		raw = []byte("[]")
	}
	s := &jsontext.Scanner{Data: raw}
	if err := s.Array(func() error { count++; _, err := s.Skip(); return err }); err != nil {
		return err
	}
	m.makePairs(count)
	s = &jsontext.Scanner{Data: raw}
	rank := uint32(0)
	var buf mergeBuffer
	return s.Array(func() error {
		// Merges that were lines of a file may begin with that of its version.
		if bytes.HasPrefix(s.Data[s.Pos:], []byte(`"#version`)) {
			_, err := s.Skip()
			return err
		}
		if err := buf.read(s); err != nil {
			return err
		}
		rank++
		return m.addMerge(&buf, rank-1)
	})
}

// makePairs makes the table of merges, with room for n of them.
func (m *BPE) makePairs(n int) {
	m.pairs = vocab.NewPairTable(n)
	// A character that vanishes would make neighbours of those around it, and a
	// word that is looked for as a whole is not that of a part.
	m.markSplit = m.mark >= 0 && m.unk >= 0 && m.prefix == "" && m.suffix == "" && !m.ignoreMerges
	m.Crossing = map[rune]bool{}
}

// mergeBuffer is memory for one merge after the other: a file has some hundred
// thousand.
type mergeBuffer struct{ left, right, joined []byte }

// read reads a merge in either form.
func (b *mergeBuffer) read(s *jsontext.Scanner) (err error) {
	if s.Peek() == '[' {
		b.left, b.right, err = mergeParts(s, b.left)
	} else {
		b.left, b.right, err = mergeLine(s, b.left)
	}
	return err
}

// addMerge notes a merge. What it makes has the prefix of its second part left out, as
// the reference does it: by its length, whether or not it is there.
func (m *BPE) addMerge(buf *mergeBuffer, rank uint32) error {
	rest := buf.right[min(len(m.prefix), len(buf.right)):]
	buf.joined = append(append(buf.joined[:0], buf.left...), rest...)
	a, okA := m.vocab.LookupBytes(buf.left)
	b, okB := m.vocab.LookupBytes(buf.right)
	c, okC := m.vocab.LookupBytes(buf.joined)
	if !okA || !okB || !okC {
		return fmt.Errorf("merge %d of %q and %q: not in the vocabulary", rank, fault.Clip(string(buf.left)), fault.Clip(string(buf.right)))
	}
	m.pairs.Put(a, b, rank, c)
	if m.markSplit {
		m.NoteCrossing(m.vocab.Token(uint32(c)))
	}
	return nil
}

// mergeParts reads a merge written as a list of two, which newer files have: tokens
// may then hold spaces. The second part lies in the scanner's memory.
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

// mergeLine reads a merge written as one string, which older files have.
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
// not be cut between them. A mark behind a mark needs no note, as no text is cut
// there.
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

// Raw reports whether pieces come as bytes rather than in the byte-level alphabet.
func (m *BPE) Raw() bool { return m.raw }
