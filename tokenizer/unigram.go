package tokenizer

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unkPenalty is how much less than the least likely token an unknown character
// scores, a constant of SentencePiece.
const unkPenalty = 10

// unigram is the model that cuts a text into the tokens with the greatest sum
// of scores.
type unigram struct {
	vocab        *vocab
	scores       []float64
	trie         *pairTable // (node, byte) to (id+1 of the token that ends here or 0, node)
	unk          int32      // -1 without one
	unkScore     float64
	fallback     [256]int32
	byteFallback bool
}

// step is the best way to a place in a text.
type step struct {
	score float64
	start int32 // -1 where nothing ends
	id    int32
}

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
		if id, ok := m.vocab.lookup(fmt.Sprintf("<0x%02X>", b)); ok {
			m.fallback[b] = id
		}
	}
	order := make([]uint32, len(m.vocab.spans))
	for id := range order {
		order[id] = uint32(id)
	}
	m.trie = buildTrie(m.vocab, order)
	return m, nil
}

// readTokens reads the list of pairs of a token and its score.
func (m *unigram) readTokens(raw []byte) error {
	v := &vocab{seed: maphash.MakeSeed()}
	var text []byte
	s := &scanner{data: raw}
	lowest := math.Inf(1)
	err := s.array(func() error {
		part := 0
		err := s.array(func() error {
			if part++; part == 1 {
				token, err := s.str()
				if len(token) > maxToken {
					return errToken
				}
				v.spans = append(v.spans, span{uint32(len(text)), uint32(len(text) + len(token))})
				text = append(text, token...)
				return err
			}
			number, err := s.skip()
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
	if err == nil && len(v.spans) > maxID {
		err = errors.New("the vocabulary is too large")
	}
	if err != nil {
		return err
	}
	v.spans = slices.Clip(v.spans)
	v.text = string(text)
	v.slots = make([]uint32, slotCount(len(v.spans)))
	for id := range v.spans {
		v.insert(uint32(id), v.token(uint32(id)))
	}
	m.vocab, m.unkScore = v, lowest-unkPenalty
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

func (m *unigram) tokens() *vocab { return m.vocab }

// buildTrie makes the trie of the bytes of tokens. Sorted tokens share their
// beginnings with the one before, which counts the nodes.
func buildTrie(v *vocab, order []uint32) *pairTable {
	slices.SortFunc(order, func(a, b uint32) int {
		if x, y := v.token(a), v.token(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return int(a) - int(b)
	})
	nodes, last := 1, ""
	for _, id := range order {
		token := v.token(id)
		nodes += len(token) - common(last, token)
		last = token
	}
	trie := newPairTable(nodes)
	next := int32(1)
	for _, id := range order {
		token := v.token(id)
		node := int32(0)
		for i := range len(token) {
			end := i == len(token)-1
			val := trie.get(node, int32(token[i]))
			child, ends := int32(uint32(val)), uint32(val>>32)
			if val == noMerge {
				child, ends = next, 0
				next++
			}
			if end {
				ends = id + 1
			}
			if val == noMerge || end {
				trie.put(node, int32(token[i]), ends, child)
			}
			node = child
		}
	}
	return trie
}

// common returns the length of the common beginning of two strings.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (m *unigram) appendPiece(st *state, dst []int, text string) []int {
	steps, path := m.best(st, text)
	start := int32(0)
	for i := len(path) - 1; i >= 0 && st.spend(1); {
		end, id, next := m.part(steps, path, i)
		if i = next; id == m.unk {
			dst = m.appendUnknown(st, dst, text[start:end])
		} else {
			dst = append(dst, int(id))
		}
		start = end
	}
	return dst
}

func (m *unigram) appendTokens(st *state, dst []modelToken, text string) []modelToken {
	steps, path := m.best(st, text)
	if !st.tells(len(path)) {
		return dst
	}
	dst = slices.Grow(dst, len(path))
	start := int32(0)
	var ids []int
	for i := len(path) - 1; i >= 0 && st.spend(1); {
		end, id, next := m.part(steps, path, i)
		i = next
		part := text[start:end]
		if id != m.unk {
			dst = append(dst, modelToken{id, start, end, part})
			start = end
			continue
		}
		ids = m.appendUnknown(st, ids[:0], part)
		for _, id := range ids {
			token := part
			if spelled, ok := m.vocab.byID(id); ok && int32(id) != m.unk {
				token = spelled
			}
			dst = append(dst, modelToken{int32(id), start, end, token})
		}
		start = end
	}
	return dst
}

// best finds the best way through a text. It returns the steps and the places
// where they end, the last one first.
func (m *unigram) best(st *state, text string) (steps []step, path []int32) {
	steps = st.places(text)
	for at := 0; at < len(steps)-1 && m.extend(st, steps, text, at); {
		at += charLen(text, at)
	}
	return steps, st.path(steps)
}

// maxPath bounds a text that a model cuts in one piece: each byte takes a step, or
// a symbol with its neighbours.
const maxPath = maxText / 4

// cuts reports whether a model can cut a text of n bytes in one piece, and ends
// the encoding otherwise.
func (st *state) cuts(n int) bool {
	if n > maxPath {
		st.fail(fmt.Errorf("%w: a piece of text is longer than 16 MiB", ErrTooLarge))
	}
	return st.err == nil
}

// places returns the steps to each place of a text, before there are any.
func (st *state) places(text string) []step {
	if !st.cuts(len(text)) {
		return nil
	}
	steps := sized(st.steps, len(text)+1)[:len(text)+1]
	for part := range slices.Chunk(steps, lookAfter) {
		if !st.spend(len(part) / 4) {
			return nil
		}
		for i := range part {
			part[i] = step{start: -1}
		}
	}
	st.steps = steps
	return steps
}

// path returns the places where the steps of the best way end, the last first;
// none if the way has no end yet.
func (st *state) path(steps []step) []int32 {
	path := st.symbols[:0]
	if st.err == nil {
		if len(steps) > maxKept {
			path = sized(path, len(steps))
		}
		for end := int32(len(steps) - 1); end > 0 && st.spend(1); end = steps[end].start {
			path = append(path, end)
		}
	}
	st.symbols = path
	return path
}

// part returns where the part of a text that path[i] ends goes to, its id, and
// the index of the next part. Neighbouring unknown parts are one.
func (m *unigram) part(steps []step, path []int32, i int) (end, id int32, next int) {
	end = path[i]
	id = steps[end].id
	for i--; id == m.unk && i >= 0 && steps[path[i]].id == m.unk; i-- {
		end = path[i]
	}
	return end, id, i
}

// extend offers the tokens that start at a place of the text to where they end.
// It reports whether the budget allows to go on.
func (m *unigram) extend(st *state, steps []step, text string, at int) bool {
	here := steps[at].score
	size := charLen(text, at)
	single := false
	node := int32(0)
	i := at
	for ; i < len(text); i++ {
		val := m.trie.get(node, int32(text[i]))
		if val == noMerge {
			break
		}
		node = int32(uint32(val))
		if ends := uint32(val >> 32); ends > 0 {
			offer(&steps[i+1], here+m.scores[ends-1], at, int32(ends-1))
			single = single || i+1-at == size
		}
	}
	if !single {
		offer(&steps[at+size], here+m.unkScore, at, m.unk)
	}
	return st.spend(2 + i - at)
}

func offer(to *step, score float64, start int, id int32) {
	if to.start < 0 || score > to.score {
		*to = step{score, int32(start), id}
	}
}

// appendUnknown appends a part that no token covers.
func (m *unigram) appendUnknown(st *state, dst []int, part string) []int {
	if id, ok := m.vocab.lookup(part); ok {
		return append(dst, int(id))
	}
	if m.byteFallback {
		before := len(dst)
		for i := range len(part) {
			if m.fallback[part[i]] < 0 {
				break
			}
			dst = append(dst, int(m.fallback[part[i]]))
		}
		if len(dst)-before == len(part) {
			return dst
		}
		dst = dst[:before]
	}
	if m.unk < 0 {
		r, _ := utf8.DecodeRuneInString(part)
		st.fail(fmt.Errorf("tokenizer: no token for %q and no unknown token", r))
		return dst
	}
	return append(dst, int(m.unk))
}
