package model

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// FromMerges makes a BPE model of the files that came before tokenizer.json: the JSON
// object of vocab.json and the lines of merges.txt. The small fields are those of a
// model section.
func FromMerges(small, words, merges []byte) (*BPE, error) {
	_, o, err := readOptions(small)
	if err != nil {
		return nil, err
	}
	s := &jsontext.Scanner{Data: bytes.TrimPrefix(words, []byte("\uFEFF"))}
	v, err := vocab.Read(s)
	if err == nil && (s.Peek() != 0 || s.Pos < len(s.Data)) {
		err = s.Fail("text after the end")
	}
	if err != nil {
		return nil, err
	}
	m := newBPE(v, o, true)
	if err := m.readLines(merges); err != nil {
		return nil, &MergesError{err}
	}
	return m, nil
}

// MergesError is what is wrong with merges.txt, and not with the vocabulary beside it.
type MergesError struct{ Err error }

func (e *MergesError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *MergesError) Unwrap() error { return e.Err }

// readLines reads merges as lines of two tokens with one space between them. Nothing
// else is a merge, not even an empty line, as in the reference.
func (m *BPE) readLines(text []byte) error {
	m.makePairs(bytes.Count(text, []byte("\n")) + 1)
	var buf mergeBuffer
	rank := uint32(0)
	for n := 1; len(text) > 0; n++ {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if bytes.HasPrefix(line, []byte("#version")) {
			continue
		}
		left, right, ok := bytes.Cut(line, []byte(" "))
		if !ok || bytes.IndexByte(right, ' ') >= 0 || !utf8.Valid(line) {
			return fmt.Errorf("line %d: %q is not two tokens", n, fault.Clip(string(line)))
		}
		buf.left, buf.right = left, right
		if err := m.addMerge(&buf, rank); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		rank++
	}
	return nil
}

// FromWords makes a WordPiece model of the words of vocab.txt.
func FromWords(small []byte, v *vocab.Vocab) (Model, error) {
	_, o, err := readOptions(small)
	if err != nil {
		return nil, err
	}
	return newWordPiece(v, o), nil
}

// Bounds of a vocabulary of ranks. Each token is looked at in all its cuts, which is
// quadratic in its length, and a merge is kept for each cut into two tokens. The largest
// in use, o200k_base, needs 446,000 merges and the squares of its lengths add up to
// 16 million.
const (
	maxRankMerges  = 1 << 22
	maxRankSquares = 1 << 30
)

// FromRanks makes the model of tiktoken: of the neighbours that make a token together,
// those are joined first whose token has the lowest rank, and of several the leftmost.
// A token's rank is its place among the tokens, which are bytes; nil is a rank that has
// none. Ids begin at first, and a piece that is a token is that token.
//
// Converters to tokenizer.json write the same as a list of merges, in which the ways to
// make one token have an order among themselves that tiktoken does not know. The two
// differ where a token can be made at two places that overlap, as at "aaa".
func FromRanks(tokens [][]byte, first int) (*BPE, error) {
	v, err := bytesVocab(tokens, first)
	if err != nil {
		return nil, err
	}
	cuts, err := allCuts(v)
	if err != nil {
		return nil, err
	}
	m := newBPE(v, &modelOptions{Type: "BPE", IgnoreMerges: true}, true)
	m.makePairs(len(cuts))
	for _, c := range cuts {
		m.pairs.Put(c.left, c.right, uint32(c.made), c.made)
	}
	return m, nil
}

// bytesVocab makes a vocabulary of tokens that are bytes, in the byte-level alphabet.
func bytesVocab(tokens [][]byte, first int) (*vocab.Vocab, error) {
	if first+len(tokens) > vocab.MaxID+1 {
		return nil, errors.New("the vocabulary is too large")
	}
	var text []byte
	spans := slices.Repeat([]vocab.Span{vocab.NoSpan}, first+len(tokens))
	for i, token := range tokens {
		if len(token) > vocab.MaxToken {
			return nil, vocab.ErrToken
		}
		if token != nil {
			start := len(text)
			text = bytelevel.AppendByteLevel(text, string(token))
			spans[first+i] = vocab.Span{Start: uint32(start), End: uint32(len(text))}
		}
	}
	return vocab.New(string(text), spans), nil
}

// cut is two tokens that make a token together.
type cut struct{ left, right, made int32 }

// allCuts returns all ways to cut a token of a vocabulary of ranks into two.
func allCuts(v *vocab.Vocab) (cuts []cut, err error) {
	squares := 0
	for id := range v.Spans {
		token, _ := v.ByID(id)
		if squares += len(token) * len(token); squares > maxRankSquares {
			return nil, errors.New("too many long tokens")
		}
		if len(cuts) > maxRankMerges {
			return nil, errors.New("the tokens can be made in too many ways")
		}
		for i := 1; i < len(token); i++ {
			if !utf8.RuneStart(token[i]) {
				continue
			}
			if right, ok := v.Lookup(token[i:]); ok {
				if left, ok := v.Lookup(token[:i]); ok {
					cuts = append(cuts, cut{left, right, int32(id)})
				}
			}
		}
	}
	return cuts, nil
}
