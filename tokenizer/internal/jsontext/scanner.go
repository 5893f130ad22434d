package jsontext

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// maxDepth bounds the nesting of the JSON that is read.
const maxDepth = 200

// errJSON is what malformed text is an error of; the place is told with it.
var errJSON = errors.New("malformed JSON")

// Scanner walks JSON in place. A vocabulary has a hundred thousand strings;
// reading them through reflection would leave several times the size of the
// file as garbage, so the large sections are walked without allocation.
type Scanner struct {
	Data    []byte
	Pos     int
	depth   int
	scratch []byte
}

// Fail returns an error that says where the text goes wrong.
func (s *Scanner) Fail(what string) error {
	return fmt.Errorf("%w at byte %d: %s", errJSON, s.Pos, what)
}

// Peek skips white space and returns the next byte, 0 at the end. A zero byte of the text
// itself is none that JSON has, so that it fails wherever the end would.
func (s *Scanner) Peek() byte {
	for s.Pos < len(s.Data) {
		switch c := s.Data[s.Pos]; c {
		case ' ', '\t', '\n', '\r':
			s.Pos++
		default:
			return c
		}
	}
	return 0
}

// expect steps over white space and a byte that has to come.
func (s *Scanner) expect(c byte) error {
	if s.Peek() != c || s.Pos >= len(s.Data) {
		return s.Fail("expected " + strconv.QuoteRune(rune(c)))
	}
	s.Pos++
	return nil
}

// Object calls f with each key; f must consume the value. The key is valid
// until f reads another string.
func (s *Scanner) Object(f func(key []byte) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.Str()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return f(key)
	})
}

// Array calls f at each element; f must consume it.
func (s *Scanner) Array(f func() error) error { return s.sequence('[', ']', f) }

// sequence calls f at each element of an object or a list. It is f that reads the
// element and moves on behind it.
func (s *Scanner) sequence(open, end byte, f func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return s.Fail("nested too deeply")
	}
	defer func() { s.depth-- }()
	if s.Peek() == end {
		s.Pos++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch s.Peek() {
		case ',':
			s.Pos++
		case end:
			s.Pos++
			return nil
		default:
			return s.Fail("expected a comma or the end")
		}
	}
}

// Str returns the contents of a string, which stay valid until the next call.
// Bytes that are not UTF-8 and lone surrogates become U+FFFD.
func (s *Scanner) Str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.Pos
	for i := start; i < len(s.Data); i++ {
		switch c := s.Data[i]; {
		case c == '"':
			s.Pos = i + 1
			if text := s.Data[start:i]; utf8.Valid(text) {
				return text, nil
			}
			s.scratch = budget.AppendValid(s.scratch[:0], string(s.Data[start:i]))
			return s.scratch, nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return nil, s.Fail("control character in a string")
		}
	}
	return nil, s.Fail("string without an end")
}

// escaped reads a string that has its first escape at data[i].
func (s *Scanner) escaped(start, i int) ([]byte, error) {
	out := append(s.scratch[:0], s.Data[start:i]...)
	for i < len(s.Data) {
		switch c := s.Data[i]; {
		case c == '"':
			s.Pos = i + 1
			return s.keep(out), nil
		case c < ' ':
			return nil, s.Fail("control character in a string")
		case c == '\\' && i+1 < len(s.Data):
			var n int
			if out, n = appendEscape(out, s.Data[i+1:]); n == 0 {
				return nil, s.Fail("bad escape")
			}
			i += 1 + n
		case c == '\\':
			return nil, s.Fail("string without an end")
		default:
			out = append(out, c)
			i++
		}
	}
	return nil, s.Fail("string without an end")
}

// keep returns the contents of a string, which were written to the scratch memory, as
// UTF-8, and leaves their memory to the next string.
func (s *Scanner) keep(out []byte) []byte {
	if !utf8.Valid(out) {
		out = budget.AppendValid(nil, string(out))
	}
	s.scratch = out
	return out
}

// appendEscape appends what an escape stands for, whose text after the backslash is
// at the start of rest. It returns the length of that, 0 where it is none.
func appendEscape(dst, rest []byte) ([]byte, int) {
	if rest[0] != 'u' {
		plain, ok := escapes[rest[0]]
		if !ok {
			return dst, 0
		}
		return append(dst, plain), 1
	}
	r, n := unescape(rest[1:])
	if n == 0 {
		return dst, 0
	}
	return utf8.AppendRune(dst, r), 1 + n
}

// escapes are those of one letter.
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

// hex4 reads the four digits of \u. ParseUint takes no sign, and no underscore where the
// base is given.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(v), err == nil
}

// Integer reads a whole number that fits an int64. Zeros before it are read too, which
// JSON does not allow and which change nothing.
func (s *Scanner) Integer() (int64, error) {
	s.Peek()
	i := s.Pos
	for i < len(s.Data) && (s.Data[i] == '-' || s.Data[i] >= '0' && s.Data[i] <= '9') {
		i++
	}
	v, err := strconv.ParseInt(string(s.Data[s.Pos:i]), 10, 64)
	if err != nil {
		return 0, s.Fail("expected a whole number")
	}
	s.Pos = i
	return v, nil
}

// Skip passes over one value and returns its text. Words and numbers are taken by their
// letters: who wants the value reads the text with encoding/json.
func (s *Scanner) Skip() ([]byte, error) {
	c := s.Peek()
	start := s.Pos
	var err error
	switch {
	case c == '{':
		err = s.Object(func([]byte) error { _, err := s.Skip(); return err })
	case c == '[':
		err = s.Array(func() error { _, err := s.Skip(); return err })
	case c == '"':
		_, err = s.Str()
	default:
		for s.Pos < len(s.Data) && isScalar(s.Data[s.Pos]) {
			s.Pos++
		}
		if s.Pos == start {
			err = s.Fail("expected a value")
		}
	}
	if err != nil {
		return nil, err
	}
	return s.Data[start:s.Pos], nil
}

// isScalar reports whether c can be part of a number, true, false or null.
func isScalar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// IsNull reports whether a section is absent or null.
func IsNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// IsSet reads an option that is on unless the file says otherwise.
func IsSet(b *bool) bool { return b == nil || *b }
