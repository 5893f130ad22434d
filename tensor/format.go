package tensor

import (
	"fmt"
	"strconv"
	"strings"
)

// maxPrinted is the number of elements up to which String prints all.
const maxPrinted = 1000

// String returns the type, the shape and the elements in nested brackets:
//
//	float32[2 2] [[1 2] [3 4]]
//
// A tensor of more than 1000 elements prints without them, and one that
// carries an error as that error.
func (t *Tensor) String() string {
	if err := t.Err(); err != nil {
		return "error: " + err.Error()
	}
	head := fmt.Sprintf("%v%v", t.dtype, t.shape)
	if t.length > maxPrinted {
		return head + " ..."
	}
	words := t.words()
	if len(t.shape) == 0 {
		return head + " " + words[0]
	}
	var b strings.Builder
	b.WriteString(head + " ")
	writeNested(&b, words, t.shape)
	return b.String()
}

func writeNested(b *strings.Builder, words []string, shape []int) {
	if len(shape) == 0 {
		b.WriteString(words[0])
		return
	}
	b.WriteByte('[')
	if len(words) > 0 { // without elements there is nothing to nest
		step := len(words) / shape[0]
		for i := range shape[0] {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeNested(b, words[i*step:(i+1)*step], shape[1:])
		}
	}
	b.WriteByte(']')
}

// words returns the elements as text.
func (t *Tensor) words() []string {
	words := make([]string, 0, t.length)
	switch t.dtype.class() {
	case classFloat:
		digits := -1
		if t.dtype == Float16 {
			digits = 4 // what tells two neighbouring halfs apart, nearly always
		}
		for _, v := range newReader[float32](t).next(t.length) {
			words = append(words, strconv.FormatFloat(float64(v), 'g', digits, 32))
		}
	case classFloat64:
		for _, v := range newReader[float64](t).next(t.length) {
			words = append(words, strconv.FormatFloat(v, 'g', -1, 64))
		}
	default:
		for _, v := range newReader[int64](t).next(t.length) {
			if t.dtype == Bool {
				words = append(words, strconv.FormatBool(v != 0))
				continue
			}
			words = append(words, strconv.FormatInt(v, 10))
		}
	}
	return words
}
