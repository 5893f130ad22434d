package schema

import (
	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// Numbers are languages over their canonical spelling: digits without an exponent and
// without zeros that carry nothing.

// maxDigits bounds the digits of a bound: each is a state.
const maxDigits = 1000

// maxModulus bounds the divisor of multipleOf, as a whole number of its last place:
// each remainder is a state.
const maxModulus = 10_000

// number is the language of one number. It is refused where it has too many digits, in
// the name of the keyword that is being read.
func (c *compiler) number(d jsonvalue.Decimal) (rules.Expr, error) {
	if max(len(d.Digits)+d.Exp, 0)+max(-d.Exp, 0) > maxDigits {
		return c.b.Nothing(), c.at.node.unsupported(c.at.keyword, "has a number of more than %d digits", maxDigits)
	}
	return c.b.Bytes(d.String()), nil
}

// digit is one digit from lo to hi.
func (c *compiler) digit(lo, hi byte) rules.Expr {
	if lo > hi {
		return c.b.Nothing()
	}
	return c.b.Class(rules.Range{Lo: rune(lo), Hi: rune(hi)})
}

// digits is any number of digits.
func (c *compiler) digits() rules.Expr { return c.b.Repeat(c.digit('0', '9'), 0, -1) }

// numbers makes the languages of all numbers and of the whole ones.
func (c *compiler) numbers() {
	b := c.b
	whole := b.Concat(c.digit('1', '9'), c.digits())
	fraction := b.Concat(b.Bytes("."), c.digits(), c.digit('1', '9'))
	zero, minus := b.Bytes("0"), b.Repeat(b.Bytes("-"), 0, 1)
	c.anyNumber = b.Or(zero, b.Concat(minus, b.Or(
		b.Concat(whole, b.Repeat(fraction, 0, 1)),
		b.Concat(zero, fraction),
	)))
	c.integer = b.Or(zero, b.Concat(minus, whole))
}

// atLeast is the language of the numbers from a bound on, or above it.
func (c *compiler) atLeast(bound jsonvalue.Decimal, above bool) rules.Expr {
	b := c.b
	positive := c.b.And(c.anyNumber, c.b.Not(b.Concat(b.Bytes("-"), c.anyText())))
	if !bound.Neg {
		return b.And(positive, c.magnitude(bound, above))
	}
	// Below zero it is the smaller magnitudes: all but those that are larger.
	larger := c.magnitude(bound, !above)
	negative := b.And(c.anyNumber, b.Concat(b.Bytes("-"), c.anyText()), b.Not(b.Concat(b.Bytes("-"), larger)))
	return b.Or(positive, negative)
}

// atMost is the language of the numbers up to a bound, or below it.
func (c *compiler) atMost(bound jsonvalue.Decimal, below bool) rules.Expr {
	return c.without(c.anyNumber, c.atLeast(bound, !below), c.anyNumber)
}

// anyText is any text.
func (c *compiler) anyText() rules.Expr { return c.b.Repeat(c.b.AnyChar(), 0, -1) }

// magnitude is the language of the numbers without a sign from a bound's magnitude on,
// or above it. It may hold spellings that are not canonical.
func (c *compiler) magnitude(bound jsonvalue.Decimal, above bool) rules.Expr {
	b := c.b
	whole, fraction := bound.Split()
	rest := b.Repeat(b.Concat(b.Bytes("."), c.digits()), 0, 1)
	// Equal to the last digit: the digits that may follow.
	tail := c.digits()
	if above {
		tail = b.Concat(c.digits(), c.digit('1', '9'), c.digits())
	}
	for i := len(fraction) - 1; i >= 0; i-- {
		d := fraction[i]
		tail = b.Or(b.Concat(c.digit(d, d), tail), b.Concat(c.digit(d+1, '9'), c.digits()))
	}
	tail = b.Concat(b.Bytes("."), tail)
	if fraction == "" && !above {
		tail = rest
	}
	for i := len(whole) - 1; i >= 0; i-- {
		d := whole[i]
		larger := b.Concat(c.digit(d+1, '9'), b.Repeat(c.digit('0', '9'), len(whole)-1-i, len(whole)-1-i), rest)
		tail = b.Or(b.Concat(c.digit(d, d), tail), larger)
	}
	longer := b.Concat(c.digit('1', '9'), b.Repeat(c.digit('0', '9'), len(whole), -1), rest)
	return b.Or(tail, longer)
}

// multiples is the automaton of the multiples of modulus times ten to the power -places.
// A state is the remainder of the digits so far and how many of them stand behind the
// point.
type multiples struct{ modulus, places int }

// newMultiples returns the automaton for a divisor; ok is false if it has too many
// states.
func newMultiples(d jsonvalue.Decimal) (m multiples, ok bool) {
	if d.Exp < 0 {
		m.places = -d.Exp
		d.Exp = 0
	}
	m.modulus, ok = d.Int(maxModulus + 1)
	return m, ok && m.modulus*(m.places+2) <= maxModulus
}

// Start is the state before the first digit.
func (m multiples) Start() int { return 0 }

// Step is the state behind a byte, negative for none.
func (m multiples) Step(state int, b byte) int {
	behind, remainder := state/m.modulus, state%m.modulus
	switch {
	case b == '-':
		return state
	case b == '.' && behind == 0:
		// From here on 1 more than the digits behind the point.
		return m.modulus + remainder
	case b < '0' || b > '9', behind > m.places:
		return -1
	}
	if behind > 0 {
		behind++
	}
	return behind*m.modulus + (remainder*10+int(b-'0'))%m.modulus
}

// Accepts reports whether the number is a multiple if it ends here.
func (m multiples) Accepts(state int) bool {
	behind, remainder := state/m.modulus, state%m.modulus
	// Zeros fill the places that are not written.
	for range m.places - max(behind-1, 0) {
		if remainder == 0 {
			break
		}
		remainder = remainder * 10 % m.modulus
	}
	return remainder == 0
}

// Distinct are the bytes that it tells apart from all others and from each other.
func (m multiples) Distinct() string { return "-.0123456789" }
