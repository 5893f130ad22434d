package model

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// UnkPenalty is how much less than the least likely token an unknown character
// scores, a constant of SentencePiece.
const UnkPenalty = 10

// unigram is the model that cuts a text into the tokens with the greatest sum
// of scores.
type unigram struct {
	vocab        *vocab.Vocab
	scores       []float64
	trie         *vocab.PairTable // (node, byte) to (id+1 of the token that ends here or 0, node)
	unk          int32            // -1 without one
	unkScore     float64
	fallback     [256]int32
	byteFallback bool
}

// readUnigram reads the vocabulary, where the place in the list is the id. All tokens
// are in the trie, also the unknown one: its name is found in text as any other.
func readUnigram(raw []byte, o *modelOptions) (*unigram, error) {
	m := &unigram{unk: -1, byteFallback: o.ByteFallback}
	if err := m.readTokens(raw); err != nil {
		return nil, err
	}
	if o.UnkID != nil {
		if *o.UnkID < 0 || *o.UnkID >= len(m.scores) {
			return nil, fmt.Errorf("unknown token id %d in a vocabulary of %d", *o.UnkID, len(m.scores))
		}
		m.unk = int32(*o.UnkID)
	}
	m.fallback = fallbackSymbols(m.vocab)
	order := make([]uint32, len(m.vocab.Spans))
	for id := range order {
		order[id] = uint32(id)
	}
	m.trie = vocab.BuildTrie(m.vocab, order)
	return m, nil
}

// readTokens reads the list of pairs of a token and its score.
func (m *unigram) readTokens(raw []byte) error {
	v := &vocab.Vocab{Seed: maphash.MakeSeed()}
	var text []byte
	s := &jsontext.Scanner{Data: raw}
	lowest := math.Inf(1)
	err := s.Array(func() error {
		token, score, err := readScored(s)
		if err != nil {
			return err
		}
		v.Spans = append(v.Spans, vocab.Span{Start: uint32(len(text)), End: uint32(len(text) + len(token))})
		text = append(text, token...)
		m.scores = append(m.scores, score)
		lowest = min(lowest, score)
		return nil
	})
	if err == nil && len(v.Spans) > vocab.MaxID {
		err = errors.New("the vocabulary is too large")
	}
	if err != nil {
		return err
	}
	v.Spans = slices.Clip(v.Spans)
	v.Text = string(text)
	v.Slots = make([]uint32, vocab.SlotCount(len(v.Spans)))
	for id := range v.Spans {
		v.Insert(uint32(id), v.Token(uint32(id)))
	}
	m.vocab, m.unkScore = v, lowest-UnkPenalty
	return nil
}

// readScored reads a pair of a token and its score. The token lies in the memory of
// the scanner until it reads the next text.
func readScored(s *jsontext.Scanner) (token []byte, score float64, err error) {
	part := 0
	err = s.Array(func() (err error) {
		if part++; part == 1 {
			token, err = s.Str()
			if len(token) > vocab.MaxToken {
				return vocab.ErrToken
			}
			return err
		}
		number, err := s.Skip()
		if err == nil {
			score, err = parseScore(string(number))
		}
		return err
	})
	if err == nil && part != 2 {
		err = errors.New("a token of the vocabulary is not a pair")
	}
	return token, score, err
}

// unigramEncoder is a unigram at work on one text. It has no cache of words: the best
// way through a text can depend on all of it.
type unigramEncoder struct {
	*unigram
	*budget.Budget
	Lattice
}

// Tokens returns the vocabulary.
func (m *unigram) Tokens() *vocab.Vocab { return m.vocab }

func (m *unigram) Unknown() int32 { return m.unk }

// Encoder returns an encoder, which works within a budget.
func (m *unigram) Encoder(may *budget.Budget) Encoder {
	return &unigramEncoder{unigram: m, Budget: may, Lattice: Lattice{May: may}}
}

// AppendPiece walks the best way from its beginning.
func (e *unigramEncoder) AppendPiece(dst []int, text string) []int {
	w := e.best(text)
	for w.left > 0 && e.Spend(1) {
		id, start, end := w.next(e.unk)
		if id == e.unk {
			dst = e.appendUnknown(dst, text[start:end])
		} else {
			dst = append(dst, int(id))
		}
	}
	return dst
}

// AppendTokens is AppendPiece with the places. The bytes of an unknown part all have
// the place of the whole, as in the reference.
func (e *unigramEncoder) AppendTokens(dst []Token, text string) []Token {
	w := e.best(text)
	if !e.Tells(w.left) {
		return dst
	}
	dst = slices.Grow(dst, w.left)
	var ids []int
	for w.left > 0 && e.Spend(1) {
		id, start, end := w.next(e.unk)
		part := text[start:end]
		if id != e.unk {
			dst = append(dst, Token{id, start, end, part})
			continue
		}
		ids = e.appendUnknown(ids[:0], part)
		for _, id := range ids {
			dst = append(dst, Token{int32(id), start, end, e.unknownText(id, part)})
		}
	}
	return dst
}

// unknownText returns how a token for an unknown part is spelled: a byte by its name,
// the unknown token by what it stands for.
func (e *unigramEncoder) unknownText(id int, part string) string {
	if spelled, ok := e.vocab.ByID(id); ok && int32(id) != e.unk {
		return spelled
	}
	return part
}

// way is the best way through a text, walked from its beginning: the steps, and the
// places where they end, the last one first, of which so many are left.
type way struct {
	steps []Step
	ends  []int32
	left  int
	at    int32
}

// best finds the best way through a text, by the algorithm of Viterbi: the best way to
// a place is the best way to one before it and a token from there.
func (e *unigramEncoder) best(text string) way {
	steps := e.Places(text)
	for at := 0; at < len(steps)-1 && e.extend(steps, text, at); {
		at += uni.CharLen(text, at)
	}
	ends := e.Path(steps)
	return way{steps: steps, ends: ends, left: len(ends)}
}

// next returns the next part of a text and its id. Neighbouring unknown parts are one.
func (w *way) next(unk int32) (id, start, end int32) {
	w.left--
	start, end = w.at, w.ends[w.left]
	id = w.steps[end].ID
	for id == unk && w.left > 0 && w.steps[w.ends[w.left-1]].ID == unk {
		w.left--
		end = w.ends[w.left]
	}
	w.at = end
	return id, start, end
}

// extend offers the tokens that start at a place of the text to where they end.
// It reports whether the budget allows to go on. Where no token is the character that
// is there, the unknown one is offered too, so that each text has a way.
func (e *unigramEncoder) extend(steps []Step, text string, at int) bool {
	here := steps[at].Score
	size := uni.CharLen(text, at)
	single := false
	node := int32(0)
	i := at
	for ; i < len(text); i++ {
		val := e.trie.Get(node, int32(text[i]))
		if val == vocab.NoMerge {
			break
		}
		node = int32(uint32(val))
		if ends := uint32(val >> 32); ends > 0 {
			offer(&steps[i+1], here+e.scores[ends-1], at, int32(ends-1))
			single = single || i+1-at == size
		}
	}
	if !single {
		offer(&steps[at+size], here+e.unkScore, at, e.unk)
	}
	return e.Spend(2 + i - at)
}

// offer keeps the better way to a place. Of equal ones the first stays, which is the
// one with the longer last token: the reference asks in the same order.
func offer(to *Step, score float64, start int, id int32) {
	if to.Start < 0 || score > to.Score {
		*to = Step{score, int32(start), id}
	}
}

// appendUnknown appends a part that no token covers: the token that it is by name, the
// bytes that it has, if there are symbols for all of them, or the unknown token.
func (e *unigramEncoder) appendUnknown(dst []int, part string) []int {
	if id, ok := e.vocab.Lookup(part); ok {
		return append(dst, int(id))
	}
	if e.byteFallback {
		if all, ok := e.appendBytes(dst, part); ok {
			return all
		}
	}
	if e.unk < 0 {
		r, _ := utf8.DecodeRuneInString(part)
		e.Fail(fmt.Errorf("tokenizer: no token for %q and no unknown token", r))
		return dst
	}
	return append(dst, int(e.unk))
}

// appendBytes appends the symbols of the bytes of a part, or reports that one lacks.
func (e *unigramEncoder) appendBytes(dst []int, part string) ([]int, bool) {
	for i := range len(part) {
		id := e.fallback[part[i]]
		if id < 0 {
			return nil, false
		}
		dst = append(dst, int(id))
	}
	return dst, true
}
