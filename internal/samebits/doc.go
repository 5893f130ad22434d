// Package samebits has functions of float64 whose results have the same bits on every
// processor.
//
// Package math promises that for what rounds once, as Sqrt and Floor do. Exp, Log, Sin
// and the like are written in assembly for some processors, and in Go for others, where
// the compiler fuses products into sums if the processor can. What reaches the logits of
// a model, and the draw of a token, must not depend on that.
//
// Every product that is added to something, or returned, is converted to float64 here,
// which keeps the compiler from fusing it. The functions are within some units of the
// last place of a float64, erfc and powers within a thousand where they are very small
// or large; special values are those of package math.
package samebits

// mulAdd is a·b+c, rounded twice.
func mulAdd(a, b, c float64) float64 { return float64(a*b) + c }

// horner evaluates a polynomial whose coefficient of the highest degree is first.
func horner(x float64, coefficients []float64) float64 {
	sum := coefficients[0]
	for _, c := range coefficients[1:] {
		sum = mulAdd(sum, x, c)
	}
	return sum
}
