package tokenizer

import (
	"errors"
	"fmt"
	"hash/maphash"
)

// maxID bounds token ids, so that a malformed file cannot ask for tables that
// have nothing to do with its size. The largest vocabularies in use have about
// a quarter of a million tokens.
const maxID = 1<<22 - 1

// maxToken bounds a token in bytes, and so what a list of ids can become as text.
// The longest in use are some hundred spaces.
const maxToken = 1 << 14

// errToken is the cause of loading a longer one.
var errToken = fmt.Errorf("a token of more than %d bytes", maxToken)

// maxAffix bounds what is put before or behind each part of a word.
const maxAffix = 1 << 8

// vocab maps tokens to ids and back. All texts lie in one string, so that a
// vocabulary costs the garbage collector nothing.
type vocab struct {
	text  string
	spans []span   // by id; start > end marks an id without a token
	slots []uint32 // open addressing, id+1
	count int
	seed  maphash.Seed
}

// span is a half-open range of bytes.
type span struct{ start, end uint32 }

// noSpan marks an id that has no token.
var noSpan = span{1, 0}

// readVocab reads the object of a BPE vocabulary. It walks the text twice, so
// that each table is allocated once with its final size.
func readVocab(s *scanner) (*vocab, error) {
	first := *s
	bytes, count, largest := 0, 0, int64(-1)
	err := first.object(func(key []byte) error {
		if len(key) > maxToken {
			return errToken
		}
		bytes += len(key)
		count++
		id, err := first.integer()
		if err == nil && (id < 0 || id > maxID) {
			err = fmt.Errorf("token id %d is out of range", id)
		}
		largest = max(largest, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if largest > int64(count)*16+1024 {
		return nil, fmt.Errorf("token id %d in a vocabulary of %d tokens", largest, count)
	}
	v := &vocab{spans: make([]span, largest+1), slots: make([]uint32, slotCount(count)), seed: maphash.MakeSeed()}
	for i := range v.spans {
		v.spans[i] = noSpan
	}
	text := make([]byte, 0, bytes)
	err = s.object(func(key []byte) error {
		start := len(text)
		text = append(text, key...)
		id, err := s.integer()
		if err != nil {
			return err
		}
		v.spans[id] = span{uint32(start), uint32(len(text))}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.text = string(text)
	for id, sp := range v.spans {
		if sp != noSpan {
			v.insert(uint32(id), v.text[sp.start:sp.end])
		}
	}
	return v, nil
}

// slotCount returns the size of a hash table for n entries: a power of two
// that leaves a third of the slots free.
func slotCount(n int) int {
	size := 8
	for size < n+n/2 {
		size <<= 1
	}
	return size
}

func (v *vocab) insert(id uint32, token string) {
	mask := uint64(len(v.slots) - 1)
	for i := maphash.String(v.seed, token) & mask; ; i = (i + 1) & mask {
		if v.slots[i] == 0 {
			v.slots[i] = id + 1
			v.count++
			return
		}
		if v.token(v.slots[i]-1) == token {
			v.slots[i] = id + 1
			return
		}
	}
}

// token returns the text of an id that has one.
func (v *vocab) token(id uint32) string {
	sp := v.spans[id]
	return v.text[sp.start:sp.end]
}

// lookup returns the id of a token.
func (v *vocab) lookup(token string) (int32, bool) {
	mask := uint64(len(v.slots) - 1)
	for i := maphash.String(v.seed, token) & mask; v.slots[i] != 0; i = (i + 1) & mask {
		if id := v.slots[i] - 1; v.token(id) == token {
			return int32(id), true
		}
	}
	return 0, false
}

// lookupBytes is lookup for a token that is being assembled.
func (v *vocab) lookupBytes(token []byte) (int32, bool) {
	mask := uint64(len(v.slots) - 1)
	for i := maphash.Bytes(v.seed, token) & mask; v.slots[i] != 0; i = (i + 1) & mask {
		if id := v.slots[i] - 1; v.token(id) == string(token) {
			return int32(id), true
		}
	}
	return 0, false
}

// byID returns the token of any id.
func (v *vocab) byID(id int) (string, bool) {
	if id < 0 || id >= len(v.spans) || v.spans[id] == noSpan {
		return "", false
	}
	return v.token(uint32(id)), true
}

// errNoVocab is the cause of loading a model without a vocabulary.
var errNoVocab = errors.New("the model has no vocabulary")
