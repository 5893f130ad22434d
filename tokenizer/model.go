package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// modelOptions are the small fields of a model.
type modelOptions struct {
	Type         string
	Dropout      *float64
	Unk          *string
	Prefix       *string
	Suffix       *string
	FuseUnk      bool
	ByteFallback bool
	IgnoreMerges bool
	MaxChars     int
	UnkID        *int
}

// model turns the pieces of a text into ids.
type model interface {
	// encoder returns an encoder, which works within a budget.
	encoder(may *budget) encoder
	// tokens returns the vocabulary.
	tokens() *vocab
}

// encoder is a model at work. The memory that it works in is its own, so that
// many can share one model; it is used by one goroutine at a time.
type encoder interface {
	// appendPiece appends the ids of one piece of pre-tokenized text.
	appendPiece(dst []int, piece string) []int
	// appendTokens appends the same ids with their places in the piece.
	appendTokens(dst []modelToken, piece string) []modelToken
	// reset lets go of the memory that a very long text took.
	reset()
}

// readModel reads the model section. The model gets the bytes of its pieces
// instead of the byte-level alphabet if alphabet is set and it can do that,
// which raw tells.
func readModel(raw []byte, alphabet bool) (m model, isRaw bool, err error) {
	fields, o, err := readOptions(raw)
	if err != nil {
		return nil, false, err
	}
	for name, value := range fields {
		if list, ok := modelFields[o.Type]; ok && name != "type" && !allowed(list, name) && !isNull(value) {
			return nil, false, &UnsupportedError{Component: "option", Name: o.Type + "." + name}
		}
	}
	v := fields["vocab"]
	switch {
	case o.Type != "BPE" && o.Type != "WordPiece" && o.Type != "WordLevel" && o.Type != "Unigram":
		return nil, false, &UnsupportedError{Component: "model", Name: o.Type}
	case o.Dropout != nil && *o.Dropout != 0:
		return nil, false, &UnsupportedError{Component: "option", Name: "BPE.dropout"}
	case isNull(v):
		return nil, false, errNoVocab
	}
	if o.Type == "Unigram" {
		u, err := readUnigram(v, o)
		if err != nil {
			return nil, false, fmt.Errorf("vocabulary: %w", err)
		}
		return u, false, nil
	}
	words, err := readVocab(&scanner{data: v})
	if err != nil {
		return nil, false, fmt.Errorf("vocabulary: %w", err)
	}
	if o.Type != "BPE" {
		return newWordPiece(words, o), false, nil
	}
	b := &bpe{vocab: words, fuseUnk: o.FuseUnk, byteFallback: o.ByteFallback, ignoreMerges: o.IgnoreMerges, unk: -1}
	b.setOptions(o)
	b.raw = alphabet && b.prefix == "" && b.suffix == ""
	if err := b.readMerges(fields["merges"]); err != nil {
		return nil, false, fmt.Errorf("merges: %w", err)
	}
	return b, b.raw, nil
}

func (m *bpe) tokens() *vocab { return m.vocab }

// readOptions reads the small fields of a model and finds the large ones.
func readOptions(raw []byte) (map[string][]byte, *modelOptions, error) {
	if isNull(raw) {
		return nil, nil, errors.New("the file has no model")
	}
	s := &scanner{data: raw}
	fields := map[string][]byte{}
	err := s.object(func(key []byte) error {
		name := string(key)
		value, err := s.skip()
		fields[name] = value
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	o := &modelOptions{MaxChars: 100}
	for name, dst := range map[string]any{
		"type": &o.Type, "dropout": &o.Dropout, "unk_token": &o.Unk, "continuing_subword_prefix": &o.Prefix,
		"end_of_word_suffix": &o.Suffix, "fuse_unk": &o.FuseUnk, "byte_fallback": &o.ByteFallback,
		"ignore_merges": &o.IgnoreMerges, "max_input_chars_per_word": &o.MaxChars, "unk_id": &o.UnkID,
	} {
		if value, ok := fields[name]; ok && !isNull(value) {
			if err := json.Unmarshal(value, dst); err != nil {
				return nil, nil, fmt.Errorf("model: %s: %w", name, err)
			}
		}
	}
	for _, affix := range []*string{o.Prefix, o.Suffix} {
		if affix != nil && len(*affix) > maxAffix {
			return nil, nil, fmt.Errorf("model: a prefix or suffix of more than %d bytes", maxAffix)
		}
	}
	if o.Type == "" {
		o.Type = guessType(fields)
	}
	return fields, o, nil
}

// guessType names the model of a file from before models had a type, as the
// reference does.
func guessType(fields map[string][]byte) string {
	list := len(fields["vocab"]) > 0 && fields["vocab"][0] == '['
	for _, name := range []string{"BPE", "WordPiece", "WordLevel", "Unigram"} {
		if list == (name == "Unigram") && missing(modelFields[name], fields) == "" {
			return name
		}
	}
	return ""
}

func (m *bpe) setOptions(o *modelOptions) {
	if o.Prefix != nil {
		m.prefix = *o.Prefix
	}
	if o.Suffix != nil {
		m.suffix = *o.Suffix
	}
	if o.Unk != nil {
		m.hasUnk, m.unkToken = true, *o.Unk
		if id, ok := m.vocab.lookup(*o.Unk); ok {
			m.unk = id
		}
	}
	m.mark = -1
	if id, ok := m.vocab.lookup(metaMark); ok {
		m.mark = id
	}
	for c := range m.ascii {
		m.ascii[c] = -1
		if id, ok := m.vocab.lookup(string(rune(c))); ok {
			m.ascii[c] = id
		}
	}
	var buf []byte
	for b := range m.bytes {
		m.bytes[b], m.fallback[b] = -1, -1
		buf = utf8.AppendRune(buf[:0], byteRunes[b])
		if id, ok := m.vocab.lookupBytes(buf); ok {
			m.bytes[b] = id
		}
		if id, ok := m.vocab.lookup(fmt.Sprintf("<0x%02X>", b)); ok {
			m.fallback[b] = id
		}
	}
}

// readMerges reads the merges, each a pair of strings or one string with a
// space between the two.
func (m *bpe) readMerges(raw []byte) error {
	count := 0
	if isNull(raw) {
		raw = []byte("[]")
	}
	s := &scanner{data: raw}
	if err := s.array(func() error { count++; _, err := s.skip(); return err }); err != nil {
		return err
	}
	m.pairs = newPairTable(count)
	_, hasMark := m.vocab.lookup(metaMark)
	// A character that vanishes would make neighbours of those around it.
	m.markSplit = hasMark && m.hasUnk && m.unk >= 0 && m.prefix == "" && m.suffix == "" && !m.ignoreMerges
	m.crossing = map[rune]bool{}
	s = &scanner{data: raw}
	rank := uint32(0)
	var left, joined []byte
	return s.array(func() error {
		var right []byte
		var err error
		if bytes.HasPrefix(s.data[s.pos:], []byte(`"#version`)) {
			_, err = s.skip()
			return err
		}
		if s.peek() == '[' {
			left, right, err = mergeParts(s, left)
		} else {
			left, right, err = mergeLine(s, left)
		}
		if err != nil {
			return err
		}
		a, okA := m.vocab.lookupBytes(left)
		b, okB := m.vocab.lookupBytes(right)
		rest, found := bytes.CutPrefix(right, []byte(m.prefix))
		if !found {
			rest = right[min(len(m.prefix), len(right)):]
		}
		joined = append(append(joined[:0], left...), rest...)
		c, okC := m.vocab.lookupBytes(joined)
		if !okA || !okB || !okC {
			return fmt.Errorf("merge %d of %q and %q: not in the vocabulary", rank, clip(string(left)), clip(string(right)))
		}
		m.pairs.put(a, b, rank, c)
		if m.markSplit {
			m.noteCrossing(m.vocab.token(uint32(c)))
		}
		rank++
		return nil
	})
}

// mergeParts reads a merge written as a list of two.
func mergeParts(s *scanner, buf []byte) (left, right []byte, err error) {
	n := 0
	left = buf[:0]
	err = s.array(func() error {
		text, err := s.str()
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
func mergeLine(s *scanner, buf []byte) (left, right []byte, err error) {
	text, err := s.str()
	if err != nil {
		return nil, nil, err
	}
	a, b, ok := bytes.Cut(text, []byte(" "))
	if !ok || bytes.IndexByte(b, ' ') >= 0 {
		return nil, nil, fmt.Errorf("merge %q is not two tokens", clip(string(text)))
	}
	return append(buf[:0], a...), b, nil
}

// noteCrossing records the characters before a mark inside a token: a text may
// not be cut between them.
func (m *bpe) noteCrossing(token string) {
	for i := 0; ; {
		j := strings.Index(token[i:], metaMark)
		if j < 0 {
			return
		}
		j += i
		if j > 0 {
			if r, _ := utf8.DecodeLastRuneInString(token[:j]); string(r) != metaMark {
				m.crossing[r] = true
			}
		}
		i = j + len(metaMark)
	}
}
