package npy_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

func TestARefusalSaysWhatIsWrong(t *testing.T) {
	head := func(descr, order, shape string) string {
		return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }"
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"nothing", nil, "malformed npy: unexpected EOF"},
		{"another format", []byte("PK\x03\x04 and so on"), "malformed npy: it does not start like one"},
		{"a version to come", file(4, head("'|u1'", "False", "(1,)"), 1), "malformed npy: version 4.0 is unknown"},
		{"a long header", file(2, strings.Repeat(" ", 10_001)), "malformed npy: a header of 10001 bytes, the limit is 10000"},
		{"a header that is cut short", file(1, head("'|u1'", "False", "(1,)"))[:30], "malformed npy: unexpected EOF"},
		{"elements that are cut short", file(1, head("'|u1'", "False", "(3,)"), 1), "malformed npy: elements: unexpected EOF"},
		{"more elements than the file has bytes", file(1, head("'<f4'", "False", "(99,)"), 1), "malformed npy: shape [99] wants more than the 69 bytes of the file"},
		{"elements left over", file(1, head("'|u1'", "False", "(1,)"), 1, 2), "malformed npy: bytes follow the 1 elements"},
		{"a truth value of 2", file(1, head("'|b1'", "False", "(2,)"), 1, 2), "malformed npy: element 1 is 2, not a bool"},
		{"a list for the dictionary", file(1, "[1]"), "malformed npy: header: \"[1]\" where '{' is expected"},
		{"a key without a value", file(1, "{'descr'}"), "malformed npy: header: \"}\" where ':' is expected"},
		{"a key that is no string", file(1, "{1: 2}"), "malformed npy: header: \"1: 2}\" where a string is expected"},
		{"a key twice", file(1, "{'descr': '|u1', 'descr': '|u1'}"), "malformed npy: header: key \"descr\" comes twice"},
		{"a key that nobody knows", file(1, "{'device': 'gpu'}"), "malformed npy: header: key \"device\" is unknown"},
		{"a key too few", file(1, "{'descr': '|u1'}"), "malformed npy: header: it has 1 of the keys descr, fortran_order and shape"},
		{"text behind", file(1, head("'|u1'", "False", "()")+"x"), "malformed npy: header: \"x\" follows the dictionary"},
		{"an escape", file(1, head(`'\x41'`, "False", "()")), "is not a plain string"},
		{"an order that is a number", file(1, head("'|u1'", "1", "()")), "where True or False is expected"},
		{"a shape without brackets", file(1, head("'|u1'", "False", "3")), "where '(' is expected"},
		{"a shape that does not end", file(1, "{'shape': (3"), "where a size is expected"},
		{"a size that is a word", file(1, head("'|u1'", "False", "(many,)")), "where a size is expected"},
		{"a size beyond an int", file(1, head("'|u1'", "False", "(99999999999999999999,)")), "size 99999999999999999999 is too large"},
		{"65 dimensions", file(1, head("'|u1'", "False", "("+strings.Repeat("1,", 65)+")")), "more than 64 dimensions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(c.raw)
			if !errors.Is(err, npy.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

// What NumPy writes for np.arange(3, dtype="<i2"), byte for byte: the header is filled
// up with blanks so that the elements begin at a multiple of 64.
func TestAFileIsWrittenAsNumPyWritesIt(t *testing.T) {
	var b bytes.Buffer
	if err := npy.Write(&b, tensor.Vector[int16](0, 1, 2)); err != nil {
		t.Fatal(err)
	}
	text := "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }"
	want := "\x93NUMPY\x01\x00\x76\x00" + text + strings.Repeat(" ", 128-10-len(text)-1) + "\n" + "\x00\x00\x01\x00\x02\x00"
	if b.String() != want {
		t.Errorf("got\n%q, want\n%q", b.String(), want)
	}
}

func TestADimensionOfZeroNeedsNoRoom(t *testing.T) {
	got, err := read(file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0, 9999999), }"))
	if err != nil || got.Len() != 0 || got.Rank() != 3 {
		t.Errorf("%v, %v", got, err)
	}
}

// failing is a writer that takes so many bytes and no more.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if n := int(*f); len(p) > n {
		*f = 0
		return n, io.ErrShortWrite
	}
	*f -= failing(len(p))
	return len(p), nil
}

func TestAWriteThatFailsSaysSo(t *testing.T) {
	for _, n := range []failing{0, 100, 130} {
		if err := npy.Write(&n, tensor.Vector[int16](0, 1, 2)); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("error is %v", err)
		}
	}
}
