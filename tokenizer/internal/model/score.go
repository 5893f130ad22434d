package model

import (
	"math"
	"strconv"
	"strings"
)

// parseScore reads a number as the reference's JSON parser does: the digits as
// a whole number, then one multiplication or division by a power of ten. That
// can be one bit beside the nearest number, and where two ways through a text
// have the same sum that bit decides.
func parseScore(text string) (float64, error) {
	exact, err := strconv.ParseFloat(text, 64)
	if err != nil || exact == 0 {
		return exact, err
	}
	significand, shift, ok := decimal(strings.TrimPrefix(text, "-"))
	if !ok {
		return exact, nil
	}
	f := float64(significand)
	// Powers of ten are read from text: a product would have errors.
	power, err := strconv.ParseFloat("1e"+strconv.Itoa(max(shift, -shift)), 64)
	if err != nil {
		return exact, nil //nolint:nilerr // out of range
	}
	if shift < 0 {
		f /= power
	} else {
		f *= power
	}
	return math.Copysign(f, exact), nil
}

// decimal returns a number as whole digits and a power of ten. Numbers of more digits
// than scores have, or beyond the powers that a float64 has, are not taken apart.
func decimal(text string) (significand uint64, shift int, ok bool) {
	digits, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(digits, ".")
	var err error
	if exponent != "" {
		if shift, err = strconv.Atoi(strings.TrimPrefix(exponent, "+")); err != nil {
			return 0, 0, false
		}
	}
	significand, err = strconv.ParseUint(whole+fraction, 10, 64)
	shift -= len(fraction)
	return significand, shift, err == nil && shift >= -308 && shift <= 308
}
