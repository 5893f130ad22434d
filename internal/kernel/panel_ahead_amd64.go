//go:build !noasm

package kernel

import "unsafe"

// groupRows is how many rows of the next panel a kernel of whole groups fetches beside
// each of them.
const groupRows = 2

// panelAhead is what the next panel is made of, which is fetched little by little while
// this one is multiplied: a product waits for its arithmetic, and would wait for memory if
// all was fetched where a panel is filled.
type panelAhead struct {
	codes []byte // from the first row that is left to fetch
	row   int    // bytes from row to row
	rows  int    // how many are left
	lines int    // cache lines of each
	each  int    // rows beside each tile
	bits  int
}

// ahead returns what blocks from block b on of the rows from r on are made of, for so
// many turns to fetch. The scales, and rows that groups leave out because there are few of
// them, are fetched at once.
func (q *Quant) ahead(r, b, blocks, turns int, groups bool) (a panelAhead) {
	a = panelAhead{codes: q.c.Codes, row: q.cols * q.c.Bits / 8, rows: min(q.rows-r, panelRows), bits: q.c.Bits}
	if a.rows <= 0 {
		a.rows, a.row = 0, 0
		return a
	}
	at, size := r*a.row+b*4*a.bits, blocks*4*a.bits
	a.codes, a.lines = q.c.Codes[at:], (size+126)/64
	a.each = (a.rows + turns - 1) / turns
	if groups {
		a.each = groupRows
		a.fetch(a.rows - turns*groupRows)
	}
	if s := q.c.Scale16; s != nil && q.c.RowBlock == 1 {
		each := q.c.ColBlock / manyBlock
		fetchRowsAVX2((*byte)(unsafe.Pointer(&s[r*q.cb+b/each])), 2*q.cb, a.rows, (2*blocks/each+126)/64)
	}
	return a
}

// fetch fetches some rows of those that are left.
func (a *panelAhead) fetch(rows int) {
	if rows = min(rows, a.rows); rows > 0 {
		fetchRowsAVX2(&a.codes[0], a.row, rows, a.lines)
		a.skip(rows)
	}
}

// skip leaves rows out.
func (a *panelAhead) skip(rows int) {
	a.rows -= rows
	a.codes = a.codes[min(rows*a.row, len(a.codes)-1):]
}

// groups returns what the kernel of n groups takes to fetch rows: where they begin, what a
// row takes, and how far on the rows of the next group are from the end of those before.
func (a *panelAhead) groups(n, blocks int) (next *byte, row, turn int) {
	fetched := blocks * 32
	if a.bits == 4 {
		fetched = (blocks - 1) / 2 * 32 // two blocks at a time, and not the last ones
	}
	next, row, turn = &a.codes[0], a.row, groupRows*a.row-fetched
	a.skip(min(n*groupRows, a.rows))
	return next, row, turn
}
