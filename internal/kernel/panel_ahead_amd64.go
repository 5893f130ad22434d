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
	turn  int    // from the end of a group's rows to those of the next group, in bytes
}

// ahead returns what blocks from block b on of the rows from r on are made of, for so
// many turns to fetch. The scales, and rows that groups leave out because there are few of
// them, are fetched at once.
func (q *Quant) ahead(r, b, blocks, turns int, groups bool) (a panelAhead) {
	fetched := blocks * 32 // of a row, beside a group
	if q.c.Bits == 4 {
		fetched = (blocks - 1) / 2 * 32 // two blocks at a time, and not the last ones
	}
	rows := min(q.rows-r, panelRows)
	if rows <= 0 {
		return panelAhead{codes: q.c.Codes, turn: -fetched}
	}
	row := q.cols * q.c.Bits / 8
	at, size := r*row+b*4*q.c.Bits, blocks*4*q.c.Bits
	a = panelAhead{codes: q.c.Codes[at:], row: row, rows: rows, lines: (size + 126) / 64, each: (rows + turns - 1) / turns, turn: groupRows*row - fetched}
	if groups {
		a.fetch(rows - turns*groupRows)
	}
	if s := q.c.Scale16; s != nil && q.c.RowBlock == 1 {
		each := q.c.ColBlock / manyBlock
		fetchRowsAVX2((*byte)(unsafe.Pointer(&s[r*q.cb+b/each])), 2*q.cb, rows, (2*blocks/each+126)/64)
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
func (a *panelAhead) groups(n int) (next *byte, row, turn int) {
	next = &a.codes[0]
	a.skip(min(n*groupRows, a.rows))
	return next, a.row, a.turn
}
