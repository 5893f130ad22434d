//go:build !noasm && (amd64 || arm64)

package kernel

// fewBatch is the number of factors that are widened at a time.
const fewBatch = 2048

// fewBlock is the number of codes that share a scale for the kernels: longer blocks are
// several with the same.
func (q *Quant) fewBlock() int { return min(q.c.ColBlock, longestBlock) }

// fewFactors leaves room for the scales and the offsets of 4 rows at least.
func (q *Quant) fewFactors() int { return 2 * max(fewBatch, 4*q.cols/q.fewBlock()) }

// fewAtOnce returns how many rows go at a time: a multiple of 4, which is what kernels
// take or more, or one where rows share scales. So many factors fit as each row has.
func (q *Quant) fewAtOnce(widens bool) int {
	rows := max(kernelBytes/(q.cols/2)&^3, 4)
	if widens {
		rows = min(rows, max(fewBatch/(q.cols/q.fewBlock())&^3, 4))
	}
	if q.c.RowBlock > 1 {
		rows = 1
	}
	return rows
}

// spreadFactors repeats each factor for the blocks that kernels know. dst may be what
// the factors lie in, from its beginning on: it is filled from the end.
func (q *Quant) spreadFactors(dst, from []float32) []float32 {
	times := q.c.ColBlock / q.fewBlock()
	if times == 1 {
		return from
	}
	dst = dst[:len(from)*times]
	for i := len(from) - 1; i >= 0; i-- {
		v := from[i]
		if times == 2 {
			d := (*[2]float32)(dst[2*i:])
			d[0], d[1] = v, v
			continue
		}
		d := dst[i*times : (i+1)*times]
		for j := range min(times, 8) {
			d[j] = v
		}
		for n := 8; n < times; n *= 2 {
			copy(d[n:], d[:n])
		}
	}
	return dst
}

// wordFactors stores the factor of each of n rows for a vector of a step, and their
// offsets behind wordsRows of them.
func (q *Quant) wordFactors(scratch []float32, r, n int, step float32) {
	for i := range n {
		scale, offset := q.block((r + i) / q.c.RowBlock)
		scratch[i], scratch[wordsRows+i] = scale*step, offset
	}
}
