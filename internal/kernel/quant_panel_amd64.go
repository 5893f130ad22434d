//go:build !noasm

package kernel

const (
	// panelMin is the number of vectors from which taking 16 rows apart once beats
	// the kernel for one vector.
	panelMin = 4
	// panelRows is the number of rows of a panel. Two vectors of 8 floats, or
	// one of 16.
	panelRows = 16
	// panelVectors is how many vectors are multiplied before the next panel: their
	// parts stay in the second-level cache.
	panelVectors = 192
	// tileVectors is the most vectors that any kernel multiplies at a time.
	tileVectors = 8
)

// panelForm tells how codes and vectors are laid out, in floats. The assembly
// has the same numbers; a change of one is a change of both.
type panelForm struct {
	// size is what a block of 32 columns takes in a panel, scale and offset where
	// in it the 16 scales and offsets are.
	size, scale, offset int
	// vector is what the block takes in a prepared vector.
	vector int
	// blocks is the most of them in a panel: with the part of 4 vectors that
	// multiplies it, it fits in the first-level cache.
	blocks int
}

var (
	// 128 floats are 16 rows of 32 codes, a byte each.
	panel4 = panelForm{size: 192, scale: 128, offset: 144, vector: 14, blocks: 20}
	// panelVNNI is panel4 with vectors that have no middles.
	panelVNNI = panelForm{size: 192, scale: 128, offset: 144, vector: 12, blocks: 20}
	// 256 floats are the same as 16-bit words.
	panel8 = panelForm{size: 288, scale: 256, offset: 272, vector: 17, blocks: 16}
)

// panelForm depends on the kernel set: panels must not outlive a change of it.
func (q *Quant) panelForm() *panelForm {
	switch {
	case q.c.Bits == 8:
		return &panel8
	case useVNNI:
		return &panelVNNI
	}
	return &panel4
}

// panels reports whether n vectors are multiplied panel by panel. 8-bit codes
// are stored there less their offsets, which must be integers then.
func (q *Quant) panels(n int) bool {
	return useAVX2 && n >= panelMin && !q.alone && q.int8Inputs() && q.c.ColBlock%32 == 0 && q.cols > 0 && (q.c.Bits == 4 || q.c.Offset == nil)
}

// panelPrepare quantises vectors lo to hi-1. A vector's parts lie one behind
// the other, block by block.
func (q *Quant) panelPrepare(dst, x []float32, ldx, lo, hi int) {
	blocks := q.cols / 32
	each := blocks * q.panelForm().vector
	for t := lo; t < hi; t++ {
		d, v := dst[t*each:][:each], x[t*ldx:t*ldx+q.cols]
		switch {
		case q.c.Bits == 8:
			quantizeWordsAVX2(&d[0], &v[0], blocks)
		case useVNNI:
			quantizeHalvesAVX2(&d[0], &v[0], blocks)
		default:
			quantizePanelAVX2(&d[0], &v[0], blocks)
		}
	}
}

// manyScratch is the scratch that mulPanels needs. A panel, a tile of results,
// and the offsets of 16 rows.
func (q *Quant) manyScratch(n int) int {
	if !q.panels(n) {
		return 0
	}
	f := q.panelForm()
	return f.blocks*f.size + tileVectors*panelRows + panelRows*q.cb
}

// mulPanels multiplies n vectors as panelPrepare leaves them. dst is cleared
// first, as every panel adds to it. The order of the sums over the columns is
// that of the panels, whatever lo and hi are.
func (q *Quant) mulPanels(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	f := q.panelForm()
	panel, rest := scratch[:f.blocks*f.size], scratch[f.blocks*f.size:]
	blocks := q.cols / 32
	depth := f.depth(blocks)
	q.panelConstant(panel)
	zeroRows(dst, ldd, n, lo, hi)
	for t := 0; t < n; t += panelVectors {
		vectors := min(panelVectors, n-t)
		for b := 0; b < blocks; b += depth {
			part := min(depth, blocks-b)
			for r := lo; r < hi; r += panelRows {
				rows := min(panelRows, hi-r)
				q.fillPanel(panel, r, rows, b, part, rest[tileVectors*panelRows:])
				p := product{form: f, dst: dst[t*ldd+r:], ldd: ldd, x: prep[(t*blocks+b)*f.vector:], ldx: blocks * f.vector, blocks: part}
				p.each = q.wordBlocks()
				p.first = p.each - b%p.each
				p.run(panel, vectors, rows, rest[:tileVectors*panelRows])
			}
		}
	}
}

// depth divides blocks into parts of about the same size. A last panel of one
// block would pay for taking rows apart and gain little.
func (f *panelForm) depth(blocks int) int {
	parts := (blocks + f.blocks - 1) / f.blocks
	return (blocks + parts - 1) / parts
}

// wordBlocks is how many blocks of 8-bit codes are summed as integers: they
// have one scale, and there are at most 8 of them. 8 blocks of 32 products of
// 16 bits by 9 stay below 2^31. They must divide the blocks of a scale evenly.
func (q *Quant) wordBlocks() int {
	all := q.c.ColBlock / 32
	n := min(all, 8)
	for all%n != 0 {
		n--
	}
	return n
}

// product is a number of vectors times a panel. It is what runTile needs,
// gathered for one panel.
type product struct {
	form             *panelForm
	dst, x           []float32
	ldd, ldx, blocks int
	// The sums of 8-bit codes are scaled after first blocks, then after each.
	first, each int
}

// run adds the products of n vectors. tile has room for tileVectors times
// panelRows. A panel with fewer rows is multiplied as a whole into tile, of
// which only the real rows are added.
func (p *product) run(panel []float32, n, rows int, tile []float32) {
	w := &panel[:p.blocks*p.form.size][0]
	each := p.vectors()
	for t := 0; t < n; t += each {
		m := min(each, n-t)
		x := &p.x[t*p.ldx : (t+m-1)*p.ldx+p.blocks*p.form.vector][0]
		if rows == panelRows {
			p.tile(m, w, x, &p.dst[t*p.ldd : (t+m-1)*p.ldd+panelRows][0], p.ldd)
			continue
		}
		clear(tile)
		p.tile(m, w, x, &tile[:m*panelRows][0], panelRows)
		for i := range m {
			d := p.dst[(t+i)*p.ldd:][:rows]
			for j, v := range tile[i*panelRows:][:rows] {
				d[j] += v
			}
		}
	}
}

// vectors is how many vectors tile takes.
func (p *product) vectors() int {
	if p.form == &panel8 {
		return 4
	}
	return tileMax()
}

func (p *product) tile(n int, w, x, dst *float32, ldd int) {
	if p.form == &panel8 {
		runTileWords(n, w, x, p.ldx, dst, ldd, p.blocks, p.first, p.each)
		return
	}
	runTile(n, w, x, p.ldx, dst, ldd, p.blocks)
}

// tileMax is how many vectors runTile takes.
func tileMax() int {
	if useVNNI {
		return tileVectors
	}
	return 4
}

func runTile(n int, w, x *float32, ldx int, dst *float32, ldd, blocks int) {
	if useVNNI {
		tileVNNI(n, w, x, 4*ldx, dst, 4*ldd, blocks)
		return
	}
	tileAVX2(n, w, x, 4*ldx, dst, 4*ldd, blocks)
}

func runTileWords(n int, w, x *float32, ldx int, dst *float32, ldd, blocks, first, each int) {
	tileWordsAVX2(n, w, x, 4*ldx, dst, 4*ldd, blocks, first, each)
}
