package jsonvalue

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// maxExponent bounds the power of ten in a number.
const maxExponent = 10_000

// Decimal is an exact decimal number: Digits times ten to the power Exp. Digits has
// zeros neither at its start nor at its end, and is empty for zero, so equal numbers
// have equal fields.
type Decimal struct {
	Neg    bool
	Digits string
	Exp    int
}

// ParseDecimal reads a number in JSON's spelling.
func ParseDecimal(text string) (Decimal, error) {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		mantissa, exponent = text[:i], e
		if err != nil {
			exponent = 2 * maxExponent
		}
	}
	var d Decimal
	mantissa, d.Neg = strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.Exp = exponent - len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	d.Exp += len(digits) - len(trimmed)
	if trimmed == "" {
		return Decimal{}, nil
	}
	d.Digits = trimmed
	if exponent < -maxExponent || exponent > maxExponent {
		return Decimal{}, fmt.Errorf("the number %.40s has an exponent outside of -%d to %d", text, maxExponent, maxExponent)
	}
	return d, nil
}

// IsInt reports whether the number is whole, as 1.0 is.
func (d Decimal) IsInt() bool { return d.Exp >= 0 }

// Int returns a whole number that is not negative; one above most is most. ok is false
// for every other number.
func (d Decimal) Int(most int) (n int, ok bool) {
	if d.Neg || !d.IsInt() {
		return 0, false
	}
	if len(d.Digits)+d.Exp > 9 {
		return most, true
	}
	n, err := strconv.Atoi("0" + d.Digits + strings.Repeat("0", d.Exp))
	return min(n, most), err == nil
}

// Cmp compares two numbers as cmp.Compare does.
func (d Decimal) Cmp(o Decimal) int {
	if c := cmp.Compare(d.sign(), o.sign()); c != 0 || d.Digits == "" {
		return c
	}
	// The first digit's place decides, then the digits, which no zeros begin.
	c := cmp.Compare(len(d.Digits)+d.Exp, len(o.Digits)+o.Exp)
	if c == 0 {
		c = cmp.Compare(d.Digits, o.Digits)
	}
	return c * d.sign()
}

func (d Decimal) sign() int {
	switch {
	case d.Digits == "":
		return 0
	case d.Neg:
		return -1
	}
	return 1
}

// Split returns the digits before and behind the point of the number without its sign.
// The first has at least one digit, the second no zeros at its end.
func (d Decimal) Split() (whole, fraction string) {
	switch {
	case d.Digits == "":
		return "0", ""
	case d.Exp >= 0:
		return d.Digits + strings.Repeat("0", d.Exp), ""
	case -d.Exp < len(d.Digits):
		return d.Digits[:len(d.Digits)+d.Exp], d.Digits[len(d.Digits)+d.Exp:]
	}
	return "0", strings.Repeat("0", -d.Exp-len(d.Digits)) + d.Digits
}

// String returns the canonical spelling: without an exponent, without zeros that carry
// nothing, and 0 without a sign.
func (d Decimal) String() string {
	whole, fraction := d.Split()
	if fraction != "" {
		whole += "." + fraction
	}
	if d.Neg {
		return "-" + whole
	}
	return whole
}
