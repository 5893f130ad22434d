package jsonvalue

import "fmt"

// The texts that stand between the values of the canonical form: those of Python's
// json.dumps, in which models have seen most of the JSON of their training.
const (
	ItemSeparator = ", "
	KeySeparator  = ": "
)

// short are the characters with an escape of two.
var short = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// Escape returns what stands for a character between the quotes of a string in
// canonical form: the character, unless JSON forbids it, then its shortest escape.
func Escape(r rune) string {
	if s, ok := short[r]; ok {
		return s
	}
	if r < 0x20 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// AppendString appends a string in canonical form.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = AppendBody(dst, s)
	return append(dst, '"')
}

// AppendBody appends what stands between the quotes of a string in canonical form.
func AppendBody(dst []byte, s string) []byte {
	for _, r := range s {
		if r >= 0x20 && r != '"' && r != '\\' {
			dst = append(dst, string(r)...)
			continue
		}
		dst = append(dst, Escape(r)...)
	}
	return dst
}

// Append appends a value in canonical form, the members of objects in their own order.
func Append(dst []byte, v *Value) []byte {
	switch v.Kind {
	case Bool:
		return fmt.Append(dst, v.Bool)
	case Number:
		return append(dst, v.Num.String()...)
	case String:
		return AppendString(dst, v.Str)
	case Array:
		dst = append(dst, '[')
		for i, item := range v.Items {
			if i > 0 {
				dst = append(dst, ItemSeparator...)
			}
			dst = Append(dst, item)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range v.Members {
			if i > 0 {
				dst = append(dst, ItemSeparator...)
			}
			dst = append(AppendString(dst, m.Key), KeySeparator...)
			dst = Append(dst, m.Value)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}
