package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
)

// grid maps a position in a dense shape to one in a shape whose dimensions
// divide it, as scales and tables lie: index i of a dimension maps to i/block.
// A block of the whole dimension is one scale for all of it, a block of 1 a
// scale for each index. Both shapes have one rank and are row-major.
type grid struct {
	shape, coarse, block []int
}

// newGrid checks that coarse divides shape. Dimensions of 0 have no block and are refused
// with those that do not divide.
func newGrid(shape, coarse []int) (grid, error) {
	if len(shape) != len(coarse) {
		return grid{}, fmt.Errorf("shapes %v and %v differ in rank", shape, coarse)
	}
	block := make([]int, len(shape))
	for d := range shape {
		if coarse[d] <= 0 || shape[d]%coarse[d] != 0 {
			return grid{}, fmt.Errorf("dimension %d of %v does not divide that of %v", d, coarse, shape)
		}
		block[d] = shape[d] / coarse[d]
	}
	return grid{shape, coarse, block}, nil
}

// at returns the coarse position of element p and the number of elements from p
// on that map to the same one in a row. Callers ask once for each run, as the
// divisions cost more than what is done with an element. For a run within the
// innermost dimension the coarse position stays, until its block ends.
func (g *grid) at(p int) (coarse, run int) {
	run = 1
	mul := 1
	for d := len(g.shape) - 1; d >= 0; d-- {
		i := p % g.shape[d]
		p /= g.shape[d]
		if d == len(g.shape)-1 {
			run = g.block[d] - i%g.block[d]
		}
		coarse += i / g.block[d] * mul
		mul *= g.coarse[d]
	}
	return coarse, run
}

// blockText names the blocks of a grid: per tensor, per channel, /32. The
// innermost dimension that is divided into blocks counts, as formats of other
// engines have no other. " per channel" stands for every division into single
// indices, whichever the axis.
func blockText(g grid) string {
	for d := len(g.shape) - 1; d >= 0; d-- {
		if g.coarse[d] > 1 && g.block[d] > 1 {
			return fmt.Sprintf("/%d", g.block[d])
		}
	}
	if product(g.coarse) == 1 {
		return " per tensor"
	}
	return " per channel"
}

// product multiplies the dimensions of a shape that has been checked.
func product(shape []int) int {
	n, _ := dtype.Count(shape)
	return n
}
