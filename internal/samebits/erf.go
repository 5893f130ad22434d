package samebits

import "math"

// erfcSeries is P as a sum of Chebyshev polynomials of 2t-1 in erfc(z) =
// t·exp(-z²+P(t)), t = 2/(2+z), for z from 0 on: the form of Numerical Recipes' erfccheb.
var erfcSeries = []float64{
	-0.6513268598908547171, 0.64196979235649026031, 0.019476473204185836305, -0.0095615147868086316355,
	-0.00094659534448203687199, 0.00036683949785276145669, 0.000042523324806907767854, -0.000020278578112534240496,
	-1.6242900046470269612e-6, 1.3036558355805233965e-6, 1.5626441722067207095e-8, -8.523809591492883352e-8,
	6.5290544391023020067e-9, 5.0593434955469605618e-9, -9.9136415648759957352e-10, -2.2736512229938231344e-10,
	9.6467911026936817412e-11, 2.3940380758742428144e-12, -6.8860275191600923446e-12, 8.9448792001478877061e-13,
	3.1309214697095193927e-13, -1.127082301858760303e-13, 3.8109644015468750184e-16, 7.1060925302663149178e-15,
	-1.5230240986332830748e-15, -9.4577947677351971746e-17,
}

// erfcOf is erfc(z) for z from 0 on. The sum is Clenshaw's.
func erfcOf(z float64) float64 {
	t := 2 / (2 + z)
	y := float64(4*t) - 2 // twice the argument of the polynomials
	var b, c float64
	for j := len(erfcSeries) - 1; j > 0; j-- {
		b, c = float64(y*b)-c+erfcSeries[j], b
	}
	p := float64(y/2*b) - c + erfcSeries[0]
	return float64(t * Exp(p-float64(z*z)))
}

// Erfc returns 1-erf(x).
func Erfc(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 30:
		return 0
	case x < 0:
		return 2 - erfcOf(min(-x, 30))
	}
	return erfcOf(x)
}

// erfSeries are the coefficients of erf(x)·sqrt(π)/2x in x², from that of the highest
// degree down: (-1)^n/(n!·(2n+1)).
var erfSeries = func() []float64 {
	const terms = 13
	c := make([]float64, terms)
	factorial := 1.0
	for n := range terms {
		if n > 0 {
			factorial *= -float64(n)
		}
		c[terms-1-n] = 1 / (factorial * float64(2*n+1))
	}
	return c
}()

// Erf returns the error function of x.
func Erf(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x != x:
		return x
	case a < 0.5:
		return float64(x * (2 / math.SqrtPi * horner(float64(x*x), erfSeries)))
	}
	return math.Copysign(1-erfcOf(min(a, 30)), x)
}
