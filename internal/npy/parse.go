package npy

import (
	"fmt"
	"strconv"
	"strings"
)

// parseHeader reads the dictionary of a header, which is written as a Python
// literal with three known keys. Keys may come in any order, and a comma may
// stand behind the last: NumPy writes one there.
func parseHeader(text string) (*Header, error) {
	p := &parser{text: strings.TrimRight(text, " \n")}
	h := &Header{}
	seen := map[string]bool{} // Python would take the last of two
	if err := p.expect('{'); err != nil {
		return nil, err
	}
	for !p.accept('}') {
		key, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("key %q comes twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return nil, err
		}
		err = p.entry(h, key)
		if err != nil {
			return nil, err
		}
		if !p.accept(',') {
			if err := p.expect('}'); err != nil {
				return nil, err
			}
			break
		}
	}
	if p.space(); p.text != "" {
		return nil, fmt.Errorf("%q follows the dictionary", p.text)
	}
	if len(seen) != 3 {
		return nil, fmt.Errorf("it has %d of the keys descr, fortran_order and shape", len(seen))
	}
	return h, nil
}

// entry reads what stands behind a key. An unknown one is refused: it would say
// something of the elements that nobody here knows. A key that comes twice
// never gets here.
func (p *parser) entry(h *Header, key string) (err error) {
	switch key {
	case "descr":
		h.Descr, err = p.quoted()
	case "fortran_order":
		h.FortranOrder, err = p.boolean()
	case "shape":
		h.Shape, err = p.shape()
	default:
		err = fmt.Errorf("key %q is unknown", key)
	}
	return err
}

// parser consumes text from its start. NumPy writes the header with Python's repr and
// reads it with ast.literal_eval; what it writes is a small part of that, and all that is
// accepted here.
type parser struct{ text string }

// space skips blanks, which may stand between any two tokens.
func (p *parser) space() { p.text = strings.TrimLeft(p.text, " ") }

// accept takes a character if it is the next.
func (p *parser) accept(b byte) bool {
	p.space()
	if p.text == "" || p.text[0] != b {
		return false
	}
	p.text = p.text[1:]
	return true
}

// expect is accept for a character that has to be there.
func (p *parser) expect(b byte) error {
	if p.accept(b) {
		return nil
	}
	return fmt.Errorf("%q where %q is expected", p.text, b)
}

// quoted reads a string without escapes. NumPy writes single quotes;
// ast.literal_eval would take either.
func (p *parser) quoted() (string, error) {
	p.space()
	if p.text == "" || p.text[0] != '\'' && p.text[0] != '"' {
		return "", fmt.Errorf("%q where a string is expected", p.text)
	}
	body, rest, ok := strings.Cut(p.text[1:], p.text[:1])
	if !ok || strings.Contains(body, `\`) {
		return "", fmt.Errorf("%q is not a plain string", p.text)
	}
	p.text = rest
	return body, nil
}

// boolean reads True or False. A word that only begins like one is refused by
// what must follow.
func (p *parser) boolean() (bool, error) {
	p.space()
	for _, b := range []struct {
		word  string
		value bool
	}{{"True", true}, {"False", false}} {
		if rest, ok := strings.CutPrefix(p.text, b.word); ok {
			p.text = rest
			return b.value, nil
		}
	}
	return false, fmt.Errorf("%q where True or False is expected", p.text)
}

// shape reads a tuple of sizes. (2, 3), (2,) and () are tuples; (2) is accepted
// for (2,).
func (p *parser) shape() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	shape := []int{}
	for !p.accept(')') {
		if len(shape) == maxRank {
			return nil, fmt.Errorf("more than %d dimensions", maxRank)
		}
		n, err := p.size()
		if err != nil {
			return nil, err
		}
		shape = append(shape, n)
		if !p.accept(',') {
			if err := p.expect(')'); err != nil {
				return nil, err
			}
			break
		}
	}
	return shape, nil
}

// size reads a number without a sign. Signs, underscores and other bases, which
// Python has, are refused.
func (p *parser) size() (int, error) {
	p.space()
	end := strings.IndexFunc(p.text, func(r rune) bool { return r < '0' || r > '9' })
	if end <= 0 { // a number at the very end has no bracket behind it
		return 0, fmt.Errorf("%q where a size is expected", p.text)
	}
	n, err := strconv.Atoi(p.text[:end])
	if err != nil {
		return 0, fmt.Errorf("size %s is too large", p.text[:end])
	}
	p.text = strings.TrimPrefix(p.text[end:], "L") // Python 2 marked long integers
	return n, nil
}
