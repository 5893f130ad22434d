package mil

import (
	"fmt"
	"math"
	"strconv"

	"github.com/gocoreml/coreml/internal/dtype"
)

// value writes a stored value with its type.
func (t *textWriter) value(v *Value) {
	c := v.Const
	if v.Type.Kind == List && len(c.Shape) > 0 {
		element := typeText(Type{DType: c.DType, Shape: c.Shape[1:]}, t.plain)
		t.put(listText(element, strconv.Itoa(c.Shape[0])), "(")
	} else {
		t.put(typeText(Type{DType: c.DType, Shape: c.Shape}, t.plain), "(")
	}
	if c.Blob != "" {
		t.put("BLOBFILE(path = ", t.scalar(dtype.String), "(", stringText(c.Blob), "), offset = ",
			t.scalar(dtype.UInt64), "(", strconv.FormatUint(c.Offset, 10), "))")
	} else {
		at := 0
		t.elements(c, c.Shape, &at)
	}
	t.put(")")
}

// elements writes nested lists; at counts the elements that were written.
func (t *textWriter) elements(c *Const, shape []int, at *int) {
	if len(shape) == 0 {
		t.put(textElement(c, *at))
		*at++
		return
	}
	t.put("[")
	if c.Len() > 0 { // a shape may have any number of empty parts
		for i := range shape[0] {
			if i > 0 {
				t.put(", ")
			}
			t.elements(c, shape[1:], at)
		}
	}
	t.put("]")
}

// textElement writes one element. What a program that does not verify lacks is written as
// what no reader takes.
func textElement(c *Const, i int) string {
	switch {
	case c.DType == dtype.String && i < len(c.Strings):
		return stringText(c.Strings[i])
	case c.DType == dtype.String || !holds(c, i):
		return "?"
	case c.DType == dtype.Bool:
		return strconv.FormatBool(c.Data[i] != 0)
	case c.DType.IsFloat():
		return hexFloat(c, i)
	case c.DType == dtype.UInt32 || c.DType == dtype.UInt64:
		return strconv.FormatUint(bitsAt(c, i), 10)
	case c.DType == dtype.Int64:
		return strconv.FormatInt(int64(bitsAt(c, i)), 10)
	}
	return strconv.Itoa(IntAt(c.Data, c.DType, i))
}

// bitsAt returns the bits of an element of whole bytes.
func bitsAt(c *Const, i int) (v uint64) {
	width := c.DType.Size()
	for k := range width {
		v |= uint64(c.Data[i*width+k]) << (8 * k)
	}
	return v
}

// hexFloat writes a number in C's hexadecimal form, which has all of its bits, as those
// of a nan that is not the usual one are given.
func hexFloat(c *Const, i int) string {
	bits := bitsAt(c, i)
	var f float64
	switch c.DType {
	case dtype.Float64:
		f = math.Float64frombits(bits)
	case dtype.Float8E4M3FN, dtype.Float8E5M2:
		f = float8(byte(bits), c.DType)
	default:
		f = float64(FloatAt(c.Data, c.DType, i))
	}
	switch {
	case math.IsNaN(f) && bits == usualNaN(c.DType):
		return "nan"
	case math.IsNaN(f):
		return fmt.Sprintf("nan(%#x)", bits)
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'x', -1, 64)
	// Go writes two digits of an exponent at least, and C one.
	if n := len(s); s[n-2] == '0' && (s[n-3] == '-' || s[n-3] == '+') {
		s = s[:n-2] + s[n-1:]
	}
	return s
}

// stringText writes a string with C's escapes: nothing of it reaches a terminal as it is.
func stringText(s string) string { return strconv.Quote(s) }
