package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of the JSON that is read.
const maxDepth = 200

var errJSON = errors.New("malformed JSON")

// scanner walks JSON in place. A vocabulary has a hundred thousand strings;
// reading them through reflection would leave several times the size of the
// file as garbage, so the large sections are walked without allocation.
type scanner struct {
	data    []byte
	pos     int
	depth   int
	scratch []byte
}

func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w at byte %d: %s", errJSON, s.pos, what)
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	if s.peek() != c || s.pos >= len(s.data) {
		return s.fail("expected " + strconv.QuoteRune(rune(c)))
	}
	s.pos++
	return nil
}

// object calls f with each key; f must consume the value. The key is valid
// until f reads another string.
func (s *scanner) object(f func(key []byte) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.str()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return f(key)
	})
}

// array calls f at each element; f must consume it.
func (s *scanner) array(f func() error) error { return s.sequence('[', ']', f) }

func (s *scanner) sequence(open, end byte, f func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested too deeply")
	}
	defer func() { s.depth-- }()
	if s.peek() == end {
		s.pos++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case end:
			s.pos++
			return nil
		default:
			return s.fail("expected a comma or the end")
		}
	}
}

// str returns the contents of a string, which stay valid until the next call.
// Bytes that are not UTF-8 and lone surrogates become U+FFFD.
func (s *scanner) str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			if text := s.data[start:i]; utf8.Valid(text) {
				return text, nil
			}
			s.scratch = appendValid(s.scratch[:0], string(s.data[start:i]))
			return s.scratch, nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return nil, s.fail("control character in a string")
		}
	}
	return nil, s.fail("string without an end")
}

// escaped reads a string that has its first escape at data[i].
func (s *scanner) escaped(start, i int) ([]byte, error) {
	out := append(s.scratch[:0], s.data[start:i]...)
	for i < len(s.data) {
		c := s.data[i]
		i++
		switch {
		case c == '"':
			s.pos = i
			if !utf8.Valid(out) {
				out = appendValid(nil, string(out))
			}
			s.scratch = out
			return out, nil
		case c < ' ':
			return nil, s.fail("control character in a string")
		case c != '\\':
			out = append(out, c)
			continue
		}
		if i >= len(s.data) {
			break
		}
		c = s.data[i]
		i++
		if c == 'u' {
			r, n := unescape(s.data[i:])
			if n == 0 {
				return nil, s.fail("bad escape")
			}
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		plain, ok := escapes[c]
		if !ok {
			return nil, s.fail("bad escape")
		}
		out = append(out, plain)
	}
	return nil, s.fail("string without an end")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes the digits after \u, and a second escape where the first is
// the high half of a surrogate pair. It returns how many bytes it used.
func unescape(b []byte) (rune, int) {
	hi, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(hi) {
		return hi, 4
	}
	if len(b) >= 10 && b[4] == '\\' && b[5] == 'u' {
		if lo, ok := hex4(b[6:]); ok {
			if r := utf16.DecodeRune(hi, lo); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(v), err == nil
}

// integer reads a whole number that fits an int64.
func (s *scanner) integer() (int64, error) {
	s.peek()
	i := s.pos
	for i < len(s.data) && (s.data[i] == '-' || s.data[i] >= '0' && s.data[i] <= '9') {
		i++
	}
	v, err := strconv.ParseInt(string(s.data[s.pos:i]), 10, 64)
	if err != nil {
		return 0, s.fail("expected a whole number")
	}
	s.pos = i
	return v, nil
}

// skip passes over one value and returns its text.
func (s *scanner) skip() ([]byte, error) {
	c := s.peek()
	start := s.pos
	var err error
	switch {
	case c == '{':
		err = s.object(func([]byte) error { _, err := s.skip(); return err })
	case c == '[':
		err = s.array(func() error { _, err := s.skip(); return err })
	case c == '"':
		_, err = s.str()
	default:
		for s.pos < len(s.data) && isScalar(s.data[s.pos]) {
			s.pos++
		}
		if s.pos == start {
			err = s.fail("expected a value")
		}
	}
	if err != nil {
		return nil, err
	}
	return s.data[start:s.pos], nil
}

// isScalar reports whether c can be part of a number, true, false or null.
func isScalar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// appendValid appends text with each byte that is not part of a character
// replaced by U+FFFD, as a range over a Go string sees it.
func appendValid(dst []byte, text string) []byte {
	for _, r := range text {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
