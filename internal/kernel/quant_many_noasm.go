//go:build noasm || !(amd64 || arm64)

package kernel

func (q *Quant) manyScratch(n int) int {
	if !q.many(n) {
		return 0
	}
	return q.manyPlainLen()
}

func (q *Quant) prepLen(n int) int {
	if !q.many(n) {
		return 0
	}
	return n * q.manyPlainLen()
}

func (q *Quant) prepare(dst, x []float32, ldx, _, lo, hi int) {
	q.preparePlain(dst, x, ldx, lo, hi)
}

func (q *Quant) mulMany(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	q.mulPlain(dst, ldd, n, lo, hi, prep, scratch)
}
