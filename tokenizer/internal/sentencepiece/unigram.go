package sentencepiece

import (
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// unigram cuts a text into the pieces with the greatest sum of scores,
// in the 32-bit arithmetic of SentencePiece, which decides where two ways have
// nearly the same sum.
type unigram struct {
	*Pieces
	trie     *vocab.PairTable
	scores   []float64 // by id
	unkScore float32
}

// newUnigram makes the trie. An unknown character costs ten more than the least
// likely normal piece: user defined ones have scores that mean nothing.
func newUnigram(p *Pieces) *unigram {
	m := &unigram{Pieces: p, scores: make([]float64, len(p.scores))}
	lowest := float32(maxFloat32)
	var order []uint32
	for id, kind := range p.Kinds {
		m.scores[id] = float64(p.scores[id])
		if kind == Normal {
			lowest = min(lowest, p.scores[id])
		}
		if kind == Normal || kind == UserDefined {
			order = append(order, uint32(id))
		}
	}
	m.unkScore = lowest - model.UnkPenalty
	m.trie = vocab.BuildTrie(p.Vocab, order)
	return m
}

// unigramEncoder is a unigram at work on one text.
type unigramEncoder struct {
	*unigram
	cutter
	model.Lattice
}

// Encoder returns an encoder, which works within a budget.
func (m *unigram) Encoder(may *budget.Budget) model.Encoder {
	e := &unigramEncoder{unigram: m, Lattice: model.Lattice{May: may}}
	e.cutter = cutter{newEncoder(m.Pieces, may), e.best}
	return e
}

// Reset lets go of the memory that a very long text took.
func (e *unigramEncoder) Reset() {
	e.cutter.Reset()
	e.Lattice.Reset()
}

// maxFloat32 is FLT_MAX of C.
const maxFloat32 = 0x1p127 * (1 + (1 - 0x1p-23))

// best finds the best way through a text. A piece whose name a reserved one has gets the
// id of that, as SentencePiece looks the parts up by their names at the end.
func (e *unigramEncoder) best(text string) []part {
	parts := e.parts[:0]
	steps := e.Places(text)
	for at := 0; at < len(steps)-1 && e.extend(steps, text, at); {
		at += uni.CharLen(text, at)
	}
	path := e.Path(steps)
	start := int32(0)
	for i := len(path) - 1; i >= 0 && e.Spend(1); i-- {
		end := path[i]
		id := steps[end].ID
		if e.hidden != nil && id != e.unk {
			id = e.named(text[start:end])
		}
		parts = e.appendPart(parts, id, text[start:end])
		start = end
	}
	e.parts = parts
	return parts
}

// extend offers the pieces that start at a place of the text to where they end.
// It reports whether the budget allows to go on. It is the same walk as that of
// tokenizer.json's Unigram but for the arithmetic: one for both would ask at each step
// which of the two it is.
func (e *unigramEncoder) extend(steps []model.Step, text string, at int) bool {
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
		ends := uint32(val >> 32)
		if ends == 0 {
			continue
		}
		id := int32(ends - 1)
		score := e.scores[id]
		if e.Kinds[id] == UserDefined {
			// Better than any pieces that have scores below 0, and the
			// longer the better, whatever its own score.
			score = float64(float32(i-at) * 0.1)
		}
		offer(&steps[i+1], float64(float32(score+here)), at, id)
		single = single || i+1-at == size
	}
	if !single {
		offer(&steps[at+size], float64(e.unkScore+float32(here)), at, e.unk)
	}
	return e.Spend(2 + i - at)
}

// offer keeps the better way to a place; of two with one sum that which was found
// first. The score is rounded to 32 bits, as SentencePiece keeps it.
func offer(to *model.Step, score float64, start int, id int32) {
	if to.Start < 0 || score > to.Score {
		*to = model.Step{Score: float64(float32(score)), Start: int32(start), ID: id}
	}
}
