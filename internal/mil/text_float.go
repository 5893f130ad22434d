package mil

import (
	"math"
	"strconv"

	"github.com/gocoreml/coreml/internal/dtype"
)

// float reads a floating-point number: C's hexadecimal form, which is exact, a decimal,
// which is rounded, inf or nan. The bits of a nan may follow it in parentheses.
func (e *elements) float() error {
	p, t := e.p, e.c.DType
	if p.is("nan") {
		return e.nan()
	}
	if p.tok.kind != textNumber && !p.is("inf") {
		return p.expected("a number")
	}
	s := p.text()
	if s == "-nan" {
		putBits(e.c.Data, t.Bits(), e.done, usualNaN(t)|1<<(t.Bits()-1))
		return nil
	}
	infinite := s == "inf" || s == "+inf" || s == "-inf"
	if !infinite && !isDigit(s[len(s)-1]) && s[len(s)-1] != '.' { // not what else ParseFloat takes, such as Infinity
		return p.wrong(ErrText, "%s is no number", Quote(s))
	}
	bits, ok := floatBits(s, t, infinite)
	if !ok {
		return p.wrong(ErrConst, "%s is no %v", Quote(s), t)
	}
	putBits(e.c.Data, t.Bits(), e.done, bits)
	return nil
}

// nan reads a nan. The word is one of the format's usual bits; other bits follow it.
func (e *elements) nan() error {
	p, t := e.p, e.c.DType
	bits := usualNaN(t)
	after := p.lexer
	if err := after.next(); err == nil && after.tok.kind == '(' {
		p.lexer = after
		if err := p.next(); err != nil {
			return err
		}
		v, err := strconv.ParseUint(p.text(), 0, t.Bits())
		if err != nil || p.tok.kind != textNumber {
			return p.expected("the bits of a nan")
		}
		bits = v
		if err := p.next(); err != nil {
			return err
		}
		if p.tok.kind != ')' { // which read goes past, as past any element
			return p.expected(")")
		}
	}
	putBits(e.c.Data, t.Bits(), e.done, bits)
	return nil
}

// usualNaN is the quiet nan without a sign.
func usualNaN(t dtype.Type) uint64 {
	switch t {
	case dtype.Float16:
		return 0x7e00
	case dtype.BFloat16:
		return 0x7fc0
	case dtype.Float32:
		return 0x7fc00000
	case dtype.Float64:
		return 0x7ff8 << 48
	}
	return 0x7f // of both forms of 8 bits
}

// floatBits converts a number to the bits of a type, rounded to the nearest. It is false
// for what is no number, or too large for the type.
func floatBits(s string, t dtype.Type, infinite bool) (uint64, bool) {
	width := 64
	if t == dtype.Float32 {
		width = 32
	}
	v, err := strconv.ParseFloat(s, width)
	if err != nil || math.IsInf(v, 0) && !infinite {
		return 0, false
	}
	switch t {
	case dtype.Float64:
		return math.Float64bits(v), true
	case dtype.Float32:
		return uint64(math.Float32bits(float32(v))), true
	case dtype.Float16:
		h := dtype.Float32ToFloat16(towardsOdd(v))
		return uint64(h), infinite || h&0x7fff < 0x7c00
	case dtype.BFloat16:
		h := dtype.Float32ToBFloat16(towardsOdd(v))
		return uint64(h), infinite || h&0x7fff < 0x7f80
	}
	// Eight bits: the nearest of all that there are; the even one of two.
	best, ok := uint64(0), false
	for code := range uint64(256) {
		f := float8(byte(code), t)
		if math.IsNaN(f) || math.IsInf(f, 0) != infinite || math.Signbit(f) != math.Signbit(v) {
			continue
		}
		d, old := math.Abs(f-v), math.Abs(float8(byte(best), t)-v)
		if infinite || !ok || d < old || d == old && code&1 == 0 {
			best, ok = code, true
		}
	}
	return best, ok
}

// towardsOdd rounds to a float32 so that rounding it again, to fewer bits, gives what
// rounding v at once would: inexact ones get an odd last bit.
func towardsOdd(v float64) float32 {
	f := float32(v)
	if float64(f) == v || math.IsInf(float64(f), 0) {
		return f
	}
	bits := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(v) {
		bits-- // towards zero
	}
	return math.Float32frombits(bits | 1)
}

// float8 is the number that 8 bits stand for.
func float8(b byte, t dtype.Type) float64 {
	mantissa, bias := 3, 7
	if t == dtype.Float8E5M2 {
		mantissa, bias = 2, 15
	}
	sign := 1.0
	if b&0x80 != 0 {
		sign = -1
	}
	fraction := int(b) & (1<<mantissa - 1)
	exponent := int(b&0x7f) >> mantissa
	switch {
	case t == dtype.Float8E4M3FN && b&0x7f == 0x7f, t == dtype.Float8E5M2 && b&0x7f > 0x7c:
		return math.NaN()
	case t == dtype.Float8E5M2 && b&0x7f == 0x7c:
		return math.Inf(int(sign))
	case exponent == 0:
		return math.Copysign(math.Ldexp(float64(fraction), 1-bias-mantissa), sign)
	}
	return math.Copysign(math.Ldexp(float64(fraction+1<<mantissa), exponent-bias-mantissa), sign)
}
