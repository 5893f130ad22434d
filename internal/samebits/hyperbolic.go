package samebits

import "math"

// beyond is where exp(-2x) is nothing beside 1.
const beyond = 22

// Tanh returns the hyperbolic tangent of x.
func Tanh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x == 0 || x != x:
		return x
	case a > beyond:
		return math.Copysign(1, x)
	}
	e := Expm1(float64(2 * a))
	return math.Copysign(e/(e+2), x)
}

// Sinh returns the hyperbolic sine of x.
func Sinh(x float64) float64 {
	a := math.Abs(x)
	if x == 0 || x != x {
		return x
	}
	if a < beyond {
		e := Expm1(a)
		return math.Copysign((e+e/(e+1))/2, x)
	}
	return math.Copysign(halfExp(a), x)
}

// Cosh returns the hyperbolic cosine of x.
func Cosh(x float64) float64 {
	a := math.Abs(x)
	if a < beyond {
		e := Exp(a)
		return (e + 1/e) / 2
	}
	return halfExp(a)
}

// halfExp is exp(a)/2 where exp(a) may overflow.
func halfExp(a float64) float64 {
	if a < 709 {
		return Exp(a) / 2
	}
	h := Exp(a / 2)
	return float64(h / 2 * h)
}

// Asinh returns the inverse hyperbolic sine of x.
func Asinh(x float64) float64 {
	a := math.Abs(x)
	if x == 0 || x != x {
		return x
	}
	if a > 1<<28 {
		return math.Copysign(Log(a)+math.Ln2, x)
	}
	s := float64(a * a)
	return math.Copysign(Log1p(a+s/(1+math.Sqrt(s+1))), x)
}

// Acosh returns the inverse hyperbolic cosine of x.
func Acosh(x float64) float64 {
	switch {
	case x < 1:
		return math.NaN()
	case x > 1<<28:
		return Log(x) + math.Ln2
	}
	t := x - 1
	return Log1p(t + math.Sqrt(float64(2*t)+float64(t*t)))
}

// Atanh returns the inverse hyperbolic tangent of x.
func Atanh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x == 0 || x != x:
		return x
	case a > 1:
		return math.NaN()
	case a == 1:
		return math.Copysign(math.Inf(1), x)
	}
	return math.Copysign(Log1p(float64(2*a)/(1-a))/2, x)
}
