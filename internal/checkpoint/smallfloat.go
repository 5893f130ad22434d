package checkpoint

import "math"

// Floating-point numbers of a byte or less, as tables of what each code stands for. They
// are those of the Open Compute Project's standard for microscaling formats.
var (
	// float8 are those of four bits of exponent and three of fraction (E4M3): no
	// infinities, and not-a-number where all bits but the sign are set.
	float8 = smallFloats(8, 3, 7, func(code int) bool { return code&127 == 127 })
	// float4 are those of two bits of exponent and one of fraction (E2M1): finite all.
	float4 = smallFloats(4, 1, 1, func(int) bool { return false })
	// powers are the powers of two that scale blocks (E8M0), from 2^-127 on.
	powers = func() (t [256]float32) {
		for i := range t {
			t[i] = float32(math.Ldexp(1, i-127))
		}
		t[255] = float32(math.NaN())
		return t
	}()
)

// smallFloats returns the numbers of a format of so many bits, of them so many of
// fraction, whose exponent is stored with a bias. The first bit is the sign.
func smallFloats(bits, fraction, bias int, isNaN func(code int) bool) (t [256]float32) {
	sign := 1 << (bits - 1)
	for i := range 1 << bits {
		e, f := i&(sign-1)>>fraction, i&(1<<fraction-1)
		v := math.Ldexp(float64(1<<fraction+f), e-bias-fraction)
		switch {
		case isNaN(i):
			v = math.NaN()
		case e == 0: // without the leading one
			v = math.Ldexp(float64(f), 1-bias-fraction)
		}
		if i&sign != 0 {
			v = -v
		}
		t[i] = float32(v)
	}
	return t
}
