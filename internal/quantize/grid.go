package quantize

import "slices"

// grid is how blocks that share a scale or a palette lie in a tensor: dims are its
// axes, blocks the size of a block along each, cells how many there are. Neighbouring
// axes whose blocks lie one behind the other in memory are joined, so that the usual
// forms have one axis.
type grid struct {
	dims, blocks, cells []int
	step                []int // of a cell along each axis, in the list of all cells
	total               int   // of cells
}

// gridOf makes the grid of block sizes, of which 0 is a whole axis.
func gridOf(shape, sizes []int) (*grid, error) {
	if len(shape) != len(sizes) {
		return nil, unfit("blocks of %v for shape %v", sizes, shape)
	}
	g := &grid{}
	for i, n := range shape {
		b := sizes[i]
		if b == 0 {
			b = n
		}
		if n == 0 || n%b != 0 {
			return nil, unfit("blocks of %d do not divide axis %d of shape %v", b, i, shape)
		}
		if last := len(g.dims) - 1; last >= 0 && (g.blocks[last] == 1 || b == n) {
			// Of [a, n] with blocks [1, b], or [x, n]: the blocks are runs of b, or x*n.
			g.blocks[last] *= b
			g.dims[last] *= n
			continue
		}
		g.dims, g.blocks = append(g.dims, n), append(g.blocks, b)
	}
	if len(g.dims) == 0 { // a scalar
		g.dims, g.blocks = []int{1}, []int{1}
	}
	g.cells, g.step = make([]int, len(g.dims)), make([]int, len(g.dims))
	g.total = 1
	for i := len(g.dims) - 1; i >= 0; i-- {
		g.cells[i], g.step[i] = g.dims[i]/g.blocks[i], g.total
		g.total *= g.cells[i]
	}
	return g, nil
}

// runs calls f for each piece of [lo,hi) whose elements lie in one row of the last
// axis and in one cell.
func (g *grid) runs(lo, hi int, f func(lo, hi, cell int)) {
	last := len(g.dims) - 1
	row, block := g.dims[last], g.blocks[last]
	for lo < hi {
		base, at := g.rowCell(lo/row), lo%row
		end := min(hi, lo-at+row)
		for lo < end {
			next := min(end, lo+block-at%block)
			f(lo, next, base+at/block)
			at += next - lo
			lo = next
		}
	}
}

// rowCell returns the first cell of a row of the last axis.
func (g *grid) rowCell(row int) int {
	cell := 0
	for i := len(g.dims) - 2; i >= 0; i-- {
		cell += row % g.dims[i] / g.blocks[i] * g.step[i]
		row /= g.dims[i]
	}
	return cell
}

// cellShape is the shape of what there is one of for each block.
func cellShape(shape, sizes []int) []int {
	out := slices.Clone(shape)
	for i, b := range sizes {
		if b == 0 {
			out[i] = 1
		} else {
			out[i] /= b
		}
	}
	return out
}
