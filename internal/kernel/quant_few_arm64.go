//go:build !noasm

package kernel

// fewLenAsm is the length of what quantizeFew makes of a vector.
func fewLenAsm(cols int) int { return cols + cols/stepCols }

func (q *Quant) fewScratchAsm() int { return 0 }

func (q *Quant) quantizeFewAsm(dst, x []float32) { quantizeFew(dst, x) }

func (q *Quant) mulFewAsm(dst []float32, ldd, n, lo, hi int, prep, _ []float32) {
	each := q.fewLen()
	for r := lo; r < hi; r++ {
		for t := range n {
			dst[t*ldd+r] = q.dotFew(prep[t*each:][:each], r)
		}
	}
}
