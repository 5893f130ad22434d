package checkpoint

import (
	"context"
	"slices"
)

// scalesInColumns reads scales that are stored as [groups, rows].
func scalesInColumns(t *Stored) func(ctx context.Context, from, to int, dst []float32) error {
	size, widen := 2, widenFloat16
	switch t.Stored() {
	case "F32":
		size, widen = 4, widenFloat32
	case "BF16":
		widen = widenBFloat16
	}
	groups := t.Shape()[0]
	return func(ctx context.Context, from, to int, dst []float32) error {
		n := to - from
		raw, row := make([]byte, n*size), make([]float32, n)
		for g := range groups {
			if err := readRange(ctx, t, g, 1, from*size, to*size, raw); err != nil {
				return err
			}
			widen(row, raw)
			for r, v := range row {
				dst[r*groups+g] = v
			}
		}
		return nil
	}
}

// scalesAs reads scales [rows, groups] whose bytes are numbers of another kind than the
// tensor's type says.
func scalesAs(t *Stored, kind string) func(ctx context.Context, from, to int, dst []float32) error {
	return func(ctx context.Context, from, to int, dst []float32) error {
		return t.numbers(ctx, kind, from, to, dst)
	}
}

// scalesInBlocks reads scales [blocks of rows, groups] of which each holds for a block of
// rows. Matrices of so many rows lie one below the other, and each begins with a block.
func scalesInBlocks(t *Stored, kind string, rows, block int) func(ctx context.Context, from, to int, dst []float32) error {
	each, groups := (rows+block-1)/block, t.Shape()[1]
	return func(ctx context.Context, from, to int, dst []float32) error {
		last := -1
		for r := from; r < to; r++ {
			row := dst[(r-from)*groups : (r-from+1)*groups]
			at := r/rows*each + r%rows/block
			if at == last {
				copy(row, dst[(r-from-1)*groups:])
				continue
			}
			if err := t.numbers(ctx, kind, at, at+1, row); err != nil {
				return err
			}
			last = at
		}
		return nil
	}
}

// blockScales sets the scales of a matrix, or of stack of them, from a tensor with a scale
// for each block, for each row, or for all. The blocks are of one of the sizes in use, or
// divide the matrix evenly. Kind is what the bytes of the tensor are.
func (p *packed) blockScales(m *module, t *Stored, kind string, inUse [][2]int) error {
	shape, all, each := t.Shape(), max(p.stack, 1), p.shape[0]/max(p.stack, 1)
	switch {
	case len(shape) == 0, len(shape) == 1 && shape[0] == 1: // for all
		p.groups, p.scales = 1, func(ctx context.Context, from, to int, dst []float32) error {
			if err := t.numbers(ctx, kind, 0, 1, dst[:1]); err != nil {
				return err
			}
			for i := range dst {
				dst[i] = dst[0]
			}
			return nil
		}
		return nil
	case len(shape) == 1 && shape[0] == p.shape[0] && p.stack == 0: // for each row
		p.groups, p.scales = 1, scalesAs(t, kind)
		return nil
	case len(shape) == 1 && shape[0] == p.stack: // for each matrix
		shape = []int{p.stack, 1, 1}
	case len(shape) == 2 && p.stack == 0:
		shape = []int{1, shape[0], shape[1]}
	}
	if len(shape) != 3 || shape[0] != all || shape[1] < 1 || shape[1] > each || shape[2] < 1 || shape[2] > p.shape[1] {
		return m.err("scales have the shape %v, and the weights %v", t.Shape(), p.Shape())
	}
	block, err := m.block([2]int{each, p.shape[1]}, [2]int{shape[1], shape[2]}, inUse)
	if err != nil {
		return err
	}
	p.groups = shape[2]
	p.scales = scalesInBlocks(t.as(all*shape[1], shape[2]), kind, each, block[0])
	if p.shape[1] != p.groups*block[1] { // the last block is narrower
		p.group = make([]int32, p.shape[1])
		for c := range p.group {
			p.group[c] = int32(c / block[1])
		}
	}
	return nil
}

// block returns the size of the blocks of a matrix that has so many rows and columns of
// them: of those in use the one that fits, else the one that divides the matrix evenly.
func (m *module) block(size, count [2]int, inUse [][2]int) (block [2]int, err error) {
	var fits [][2]int
	for _, b := range inUse {
		if b[0] < 1 || b[1] < 1 || (size[0]-1)/b[0]+1 != count[0] || (size[1]-1)/b[1]+1 != count[1] {
			continue
		}
		// One that is larger than the matrix is the whole of it.
		if b = [2]int{min(b[0], size[0]), min(b[1], size[1])}; !slices.Contains(fits, b) {
			fits = append(fits, b)
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return block, m.err("its scales could be those of blocks of %v or of %v", fits[0], fits[1])
	case size[0]%count[0] != 0 || size[1]%count[1] != 0:
		return block, m.err("there are %v blocks with scales in %v weights, which none of the sizes of blocks makes", count, size)
	}
	return [2]int{size[0] / count[0], size[1] / count[1]}, nil
}
