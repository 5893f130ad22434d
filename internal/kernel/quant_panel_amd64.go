//go:build !noasm

package kernel

const (
	// panelMin is the number of vectors from which taking 16 rows apart once beats
	// the kernel for one vector.
	panelMin = 4
	// panelRows is the number of rows of a panel, panelFloats its size to a block
	// of 32 columns, panelVector that of a prepared vector.
	panelRows, panelFloats, panelVector = 16, 160, 12
	// panelBlocks is the most blocks of a panel: with the part of 4 vectors that
	// multiplies it, it fits in the first-level cache.
	panelBlocks = 24
	// panelVectors is how many vectors are multiplied before the next panel: their
	// parts stay in the second-level cache.
	panelVectors = 192
	// tileVectors is the most vectors that any kernel multiplies at a time.
	tileVectors = 8
)

// The places of the scales and of the offsets in a block of a panel, in floats.
const (
	panelScale  = 128
	panelOffset = 144
)

// panels reports whether n vectors are multiplied panel by panel.
func (q *Quant) panels(n int) bool {
	return useAVX2 && n >= panelMin && q.int8Inputs() && q.c.Bits == 4 && q.c.ColBlock%32 == 0 && q.cols > 0
}

// panelPrepare quantises vectors lo to hi-1.
func (q *Quant) panelPrepare(dst, x []float32, ldx, lo, hi int) {
	blocks := q.cols / 32
	for t := lo; t < hi; t++ {
		d, v := dst[t*blocks*panelVector:][:blocks*panelVector], x[t*ldx:t*ldx+q.cols]
		quantizePanelAVX2(&d[0], &v[0], blocks)
	}
}

// manyScratch is the scratch that mulPanels needs.
func (q *Quant) manyScratch(n int) int {
	if !q.panels(n) {
		return 0
	}
	return panelBlocks*panelFloats + tileVectors*panelRows + 2*panelRows*max(q.cb, 1)
}

// mulPanels multiplies n vectors as panelPrepare leaves them.
func (q *Quant) mulPanels(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	panel, rest := scratch[:panelBlocks*panelFloats], scratch[panelBlocks*panelFloats:]
	blocks := q.cols / 32
	depth := panelDepth(blocks)
	q.panelConstant(panel)
	zeroRows(dst, ldd, n, lo, hi)
	for t := 0; t < n; t += panelVectors {
		vectors := min(panelVectors, n-t)
		for b := 0; b < blocks; b += depth {
			part := min(depth, blocks-b)
			for r := lo; r < hi; r += panelRows {
				rows := min(panelRows, hi-r)
				q.fillPanel(panel, r, rows, b, part, rest[tileVectors*panelRows:])
				p := product{dst: dst[t*ldd+r:], ldd: ldd, x: prep[(t*blocks+b)*panelVector:], ldx: blocks * panelVector, blocks: part}
				p.run(panel, vectors, rows, rest[:tileVectors*panelRows])
			}
		}
	}
}

// panelDepth divides blocks into parts of about the same size.
func panelDepth(blocks int) int {
	parts := (blocks + panelBlocks - 1) / panelBlocks
	return (blocks + parts - 1) / parts
}

// product is a number of vectors times a panel.
type product struct {
	dst, x           []float32
	ldd, ldx, blocks int
}

// run adds the products of n vectors. tile has room for tileVectors times panelRows.
func (p *product) run(panel []float32, n, rows int, tile []float32) {
	w := &panel[:p.blocks*panelFloats][0]
	each := tileMax()
	for t := 0; t < n; t += each {
		m := min(each, n-t)
		x := &p.x[t*p.ldx : (t+m-1)*p.ldx+p.blocks*panelVector][0]
		if rows == panelRows {
			runTile(m, w, x, p.ldx, &p.dst[t*p.ldd : (t+m-1)*p.ldd+panelRows][0], p.ldd, p.blocks)
			continue
		}
		clear(tile)
		runTile(m, w, x, p.ldx, &tile[:m*panelRows][0], panelRows, p.blocks)
		for i := range m {
			d := p.dst[(t+i)*p.ldd:][:rows]
			for j, v := range tile[i*panelRows:][:rows] {
				d[j] += v
			}
		}
	}
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
		runTileVNNI(n, w, x, ldx, dst, ldd, blocks)
		return
	}
	switch n {
	case 1:
		tile1AVX2(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 2:
		tile2AVX2(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 3:
		tile3AVX2(w, x, 4*ldx, dst, 4*ldd, blocks)
	case 4:
		tile4AVX2(w, x, 4*ldx, dst, 4*ldd, blocks)
	}
}

// panelConstant writes the offsets of a matrix that has none: 8 for signed
// codes, which a panel holds 8 too large.
func (q *Quant) panelConstant(panel []float32) {
	if q.c.Offset != nil || q.c.OffsetCodes != nil {
		return
	}
	var o [panelRows]float32
	if q.c.Signed {
		for i := range o {
			o[i] = 8
		}
	}
	for i := panelOffset; i < len(panel); i += panelFloats {
		*(*[panelRows]float32)(panel[i:]) = o
	}
}

// fillPanel takes rows r to r+rows-1 apart, n blocks from block b on. Rows that
// are missing repeat the last one.
func (q *Quant) fillPanel(panel []float32, r, rows, b, n int, scratch []float32) {
	var offs [panelRows]int
	for i := range offs {
		offs[i] = min(i, rows-1) * q.cols / 2
	}
	flip := 0
	if q.c.Signed {
		flip = 0x88888888
	}
	codes := q.c.Codes[(r*q.cols+b*32)/2 : ((r+rows-1)*q.cols+(b+n)*32)/2]
	for h := 0; h < panelRows; h += 8 {
		panelCodesAVX2(&panel[h], &codes[0], &offs[h], n, flip, panelRows*q.cols/2)
	}
	q.fillScales(panel, r, rows, b, n, scratch)
}

// fillScales stores the scales and offsets of those blocks. A scale that covers
// several blocks is repeated.
func (q *Quant) fillScales(panel []float32, r, rows, b, n int, scratch []float32) {
	each := q.c.ColBlock / 32
	g := gather{first: b / each, count: (b+n-1)/each - b/each + 1, each: each, skip: b % each, row: r / q.c.RowBlock * q.cb}
	for i := range g.rows {
		g.rows[i] = (r+min(i, rows-1))/q.c.RowBlock*q.cb - g.row
	}
	if q.c.Scale16 != nil {
		g.halves(panel[panelScale:], q.c.Scale16)
	} else {
		g.floats(panel[panelScale:], q.c.Scale32, 0)
	}
	add := float32(0)
	if q.c.Signed {
		add = 8
	}
	offset := q.c.Offset != nil || q.c.OffsetCodes != nil
	switch {
	case q.c.Offset != nil:
		g.floats(panel[panelOffset:], q.c.Offset, add)
	case q.c.OffsetCodes != nil:
		d := g
		for i := range rows {
			q.widenOffsets(scratch[i*g.count:], g.row+g.rows[i]+g.first, g.count, roundNot)
		}
		d.row, d.first = 0, 0
		for i := range d.rows {
			d.rows[i] = min(i, rows-1) * g.count
		}
		d.floats(panel[panelOffset:], scratch, add)
	}
	if each == 1 {
		return
	}
	for i := 1; i < n; i++ {
		if (b+i)%each == 0 {
			continue
		}
		was, is := panel[(i-1)*panelFloats:][panelScale:panelFloats], panel[i*panelFloats:][panelScale:panelFloats]
		*(*[panelRows]float32)(is) = *(*[panelRows]float32)(was)
		if offset {
			*(*[panelRows]float32)(is[panelRows:]) = *(*[panelRows]float32)(was[panelRows:])
		}
	}
}

// gather says which elements of [rows, blocks] go to a panel: count of a row
// from first on. The first of them is for the first block of the panel, the
// others for every each-th, of which the first has passed skip.
type gather struct {
	row, first, count, each, skip int
	// rows are the starts of the rows, after row.
	rows [panelRows]int
}

func (g *gather) halves(panel []float32, s []uint16) {
	var offs [panelRows]int
	for i, r := range g.rows {
		offs[i] = 2 * r
	}
	stride := g.each * panelFloats * 4
	from := s[g.row+g.first:][:g.rows[panelRows-1]+g.count]
	for h := 0; h < panelRows; h += 8 {
		head := 0
		if g.skip > 0 {
			panelHalvesAVX2(&panel[h], &from[0], &offs[h], 1, stride)
			head = 1
		}
		if head < g.count {
			panelHalvesAVX2(&panel[head*(g.each-g.skip)*panelFloats+h], &from[head], &offs[h], g.count-head, stride)
		}
	}
}

func (g *gather) floats(panel, s []float32, add float32) {
	var offs [panelRows]int
	for i, r := range g.rows {
		offs[i] = 4 * r
	}
	stride := g.each * panelFloats * 4
	from := s[g.row+g.first:][:g.rows[panelRows-1]+g.count]
	for h := 0; h < panelRows; h += 8 {
		head := 0
		if g.skip > 0 {
			panelScalesAVX2(&panel[h], &from[0], &offs[h], 1, stride, add)
			head = 1
		}
		if head < g.count {
			panelScalesAVX2(&panel[head*(g.each-g.skip)*panelFloats+h], &from[head], &offs[h], g.count-head, stride, add)
		}
	}
}
