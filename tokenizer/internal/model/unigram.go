package model

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"
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

// readUnigram reads the vocabulary, where the place in the list is the id.
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
	for b := range m.fallback {
		m.fallback[b] = -1
		if id, ok := m.vocab.Lookup(fmt.Sprintf("<0x%02X>", b)); ok {
			m.fallback[b] = id
		}
	}
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
		part := 0
		err := s.Array(func() error {
			if part++; part == 1 {
				token, err := s.Str()
				if len(token) > vocab.MaxToken {
					return vocab.ErrToken
				}
				v.Spans = append(v.Spans, vocab.Span{Start: uint32(len(text)), End: uint32(len(text) + len(token))})
				text = append(text, token...)
				return err
			}
			number, err := s.Skip()
			if err != nil {
				return err
			}
			score, err := parseScore(string(number))
			m.scores = append(m.scores, score)
			lowest = min(lowest, score)
			return err
		})
		if err == nil && part != 2 {
			err = errors.New("a token of the vocabulary is not a pair")
		}
		return err
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

// parseScore reads a number as the reference's JSON parser does: the digits as
// a whole number, then one multiplication or division by a power of ten. That
// can be one bit beside the nearest number, and where two ways through a text
// have the same sum that bit decides.
func parseScore(text string) (float64, error) {
	exact, err := strconv.ParseFloat(text, 64)
	if err != nil || exact == 0 {
		return exact, err
	}
	digits, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	whole, fraction, _ := strings.Cut(digits, ".")
	shift := 0
	if exponent != "" {
		if shift, err = strconv.Atoi(strings.TrimPrefix(exponent, "+")); err != nil {
			return exact, nil //nolint:nilerr // an exponent that large has been read above
		}
	}
	significand, err := strconv.ParseUint(whole+fraction, 10, 64)
	shift -= len(fraction)
	if err != nil || shift < -308 || shift > 308 {
		return exact, nil //nolint:nilerr // more digits than scores have
	}
	f := float64(significand)
	// Powers of ten are read from text: a product would have errors.
	power, err := strconv.ParseFloat("1e"+strconv.Itoa(max(shift, -shift)), 64)
	if err != nil {
		return exact, nil //nolint:nilerr // out of range
	}
	if shift < 0 {
		f /= power
	} else {
		f *= power
	}
	return math.Copysign(f, exact), nil
}

// unigramEncoder is a unigram at work on one text.
type unigramEncoder struct {
	*unigram
	*budget.Budget
	Lattice
}

// Tokens returns the vocabulary.
func (m *unigram) Tokens() *vocab.Vocab { return m.vocab }

// Encoder returns an encoder, which works within a budget.
func (m *unigram) Encoder(may *budget.Budget) Encoder {
	return &unigramEncoder{unigram: m, Budget: may, Lattice: Lattice{May: may}}
}

// AppendPiece walks the best way from its beginning.
func (e *unigramEncoder) AppendPiece(dst []int, text string) []int {
	steps, path := e.best(text)
	start := int32(0)
	for i := len(path) - 1; i >= 0 && e.Spend(1); {
		end, id, next := e.part(steps, path, i)
		if i = next; id == e.unk {
			dst = e.appendUnknown(dst, text[start:end])
		} else {
			dst = append(dst, int(id))
		}
		start = end
	}
	return dst
}

// AppendTokens is AppendPiece with the places. The bytes of an unknown part all have
// the place of the whole, as in the reference.
func (e *unigramEncoder) AppendTokens(dst []Token, text string) []Token {
	steps, path := e.best(text)
	if !e.Tells(len(path)) {
		return dst
	}
	dst = slices.Grow(dst, len(path))
	start := int32(0)
	var ids []int
	for i := len(path) - 1; i >= 0 && e.Spend(1); {
		end, id, next := e.part(steps, path, i)
		i = next
		part := text[start:end]
		if id != e.unk {
			dst = append(dst, Token{id, start, end, part})
			start = end
			continue
		}
		ids = e.appendUnknown(ids[:0], part)
		for _, id := range ids {
			token := part
			if spelled, ok := e.vocab.ByID(id); ok && int32(id) != e.unk {
				token = spelled
			}
			dst = append(dst, Token{int32(id), start, end, token})
		}
		start = end
	}
	return dst
}

// best finds the best way through a text. It returns the steps and the places
// where they end, the last one first.
func (e *unigramEncoder) best(text string) (steps []Step, path []int32) {
	steps = e.Places(text)
	for at := 0; at < len(steps)-1 && e.extend(steps, text, at); {
		at += uni.CharLen(text, at)
	}
	return steps, e.Path(steps)
}

// part returns where the part of a text that path[i] ends goes to, its id, and
// the index of the next part. Neighbouring unknown parts are one.
func (e *unigramEncoder) part(steps []Step, path []int32, i int) (end, id int32, next int) {
	end = path[i]
	id = steps[end].ID
	for i--; id == e.unk && i >= 0 && steps[path[i]].ID == e.unk; i-- {
		end = path[i]
	}
	return end, id, i
}

// extend offers the tokens that start at a place of the text to where they end.
// It reports whether the budget allows to go on.
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

// appendUnknown appends a part that no token covers.
func (e *unigramEncoder) appendUnknown(dst []int, part string) []int {
	if id, ok := e.vocab.Lookup(part); ok {
		return append(dst, int(id))
	}
	if e.byteFallback {
		before := len(dst)
		for i := range len(part) {
			if e.fallback[part[i]] < 0 {
				break
			}
			dst = append(dst, int(e.fallback[part[i]]))
		}
		if len(dst)-before == len(part) {
			return dst
		}
		dst = dst[:before]
	}
	if e.unk < 0 {
		r, _ := utf8.DecodeRuneInString(part)
		e.Fail(fmt.Errorf("tokenizer: no token for %q and no unknown token", r))
		return dst
	}
	return append(dst, int(e.unk))
}
