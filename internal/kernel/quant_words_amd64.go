//go:build !noasm

package kernel

func peakAsm(x *float32, groups int) float32 { return peakAVX2(x, groups) }

func quantizeWordsAsm(dst, sums, x *float32, groups int, inverse float32) {
	quantizeFewWordsAVX2(dst, sums, x, groups, inverse)
}

// runWords multiplies a prepared vector by rows from r on, one for each result.
func (q *Quant) runWords(x, dst []float32, r int, scratch []float32) {
	rows := len(dst)
	q.wordFactors(scratch, r, rows, x[len(x)-1])
	factor, offset := &scratch[:rows][0], &scratch[wordsRows : wordsRows+rows][0]
	k, codes, blocks := q.kind(q.offsets(), roundNot), &q.c.Codes[r*q.cols : (r+rows)*q.cols][0], q.cols/halfCols
	if useVNNI {
		wordsVNNI(k, codes, factor, offset, &x[0], &dst[0], rows, blocks, fetchAhead)
		return
	}
	wordsAVX2(k, codes, factor, offset, &x[0], &dst[0], rows, blocks, fetchAhead)
}
