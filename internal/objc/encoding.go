package objc

import (
	"errors"
	"fmt"
	"strings"
)

// errEncoding is what every malformed type encoding reports.
var errEncoding = errors.New("objc: malformed type encoding")

// maxNesting bounds how deep types may lie in each other.
const maxNesting = 32

// parseEncoding splits a type encoding into its types: the result first, then
// the arguments. Stack offsets and qualifiers, which runtimes add, are left out.
// The grammar is the one of Apple's Objective-C Runtime Programming Guide, "Type
// Encodings".
func parseEncoding(s string) ([]string, error) {
	var types []string
	for i := 0; i < len(s); {
		t, next, err := parseType(s, i, 0)
		if err != nil {
			return nil, fmt.Errorf("%w: %q at byte %d", errEncoding, s, next)
		}
		types = append(types, t)
		i = skipOffset(s, next)
	}
	return types, nil
}

// skipOffset returns the index behind the stack offset that may stand at i.
func skipOffset(s string, i int) int {
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// parseType reads one type and returns it with the index behind it; on an error
// the index is where it lies.
func parseType(s string, i, depth int) (string, int, error) {
	if depth > maxNesting {
		return "", i, errEncoding
	}
	for i < len(s) && strings.IndexByte("rnNoORVA", s[i]) >= 0 {
		i++
	}
	if i >= len(s) {
		return "", i, errEncoding
	}
	switch c := s[i]; c {
	case 'c', 'i', 's', 'l', 'q', 't', 'C', 'I', 'S', 'L', 'Q', 'T', 'f', 'd', 'D', 'B', 'v', '*', '#', ':', '?':
		return s[i : i+1], i + 1, nil
	case '@':
		return parseObject(s, i)
	case '^':
		t, next, err := parseType(s, i+1, depth+1)
		return "^" + t, next, err
	case 'b':
		next := skipDigits(s, i+1)
		if next == i+1 {
			return "", i, errEncoding
		}
		return s[i:next], next, nil
	case '{', '(', '[':
		return parseCompound(s, i)
	default:
		return "", i, errEncoding
	}
}

// parseObject reads an object, a block or an object of a named class.
func parseObject(s string, i int) (string, int, error) {
	switch {
	case strings.HasPrefix(s[i:], "@?"):
		return "@?", i + 2, nil
	case strings.HasPrefix(s[i:], `@"`):
		end := strings.IndexByte(s[i+2:], '"')
		if end < 0 {
			return "", i, errEncoding
		}
		return "@", i + 2 + end + 1, nil
	}
	return "@", i + 1, nil
}

// parseCompound reads a structure, a union or an array as it is written: what
// lies in it is compared as text.
func parseCompound(s string, i int) (string, int, error) {
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '{', '(', '[':
			depth++
			if depth > maxNesting {
				return "", j, errEncoding
			}
		case '}', ')', ']':
			depth--
			if depth == 0 {
				return s[i : j+1], j + 1, nil
			}
		}
	}
	return "", i, errEncoding
}

// skipDigits returns the index of the first byte from i on that is no digit.
func skipDigits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}
