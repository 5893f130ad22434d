package dtype

// FloorDiv rounds a/b down, as Python does, where Go rounds to zero. A quotient by zero
// is 0; the smallest integer by -1 wraps around to itself, as in Go.
func FloorDiv(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// FloorMod is the remainder of [FloorDiv]: it has the sign of the divisor, unlike Go's.
func FloorMod(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	r := a % b
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// Pow is a to the power of b, exact modulo 2^64, and with that right in every narrower
// type. A negative exponent gives the truncated fraction: 0 except for bases 1 and -1; 0
// has no inverse and stays 0.
func Pow(a, b int64) int64 {
	if b < 0 {
		switch {
		case a == 1 || a == -1 && b%2 == 0:
			return 1
		case a == -1:
			return -1
		}
		return 0
	}
	p := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			p *= a
		}
		a *= a
	}
	return p
}
