package vocab

import (
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// MetaMark is the mark that SentencePiece style vocabularies use for a space.
const MetaMark = "▁"

// MaxID bounds token ids, so that a malformed file cannot ask for tables that
// have nothing to do with its size. The largest vocabularies in use have about
// a quarter of a million tokens.
const MaxID = 1<<22 - 1

// MaxToken bounds a token in bytes, and so what a list of ids can become as text.
// The longest in use are some hundred spaces.
const MaxToken = 1 << 14

// ErrToken is the cause of loading a longer one.
var ErrToken = fmt.Errorf("a token of more than %d bytes", MaxToken)

// Vocab maps tokens to ids and back. All texts lie in one string, so that a
// vocabulary costs the garbage collector nothing.
type Vocab struct {
	Text  string
	Spans []Span   // by id; start > end marks an id without a token
	Slots []uint32 // open addressing, id+1
	Count int
	Seed  maphash.Seed
}

// Span is a half-open range of bytes.
type Span struct{ Start, End uint32 }

// NoSpan marks an id that has no token.
var NoSpan = Span{1, 0}

// Read reads the object of a BPE vocabulary. It walks the text twice, so
// that each table is allocated once with its final size.
func Read(s *jsontext.Scanner) (*Vocab, error) {
	first := *s
	m, err := measure(&first)
	if err != nil {
		return nil, err
	}
	v := &Vocab{Spans: make([]Span, m.largest+1), Slots: make([]uint32, SlotCount(m.count)), Seed: maphash.MakeSeed()}
	for i := range v.Spans {
		v.Spans[i] = NoSpan
	}
	text := make([]byte, 0, m.bytes)
	err = s.Object(func(key []byte) error {
		start := len(text)
		text = append(text, key...)
		id, err := s.Integer()
		if err != nil {
			return err
		}
		v.Spans[id] = Span{uint32(start), uint32(len(text))}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.Text = string(text)
	for id, sp := range v.Spans {
		if sp != NoSpan {
			v.Insert(uint32(id), v.Text[sp.Start:sp.End])
		}
	}
	return v, nil
}

// measures are the sizes of a vocabulary.
type measures struct {
	bytes, count int
	largest      int64 // id, -1 without any
}

// measure returns the sizes of a vocabulary and refuses those that a file of its
// length cannot need: ids may have gaps, but a few tokens with ids in the millions
// would ask for tables of many megabytes.
func measure(s *jsontext.Scanner) (measures, error) {
	m := measures{largest: -1}
	err := s.Object(func(key []byte) error {
		if len(key) > MaxToken {
			return ErrToken
		}
		m.bytes += len(key)
		m.count++
		id, err := s.Integer()
		if err == nil && (id < 0 || id > MaxID) {
			err = fmt.Errorf("token id %d is out of range", id)
		}
		m.largest = max(m.largest, id)
		return err
	})
	if err == nil && m.largest > int64(m.count)*16+1024 {
		err = fmt.Errorf("token id %d in a vocabulary of %d tokens", m.largest, m.count)
	}
	return m, err
}

// SlotCount returns the size of a hash table for n entries: a power of two
// that leaves a third of the slots free.
func SlotCount(n int) int {
	size := 8
	for size < n+n/2 {
		size <<= 1
	}
	return size
}

// Insert puts a token under an id that it already has a place at. Of several ids
// with one token the last is found. The seed of the hash is random, so that no file can
// choose tokens that all have one slot.
func (v *Vocab) Insert(id uint32, token string) {
	mask := uint64(len(v.Slots) - 1)
	for i := maphash.String(v.Seed, token) & mask; ; i = (i + 1) & mask {
		if v.Slots[i] == 0 {
			v.Slots[i] = id + 1
			v.Count++
			return
		}
		if v.Token(v.Slots[i]-1) == token {
			v.Slots[i] = id + 1
			return
		}
	}
}

// Token returns the text of an id that has one.
func (v *Vocab) Token(id uint32) string {
	sp := v.Spans[id]
	return v.Text[sp.Start:sp.End]
}

// Lookup returns the id of a token.
func (v *Vocab) Lookup(token string) (int32, bool) {
	mask := uint64(len(v.Slots) - 1)
	for i := maphash.String(v.Seed, token) & mask; v.Slots[i] != 0; i = (i + 1) & mask {
		if id := v.Slots[i] - 1; v.Token(id) == token {
			return int32(id), true
		}
	}
	return 0, false
}

// LookupBytes is Lookup for a token that is being assembled. It is written out, as a
// string made of the bytes, or a generic of both, would cost an allocation or a call in
// the innermost loops.
func (v *Vocab) LookupBytes(token []byte) (int32, bool) {
	mask := uint64(len(v.Slots) - 1)
	for i := maphash.Bytes(v.Seed, token) & mask; v.Slots[i] != 0; i = (i + 1) & mask {
		if id := v.Slots[i] - 1; v.Token(id) == string(token) {
			return int32(id), true
		}
	}
	return 0, false
}

// ByID returns the token of any id.
func (v *Vocab) ByID(id int) (string, bool) {
	if id < 0 || id >= len(v.Spans) || v.Spans[id] == NoSpan {
		return "", false
	}
	return v.Token(uint32(id)), true
}

// ErrNoVocab is the cause of loading a model without a vocabulary.
var ErrNoVocab = errors.New("the model has no vocabulary")
