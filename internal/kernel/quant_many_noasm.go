//go:build noasm || !(amd64 || arm64)

package kernel

func (q *Quant) manyLen(n int) int { return n * q.manyPlainLen() }

func (q *Quant) manyScratch(int) int { return q.manyPlainLen() }

func (q *Quant) prepareMany(dst, x []float32, ldx, _, lo, hi int) {
	q.preparePlain(dst, x, ldx, lo, hi)
}

func (q *Quant) mulMany(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	q.mulPlain(dst, ldd, n, lo, hi, prep, scratch)
}
