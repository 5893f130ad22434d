//go:build !noasm

package kernel

// int8Kind numbers the kernels with quantised inputs.
func (q *Quant) int8Kind(offset bool) int {
	k := 0
	if !q.c.Signed {
		k |= 1
	}
	if offset {
		k |= 2
	}
	if q.c.Bits == 8 {
		k |= 4
	}
	if useDot {
		k |= 8
	}
	return k
}

// fastRows4 multiplies a multiple of 4 rows that follow one another by a vector.
func (q *Quant) fastRows4(w *byte, s, o, x, dst *float32, rows int) {
	blocks, groups := q.cb, q.c.ColBlock/32
	switch q.int8Kind(o != nil) {
	case 0:
		fast4x4sNEON(w, s, x, dst, rows, blocks, groups)
	case 1:
		fast4x4uNEON(w, s, x, dst, rows, blocks, groups)
	case 2:
		fast4x4soNEON(w, s, o, x, dst, rows, blocks, groups)
	case 3:
		fast4x4uoNEON(w, s, o, x, dst, rows, blocks, groups)
	case 4:
		fast4x8sNEON(w, s, x, dst, rows, blocks, groups)
	case 5:
		fast4x8uNEON(w, s, x, dst, rows, blocks, groups)
	case 6:
		fast4x8soNEON(w, s, o, x, dst, rows, blocks, groups)
	case 7:
		fast4x8uoNEON(w, s, o, x, dst, rows, blocks, groups)
	case 8:
		fast4x4sDotNEON(w, s, x, dst, rows, blocks, groups)
	case 9:
		fast4x4uDotNEON(w, s, x, dst, rows, blocks, groups)
	case 10:
		fast4x4soDotNEON(w, s, o, x, dst, rows, blocks, groups)
	case 11:
		fast4x4uoDotNEON(w, s, o, x, dst, rows, blocks, groups)
	case 12:
		fast4x8sDotNEON(w, s, x, dst, rows, blocks, groups)
	case 13:
		fast4x8uDotNEON(w, s, x, dst, rows, blocks, groups)
	case 14:
		fast4x8soDotNEON(w, s, o, x, dst, rows, blocks, groups)
	case 15:
		fast4x8uoDotNEON(w, s, o, x, dst, rows, blocks, groups)
	}
}

// fastRow multiplies one row by a vector.
func (q *Quant) fastRow(w *byte, s, o, x, dst *float32) {
	blocks, groups := q.cb, q.c.ColBlock/32
	switch q.int8Kind(o != nil) {
	case 0:
		fast1x4sNEON(w, s, x, dst, 1, blocks, groups)
	case 1:
		fast1x4uNEON(w, s, x, dst, 1, blocks, groups)
	case 2:
		fast1x4soNEON(w, s, o, x, dst, 1, blocks, groups)
	case 3:
		fast1x4uoNEON(w, s, o, x, dst, 1, blocks, groups)
	case 4:
		fast1x8sNEON(w, s, x, dst, 1, blocks, groups)
	case 5:
		fast1x8uNEON(w, s, x, dst, 1, blocks, groups)
	case 6:
		fast1x8soNEON(w, s, o, x, dst, 1, blocks, groups)
	case 7:
		fast1x8uoNEON(w, s, o, x, dst, 1, blocks, groups)
	case 8:
		fast1x4sDotNEON(w, s, x, dst, 1, blocks, groups)
	case 9:
		fast1x4uDotNEON(w, s, x, dst, 1, blocks, groups)
	case 10:
		fast1x4soDotNEON(w, s, o, x, dst, 1, blocks, groups)
	case 11:
		fast1x4uoDotNEON(w, s, o, x, dst, 1, blocks, groups)
	case 12:
		fast1x8sDotNEON(w, s, x, dst, 1, blocks, groups)
	case 13:
		fast1x8uDotNEON(w, s, x, dst, 1, blocks, groups)
	case 14:
		fast1x8soDotNEON(w, s, o, x, dst, 1, blocks, groups)
	case 15:
		fast1x8uoDotNEON(w, s, o, x, dst, 1, blocks, groups)
	}
}

// fastTile multiplies 4 rows, wstep bytes of codes and sstep of scales apart, by
// a tile of 8 or 4 vectors.
func (q *Quant) fastTile(width int, w *byte, wstep int, s, o *float32, sstep int, x, dst *float32, ldd int) {
	if width == 8 {
		q.fastTile8(w, wstep, s, o, sstep, x, dst, ldd)
		return
	}
	q.fastTile4(w, wstep, s, o, sstep, x, dst, ldd)
}

// fastTile8 is fastTile for 8 vectors, with the dot product extension.
func (q *Quant) fastTile8(w *byte, wstep int, s, o *float32, sstep int, x, dst *float32, ldd int) {
	blocks, groups := q.cb, q.c.ColBlock/32
	switch q.int8Kind(o != nil) {
	case 8:
		tile8x4sDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 9:
		tile8x4uDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 10:
		tile8x4soDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 11:
		tile8x4uoDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 12:
		tile8x8sDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 13:
		tile8x8uDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 14:
		tile8x8soDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 15:
		tile8x8uoDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	}
}

// fastTile4 is fastTile for 4 vectors.
func (q *Quant) fastTile4(w *byte, wstep int, s, o *float32, sstep int, x, dst *float32, ldd int) {
	blocks, groups := q.cb, q.c.ColBlock/32
	switch q.int8Kind(o != nil) {
	case 0:
		tile4x4sNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 1:
		tile4x4uNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 2:
		tile4x4soNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 3:
		tile4x4uoNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 4:
		tile4x8sNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 5:
		tile4x8uNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 6:
		tile4x8soNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 7:
		tile4x8uoNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 8:
		tile4x4sDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 9:
		tile4x4uDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 10:
		tile4x4soDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 11:
		tile4x4uoDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 12:
		tile4x8sDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 13:
		tile4x8uDotNEON(w, wstep, s, sstep, x, dst, ldd, blocks, groups)
	case 14:
		tile4x8soDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case 15:
		tile4x8uoDotNEON(w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	}
}
