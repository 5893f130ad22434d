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

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
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

// unigramEncoder is a unigram at work on one text.
type unigramEncoder struct {
	*unigram
	*budget
	lattice
}

func (m *unigram) tokens() *vocab { return m.vocab }

func (m *unigram) encoder(may *budget) encoder {
	return &unigramEncoder{unigram: m, budget: may, lattice: lattice{may: may}}
}

// lattice is the memory in which the best way through a text is found.
type lattice struct {
	may   *budget
	steps []step
	ends  []int32
}

// reset lets go of the memory that a very long text took.
func (l *lattice) reset() { l.steps, l.ends = kept(l.steps), kept(l.ends) }

func (e *unigramEncoder) appendPiece(dst []int, text string) []int {
	steps, path := e.best(text)
	start := int32(0)
	for i := len(path) - 1; i >= 0 && e.spend(1); {
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

func (e *unigramEncoder) appendTokens(dst []modelToken, text string) []modelToken {
	steps, path := e.best(text)
	if !e.tells(len(path)) {
		return dst
	}
	dst = slices.Grow(dst, len(path))
	start := int32(0)
	var ids []int
	for i := len(path) - 1; i >= 0 && e.spend(1); {
		end, id, next := e.part(steps, path, i)
		i = next
		part := text[start:end]
		if id != e.unk {
			dst = append(dst, modelToken{id, start, end, part})
			start = end
			continue
		}
		ids = e.appendUnknown(ids[:0], part)
		for _, id := range ids {
			token := part
			if spelled, ok := e.vocab.byID(id); ok && int32(id) != e.unk {
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
func (e *unigramEncoder) best(text string) (steps []step, path []int32) {
	steps = e.places(text)
	for at := 0; at < len(steps)-1 && e.extend(steps, text, at); {
		at += uni.CharLen(text, at)
	}
	return steps, e.path(steps)
}

// maxPath bounds a text that a model cuts in one piece: each byte takes a step, or
// a symbol with its neighbours.
const maxPath = maxText / 4

// cuts reports whether a model can cut a text of n bytes in one piece, and ends
// the encoding otherwise.
func (may *budget) cuts(n int) bool {
	if n > maxPath {
		may.fail(fmt.Errorf("%w: a piece of text is longer than 16 MiB", ErrTooLarge))
	}
	return may.err == nil
}

// places returns the steps to each place of a text, before there are any.
func (l *lattice) places(text string) []step {
	if !l.may.cuts(len(text)) {
		return nil
	}
	steps := sized(l.steps, len(text)+1)[:len(text)+1]
	for part := range slices.Chunk(steps, lookAfter) {
		if !l.may.spend(len(part) / 4) {
			return nil
		}
		for i := range part {
			part[i] = step{start: -1}
		}
	}
	l.steps = steps
	return steps
}

// path returns the places where the steps of the best way end, the last first;
// none if the way has no end yet.
func (l *lattice) path(steps []step) []int32 {
	path := l.ends[:0]
	if l.may.err == nil {
		if len(steps) > maxKept {
			path = sized(path, len(steps))
		}
		for end := int32(len(steps) - 1); end > 0 && l.may.spend(1); end = steps[end].start {
			path = append(path, end)
		}
	}
	l.ends = path
	return path
}

// part returns where the part of a text that path[i] ends goes to, its id, and
// the index of the next part. Neighbouring unknown parts are one.
func (e *unigramEncoder) part(steps []step, path []int32, i int) (end, id int32, next int) {
	end = path[i]
	id = steps[end].id
	for i--; id == e.unk && i >= 0 && steps[path[i]].id == e.unk; i-- {
		end = path[i]
	}
	return end, id, i
}

// extend offers the tokens that start at a place of the text to where they end.
// It reports whether the budget allows to go on.
func (e *unigramEncoder) extend(steps []step, text string, at int) bool {
	here := steps[at].score
	size := uni.CharLen(text, at)
	single := false
	node := int32(0)
	i := at
	for ; i < len(text); i++ {
		val := e.trie.get(node, int32(text[i]))
		if val == noMerge {
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
	return e.spend(2 + i - at)
}

func offer(to *step, score float64, start int, id int32) {
	if to.start < 0 || score > to.score {
		*to = step{score, int32(start), id}
	}
}

// appendUnknown appends a part that no token covers.
func (e *unigramEncoder) appendUnknown(dst []int, part string) []int {
	if id, ok := e.vocab.lookup(part); ok {
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
		e.fail(fmt.Errorf("tokenizer: no token for %q and no unknown token", r))
		return dst
	}
	return append(dst, int(e.unk))
}
