package tokenizer

import "github.com/gocoreml/coreml/tokenizer/internal/uni"

// pieceUnigram cuts a text into the pieces with the greatest sum of scores,
// in the 32-bit arithmetic of SentencePiece, which decides where two ways have
// nearly the same sum.
type pieceUnigram struct {
	*pieces
	trie     *pairTable
	scores   []float64 // by id
	unkScore float32
}

func newPieceUnigram(p *pieces) *pieceUnigram {
	m := &pieceUnigram{pieces: p, scores: make([]float64, len(p.scores))}
	lowest := float32(maxFloat32)
	var order []uint32
	for id, kind := range p.kinds {
		m.scores[id] = float64(p.scores[id])
		if kind == pieceNormal {
			lowest = min(lowest, p.scores[id])
		}
		if kind == pieceNormal || kind == pieceUser {
			order = append(order, uint32(id))
		}
	}
	m.unkScore = lowest - unkPenalty
	m.trie = buildTrie(p.vocab, order)
	return m
}

// pieceLattice is a pieceUnigram at work on one text.
type pieceLattice struct {
	*pieceUnigram
	cutter
	lattice
}

func (m *pieceUnigram) encoder(may *budget) encoder {
	e := &pieceLattice{pieceUnigram: m, lattice: lattice{may: may}}
	e.cutter = cutter{newPieceEncoder(m.pieces, may), e.best}
	return e
}

// reset lets go of the memory that a very long text took.
func (e *pieceLattice) reset() {
	e.cutter.reset()
	e.lattice.reset()
}

// maxFloat32 is FLT_MAX of C.
const maxFloat32 = 0x1p127 * (1 + (1 - 0x1p-23))

// best finds the best way through a text.
func (e *pieceLattice) best(text string) []part {
	parts := e.parts[:0]
	steps := e.places(text)
	for at := 0; at < len(steps)-1 && e.extend(steps, text, at); {
		at += uni.CharLen(text, at)
	}
	path := e.path(steps)
	start := int32(0)
	for i := len(path) - 1; i >= 0 && e.spend(1); i-- {
		end := path[i]
		id := steps[end].id
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
// It reports whether the budget allows to go on.
func (e *pieceLattice) extend(steps []step, text string, at int) bool {
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
		ends := uint32(val >> 32)
		if ends == 0 {
			continue
		}
		id := int32(ends - 1)
		score := e.scores[id]
		if e.kinds[id] == pieceUser {
			// Better than any pieces that have scores below 0, and the
			// longer the better, whatever its own score.
			score = float64(float32(i-at) * 0.1)
		}
		offerPiece(&steps[i+1], float64(float32(score+here)), at, id)
		single = single || i+1-at == size
	}
	if !single {
		offerPiece(&steps[at+size], float64(e.unkScore+float32(here)), at, e.unk)
	}
	return e.spend(2 + i - at)
}

// offerPiece keeps the better way to a place.
func offerPiece(to *step, score float64, start int, id int32) {
	if to.start < 0 || score > to.score {
		*to = step{float64(float32(score)), int32(start), id}
	}
}
