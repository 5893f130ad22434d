//go:build !noasm

package kernel

import "math"

// wordOffset is an offset of 8-bit codes as their panel has it: less what
// exclusive-oring codes took off them already. Words have it twice, so that it is
// subtracted from two of them at once; for bytes it is what the inputs' sum is multiplied
// by.
func (q *Quant) wordOffset(o float32, signed bool) float32 {
	v := int16(o)
	switch {
	case q.c.Signed && !signed:
		v += 128
	case !q.c.Signed && signed:
		v -= 128
	}
	if q.halves() {
		return math.Float32frombits(uint32(-int32(v)))
	}
	return math.Float32frombits(uint32(uint16(v)) * 0x10001)
}

// signedPanel reports whether 8-bit codes have a sign in a panel: those of VNNI have none.
func (q *Quant) signedPanel(groups bool) bool { return groups || !useVNNI }

// panelConstant writes the offsets of 8-bit codes that have none, which are those of
// their storage. It is written once: fillPanel leaves it alone.
func (q *Quant) panelConstant(panel []float32, groups bool) {
	if q.c.Bits == 4 || q.c.OffsetCodes != nil {
		return
	}
	v, f := q.wordOffset(0, q.signedPanel(groups)), q.panelForm()
	for i := f.offset; i < len(panel); i += f.size {
		for j := range panelRows {
			panel[i+j] = v
		}
	}
}

// fillPanel takes rows r to r+rows-1 apart, n blocks from block b on. Rows that
// are missing repeat the last one. 4-bit codes become signed bytes, or unsigned ones that
// are 8 too large where they are signed. scratch has room for panelRows rows of
// offsets.
func (q *Quant) fillPanel(panel []float32, r, rows, b, n int, groups bool, scratch []float32) {
	q.fillScales(panel, r, rows, b, n, groups, scratch)
	row := q.cols * q.c.Bits / 8
	var offs [panelRows]int
	for i := range offs {
		offs[i] = min(i, rows-1) * row
	}
	// The slice ends where the kernel stops reading, so that a wrong length
	// panics here.
	codes := q.c.Codes[r*row+b*4*q.c.Bits:][:(rows-1)*row+n*4*q.c.Bits]
	flip, add := q.panelCodes(groups)
	for h := 0; h < panelRows; h += 8 {
		switch {
		case q.halves():
			panelQuadsAVX2(&panel[h], &codes[0], &offs[h], n, flip)
		case q.c.Bits == 8:
			panelBytesAVX2(&panel[h], &codes[0], &offs[h], n, flip)
		default:
			panelCodesAVX2(&panel[h], &codes[0], &offs[h], n, flip, add)
		}
	}
}

// panelCodes says how codes come to a panel: exclusive-ored with the one, plus the other.
func (q *Quant) panelCodes(groups bool) (flip, add int) {
	switch {
	case q.c.Bits == 8 && q.c.Signed == q.signedPanel(groups), q.c.Bits == 4 && !q.c.Signed:
		return 0, 0
	case q.c.Bits == 8:
		return 0x80808080, 0
	case groups:
		return 0x88888888, 0xf8f8f8f8
	}
	return 0x88888888, 0
}

// fillScales stores the scales and offsets of those blocks. A scale that covers
// several blocks is repeated. each is how many blocks of 32 columns one scale
// covers.
func (q *Quant) fillScales(panel []float32, r, rows, b, n int, groups bool, scratch []float32) {
	f, each := q.panelForm(), q.c.ColBlock/32
	g := gather{first: b / each, count: (b+n-1)/each - b/each + 1, stride: each * f.size, row: r / q.c.RowBlock * q.cb}
	// The first scale may have begun before block b, and then ends earlier than
	// a whole one.
	g.second = g.stride - b%each*f.size
	for i := range g.rows {
		g.rows[i] = (r+min(i, rows-1))/q.c.RowBlock*q.cb - g.row
	}
	if q.c.Scale16 != nil {
		g.halves(panel[f.scale:], q.c.Scale16)
	} else {
		g.floats(panel[f.scale:], q.c.Scale32, 0)
	}
	q.fillOffsets(panel[f.offset:], g, rows, groups, scratch)
	if each == 1 {
		return
	}
	for i := 1; i < n; i++ {
		if (b+i)%each == 0 {
			continue
		}
		was, is := panel[(i-1)*f.size:][f.scale:f.size], panel[i*f.size:][f.scale:f.size]
		*(*[2 * panelRows]float32)(is) = *(*[2 * panelRows]float32)(was)
	}
}

// fillOffsets stores the offsets that g says of rows rows.
func (q *Quant) fillOffsets(panel []float32, g gather, rows int, groups bool, scratch []float32) {
	switch {
	case q.c.Offset != nil:
		g.floats(panel, q.c.Offset, 0)
	case q.c.OffsetCodes != nil:
		for i := range rows {
			q.widenOffsets(scratch[i*g.count:], g.row+g.rows[i]+g.first, g.count, roundNot)
		}
		g.row, g.first = 0, 0
		for i := range g.rows {
			g.rows[i] = min(i, rows-1) * g.count
		}
		g.floats(panel, scratch, 0)
		for i := range g.count {
			if q.c.Bits == 4 {
				break
			}
			v := panel[g.place(i):][:panelRows]
			for j, o := range v {
				v[j] = q.wordOffset(o, q.signedPanel(groups))
			}
		}
	}
}

// gather says which elements of [rows, blocks] go to a panel: count of a row
// from first on. The second of them is that many floats behind the first, the
// others stride.
type gather struct {
	row, first, count, second, stride int
	// rows are the starts of the rows, after row.
	rows [panelRows]int
}

// place returns where column i goes.
func (g *gather) place(i int) int {
	if i == 0 {
		return 0
	}
	return g.second + (i-1)*g.stride
}

// heads returns how many columns a call takes from the first on: all when they
// are equally far apart.
func (g *gather) heads() int {
	if g.second == g.stride {
		return g.count
	}
	return 1
}

// starts returns the rows in bytes.
func (g *gather) starts(size int) (offs [panelRows]int) {
	for i, r := range g.rows {
		offs[i] = size * r
	}
	return offs
}

// halves widens stored halves into the panel, 8 rows at a time.
func (g *gather) halves(panel []float32, s []uint16) {
	offs, heads := g.starts(2), g.heads()
	from := s[g.row+g.first:][:g.rows[panelRows-1]+g.count]
	for h := 0; h < panelRows; h += 8 {
		panelHalvesAVX2(&panel[h], &from[0], &offs[h], heads, 4*g.stride)
		if heads < g.count {
			panelHalvesAVX2(&panel[g.second+h], &from[1], &offs[h], g.count-1, 4*g.stride)
		}
	}
}

func (g *gather) floats(panel, s []float32, add float32) {
	offs, heads := g.starts(4), g.heads()
	from := s[g.row+g.first:][:g.rows[panelRows-1]+g.count]
	for h := 0; h < panelRows; h += 8 {
		panelScalesAVX2(&panel[h], &from[0], &offs[h], heads, 4*g.stride, add)
		if heads < g.count {
			panelScalesAVX2(&panel[g.second+h], &from[1], &offs[h], g.count-1, 4*g.stride, add)
		}
	}
}
