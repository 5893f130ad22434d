package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

const (
	// maxNesting bounds the depth of a list: the rank of the tensor that it is.
	maxNesting = 16
	// maxListed bounds the numbers that are written as lists, which take many
	// times the memory of other forms.
	maxListed = 1 << 22
)

// list collects the elements of nested lists: as integers until one is none, and
// as floating-point numbers from then on.
type list struct {
	// A dimension is -1 until its first list has ended.
	shape  []int
	ints   []int64
	floats []float64
	broken bool // not every element is an integer or a bool
	// Empty lists have none, so that their number says nothing of the work.
	count int // elements
	nodes int // elements and lists
}

// decodeList reads a number, a bool or nested lists of them.
func decodeList(raw []byte, d *coreml.FeatureDescription) (*tensor.Tensor, error) {
	l := &list{}
	text := &jsonText{text: raw, checked: true}
	if err := l.read(text, 0); err != nil {
		return nil, err
	}
	// The text was checked as a whole; this is for those that come from elsewhere.
	if err := text.end(); err != nil {
		return nil, err
	}
	// Programs write a scalar as a number, and Core ML wants [1], or [1, 1].
	if d != nil && d.Kind == coreml.KindMultiArray && len(l.shape) == 0 && len(d.Shape) > 0 {
		// A bare number stands for an array of one element, whatever its rank.
		l.shape = make([]int, len(d.Shape))
		for i := range l.shape {
			l.shape[i] = 1
		}
	}
	if !l.broken {
		t := tensor.Wrap(l.ints, l.shape...)
		return t, t.Err()
	}
	t := tensor.Wrap(l.floats, l.shape...)
	return t, t.Err()
}

// read takes in the value that comes next.
func (l *list) read(text *jsonText, depth int) error {
	// Lists without numbers count too: a million empty ones cost as much.
	if l.nodes++; l.nodes > maxListed {
		return fmt.Errorf("more than %d numbers in a list: give the array as dtype, shape and base64 data, or as a file", maxListed)
	}
	text.space()
	if text.at < len(text.text) && text.text[text.at] == '[' {
		if depth == maxNesting {
			return fmt.Errorf("lists nested deeper than %d levels: %w", maxNesting, tensor.ErrShape)
		}
		return l.elements(text, depth)
	}
	raw, err := text.value(1)
	if err != nil {
		return err
	}
	if depth != len(l.shape) {
		return errRagged
	}
	l.count++
	return l.number(raw)
}

// number takes in one element.
func (l *list) number(raw []byte) error {
	switch string(raw) {
	case "true":
		return l.integer(1)
	case "false":
		return l.integer(0)
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		if i, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return l.integer(i)
		}
	}
	// A number with a fraction, or one that is too long for int64.
	f, err := floatOf(raw)
	if err != nil {
		if kind := kindOfJSON(raw); kind == "a string" || kind == "an object" || kind == "null" {
			return fmt.Errorf("%s where a number or a list is expected", shorten(raw))
		}
		return err
	}
	if !l.broken {
		l.broken = true
		for _, i := range l.ints {
			l.floats = append(l.floats, float64(i))
		}
		l.ints = nil
	}
	l.floats = append(l.floats, f)
	return nil
}

// integer takes in a whole number. Up to 2^53 the change to floating point loses
// nothing.
func (l *list) integer(i int64) error {
	if l.broken {
		l.floats = append(l.floats, float64(i))
		return nil
	}
	l.ints = append(l.ints, i)
	return nil
}

// errRagged is about the list as a whole: which of two lengths is the wrong one
// nobody can say, so that it has no path.
var errRagged = fmt.Errorf("the lists are not a whole array: %w", tensor.ErrShape)

// elements takes in a list. The first one at each depth sets the size of a
// dimension, and all others have to be as long.
func (l *list) elements(text *jsonText, depth int) error {
	// Only the first path to a number makes dimensions; every other has to follow
	// them.
	first := l.count == 0 && len(l.shape) == depth
	if first {
		l.shape = append(l.shape, -1)
	} else if depth >= len(l.shape) {
		return errRagged
	}
	n := 0
	text.accept('[')
	for !text.accept(']') {
		if n > 0 && !text.accept(',') {
			return text.unexpected("a comma or the end of the list")
		}
		if err := l.read(text, depth+1); err != nil {
			if errors.Is(err, errRagged) {
				return err
			}
			return inElement(n, err)
		}
		n++
	}
	if l.shape[depth] < 0 {
		l.shape[depth] = n
	}
	if l.shape[depth] != n {
		return errRagged
	}
	return nil
}
