//go:build !noasm

package kernel

import "unsafe"

const (
	// groupMin is the number of vectors from which whole groups by AMX, of which some may
	// be missing, beat as many vectors by VNNI.
	groupMin = 12
	// panelRows is the number of rows of a panel. Two vectors of 8 floats, or
	// one of 16.
	panelRows = 16
	// panelVectors is how many vectors are multiplied before the next panel, a multiple of
	// manyVectors, and stripeFloats about how much of them for all rows: their parts
	// stay in the second-level cache.
	panelVectors = 256
	stripeFloats = 128 << 10
	// manyVectors is how many prepared vectors lie together, and manyFloats what a block
	// of them takes; manySteps is where their steps are.
	manyVectors = 16
	manyFloats  = 176
	manySteps   = 128
	// The same of vectors of words whose halves are multiplied apart.
	halvesFloats = 288
	halvesSteps  = 256
	// tileIntegers is the scratch of a tile's integers, and what aligns it.
	tileIntegers = 528 + 16
)

// panelForm tells how codes and vectors are laid out, in floats. The assembly
// has the same numbers; a change of one is a change of both.
type panelForm struct {
	// size is what a block of 32 columns takes in a panel, scale and offset where
	// in it the 16 scales and offsets are.
	size, scale, offset int
	// blocks is the most of them in a panel: with the part of the vectors that
	// multiplies it, it fits in the first-level cache.
	blocks int
}

var (
	// 128 floats are 16 rows of 32 codes, a byte each.
	panel4 = panelForm{size: 160, scale: 128, offset: 144, blocks: 24}
	// 256 floats are the same as 16-bit words.
	panel8 = panelForm{size: 288, scale: 256, offset: 272, blocks: 16}
	// panelHalves is for kernels that multiply bytes by the halves of words.
	panelHalves = panelForm{size: 160, scale: 128, offset: 144, blocks: 24}
)

// wordFloats is what a block takes in a vector of 16-bit words.
const wordFloats = 17

func (q *Quant) panelForm() *panelForm {
	switch {
	case q.halves():
		return &panelHalves
	case q.c.Bits == 8:
		return &panel8
	}
	return &panel4
}

// halves reports whether kernels multiply 8-bit codes by the halves of words.
func (q *Quant) halves() bool { return q.c.Bits == 8 && useVNNI }

// groupForm is what a block of 16 vectors takes that lie together, and where their steps
// are.
func (q *Quant) groupForm() (floats, steps int) {
	if q.halves() {
		return halvesFloats, halvesSteps
	}
	return manyFloats, manySteps
}

// manyLen is the length of n prepared vectors. Bytes of 16 vectors lie together, of which
// the last ones may be missing.
func (q *Quant) manyLen(n int) int {
	switch {
	case !useAVX2:
		return n * q.manyPlainLen()
	case q.c.Bits == 8 && !useVNNI:
		return n * q.cols / manyBlock * wordFloats
	}
	floats, _ := q.groupForm()
	return (n + manyVectors - 1) / manyVectors * (q.cols / manyBlock) * floats
}

// prepareMany quantises vectors lo to hi-1.
func (q *Quant) prepareMany(dst, x []float32, ldx, _, lo, hi int) {
	if !useAVX2 {
		q.preparePlain(dst, x, ldx, lo, hi)
		return
	}
	blocks := q.cols / manyBlock
	floats, steps := q.groupForm()
	for t := lo; t < hi; t++ {
		v := x[t*ldx : t*ldx+q.cols]
		if q.c.Bits == 8 && !useVNNI {
			d := dst[t*blocks*wordFloats:][:blocks*wordFloats]
			quantizeWordsAVX2(&d[0], &v[0], blocks)
			continue
		}
		d := dst[t/manyVectors*blocks*floats:][:blocks*floats]
		i := t % manyVectors
		if q.halves() {
			quantizeHalvesAVX2(&d[i*8], &d[steps+i], &v[0], blocks)
		} else {
			quantizeMany(d, i, steps, v, blocks)
		}
	}
}

// quantizeMany quantises blocks of vector i of those that lie together in dst.
func quantizeMany(dst []float32, i, steps int, x []float32, blocks int) {
	if wide := blocks &^ 3; useAVX512 && wide > 0 {
		quantizeManyAVX512(&dst[i*8], &dst[steps+i], &x[0], wide)
		if blocks -= wide; blocks == 0 {
			return
		}
		dst, x = dst[wide*manyFloats:], x[wide*manyBlock:]
	}
	quantizeManyAVX2(&dst[i*8], &dst[steps+i], &x[0], blocks)
}

// manyScratch is the scratch that mulMany needs. A panel, a tile of results, the offsets
// of 16 rows, and the integers of tiles.
func (q *Quant) manyScratch(n int) int {
	switch {
	case !q.many(n):
		return 0
	case !useAVX2:
		return q.manyPlainLen()
	}
	f := q.panelForm()
	return f.blocks*f.size + manyVectors*panelRows + panelRows*q.cb + tileIntegers
}

// mulMany multiplies n vectors as prepareMany leaves them. Panels of one row go on with
// the sums that dst has of those before them, so that where they end is not seen.
func (q *Quant) mulMany(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	if !useAVX2 {
		q.mulPlain(dst, ldd, n, lo, hi, prep, scratch)
		return
	}
	f := q.panelForm()
	p := product{q: q, ldd: ldd, all: q.cols / manyBlock, groups: useAMX && n >= groupMin}
	p.floats, p.steps = q.groupForm()
	p.panel, scratch = scratch[:f.blocks*f.size], scratch[f.blocks*f.size:]
	p.results, scratch = scratch[:manyVectors*panelRows], scratch[manyVectors*panelRows:]
	p.integers, p.offsets = aligned(scratch[:tileIntegers]), scratch[tileIntegers:]
	q.panelConstant(p.panel, p.groups)
	depth := q.panelDepth()
	for t := 0; t < n; t += panelVectors {
		end := min(t+panelVectors, n)
		stripe := max(stripeFloats/((end-t)*manyFloats/manyVectors*depth), 1) * depth
		for b := 0; b < p.all; b += stripe {
			for r := lo; r < hi; r += panelRows {
				p.rows, p.dst = min(panelRows, hi-r), dst[r:]
				p.stripe(prep, r, t, end, b, min(b+stripe, p.all), depth)
			}
		}
	}
}

// stripe multiplies vectors t to end-1 by blocks from first to last of the rows from r on.
func (p *product) stripe(prep []float32, r, t, end, first, last, depth int) {
	for b := first; b < last; b += depth {
		p.first, p.blocks = b, min(depth, last-b)
		p.q.fillPanel(p.panel, r, p.rows, b, p.blocks, p.groups, p.offsets)
		p.next = p.q.ahead(r+panelRows, b, p.blocks, (end-t+p.vectors()-1)/p.vectors(), p.groups)
		p.run(prep, t, end)
	}
}

// aligned returns the part of a slice that begins with a cache line, 16 floats shorter.
func aligned(s []float32) []float32 {
	at := int(uintptr(unsafe.Pointer(unsafe.SliceData(s)))%64) / 4
	return s[(16-at)%16:][:len(s)-16]
}

// panelDepth divides blocks into parts of about the same size. A last panel of one
// block would pay for taking rows apart and gain little. Panels end between runs.
func (q *Quant) panelDepth() int {
	f, blocks, each := q.panelForm(), q.cols/manyBlock, 1
	if q.c.Bits == 8 {
		each = q.wordBlocks()
	}
	most := f.blocks / each * each
	parts := (blocks + most - 1) / most
	return ((blocks+parts-1)/parts + each - 1) / each * each
}

// product is some vectors times a panel.
type product struct {
	q             *Quant
	dst           []float32 // from the panel's first row on
	ldd           int
	rows, first   int  // the rows, and the first block
	blocks, all   int  // those of the panel, and of a whole row
	floats, steps int  // as groupForm says
	groups        bool // by AMX
	next          panelAhead

	// Scratch: that of fillPanel last.
	panel, results, integers, offsets []float32
}

// run multiplies vectors t to end-1. t is a multiple of manyVectors.
func (p *product) run(prep []float32, t, end int) {
	if p.groups && p.rows == panelRows {
		whole := (end - t) / manyVectors
		p.tileGroups(prep, t, whole, p.dst[t*p.ldd:], p.ldd)
		t += whole * manyVectors
	}
	for each := p.vectors(); t < end; t += each {
		n := min(each, end-t)
		d := p.dst[t*p.ldd : (t+n-1)*p.ldd+p.rows]
		if p.rows == panelRows && !p.groups {
			p.tile(prep, t, n, d, p.ldd)
			continue
		}
		// Rows and vectors that are missing are computed like others, elsewhere.
		if p.first > 0 {
			for i := range n {
				copy(p.results[i*panelRows:], d[i*p.ldd:][:p.rows])
			}
		}
		p.tile(prep, t, n, p.results, panelRows)
		for i := range n {
			copy(d[i*p.ldd:][:p.rows], p.results[i*panelRows:])
		}
	}
}

// vectors is how many vectors tile takes.
func (p *product) vectors() int {
	switch {
	case p.groups:
		return manyVectors
	case useVNNI && p.q.c.Bits == 4:
		return 8
	}
	return 4
}

// tile multiplies n vectors from t on.
func (p *product) tile(prep []float32, t, n int, dst []float32, ldd int) {
	if p.groups {
		p.tileGroups(prep, t, 1, dst, ldd)
		return
	}
	p.next.fetch(p.next.each)
	if p.q.c.Bits == 8 && !useVNNI {
		x := prep[(t*p.all+p.first)*wordFloats:][:(n-1)*p.all*wordFloats+p.blocks*wordFloats]
		tileWordsAVX2(n, &p.panel[0], &x[0], &dst[0], 4*ldd, p.blocks, p.first, 4*p.all*wordFloats, p.q.wordBlocks())
		return
	}
	x := prep[(t/manyVectors*p.all+p.first)*p.floats:][:p.blocks*p.floats]
	i := t % manyVectors
	if p.q.halves() {
		tileHalvesVNNI(n, &p.panel[0], &x[8*i], &dst[0], 4*ldd, p.blocks, p.first, &x[p.steps+i], p.q.wordBlocks())
		return
	}
	tile := tileAVX2
	switch offsets := p.q.offsets(); {
	case useVNNI && offsets:
		tile = tileOVNNI
	case useVNNI:
		tile = tileVNNI
	case offsets:
		tile = tileOAVX2
	}
	tile(n, &p.panel[0], &x[8*i], &dst[0], 4*ldd, p.blocks, p.first, &x[p.steps+i], p.q.signs())
}

// tileGroups multiplies whole groups from vector t on.
func (p *product) tileGroups(prep []float32, t, n int, dst []float32, ldd int) {
	if n == 0 {
		return
	}
	step := p.all * p.floats
	x := prep[(t/manyVectors)*step+p.first*p.floats:][:(n-1)*step+p.blocks*p.floats]
	dst = dst[:(n*manyVectors-1)*ldd+panelRows]
	next, row, turn := p.next.groups(n)
	switch {
	case p.q.halves():
		tileHalves16AMX(&p.panel[0], &x[0], &dst[0], 4*ldd, p.blocks, p.first, 4*step, n, &p.integers[0], next, row, turn, p.q.wordBlocks())
	case p.q.offsets():
		tile16oAMX(&p.panel[0], &x[0], &dst[0], 4*ldd, p.blocks, p.first, 4*step, n, &p.integers[0], next, row, turn)
	default:
		tile16AMX(&p.panel[0], &x[0], &dst[0], 4*ldd, p.blocks, p.first, 4*step, n, &p.integers[0], next, row, turn)
	}
}

// signs is all ones where panels hold the codes 8 too large.
func (q *Quant) signs() int {
	if q.c.Signed {
		return -1
	}
	return 0
}
