package jinja

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// simpleText formats a scalar. It does for the values that have one form in
// Python, whether by str or repr.
func simpleText(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return floatText(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// floatText is Python's repr of a float. Both languages write the fewest digits
// that read back as the same number; only the point where the exponent begins
// differs: Python writes it from 1e16 on and below 1e-4, with at least two
// digits.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	digits := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(digits, "e")
	exp, err := strconv.Atoi(exponent)
	if err != nil || exp < -4 || exp >= 16 {
		return mantissa + "e" + exponent
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// jsonFloat writes what json.dumps writes: the three names are no JSON, but
// Python writes them unless it is told not to, and so do the servers.
func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return floatText(f)
}

// maxNumber is the longest text that is read as a number. Longer ones are no
// number for the filters int and float, as those of more than 4300 digits are
// none for int() in the reference.
const maxNumber = 4300

// parseFloat is Python's float() of a string without white space around it. strconv
// reads hexadecimal floats, which Python does not, and no sign before nan; a number
// that is too large is infinite in Python and an error there.
func parseFloat(s string) (float64, bool) {
	s, ok := joinDigits(s, isASCIIDigit)
	if !ok || strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	if rest := strings.TrimLeft(s, "+-"); len(s)-len(rest) == 1 && strings.EqualFold(rest, "nan") {
		return math.NaN(), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange)
}
