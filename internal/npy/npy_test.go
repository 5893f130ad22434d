package npy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

// file makes a file of the given version.
func file(version byte, header string, data ...byte) []byte {
	out := append([]byte("\x93NUMPY"), version, 0)
	if version == 1 {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	} else {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	}
	return append(append(out, header...), data...)
}

func read(raw []byte) (*tensor.Tensor, error) { return npy.Read(bytes.NewReader(raw), int64(len(raw))) }

func TestFilesAreRead(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  []byte
		want *tensor.Tensor
	}{
		"little-endian floats":           {file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40), tensor.Vector[float32](1, 2)},
		"big-endian integers":            {file(2, "{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", 0, 1, 0xff, 0xfe), tensor.Vector[int16](1, -2)},
		"a scalar":                       {file(3, `{"descr": "|u1", "fortran_order": False, "shape": ()}`, 7), tensor.Scalar[uint8](7)},
		"an empty array":                 {file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3, 0), }"), tensor.New(tensor.Int64, 3, 0)},
		"Fortran order":                  {file(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", 1, 4, 2, 5, 3, 6), tensor.FromSlice([]int8{1, 2, 3, 4, 5, 6}, 2, 3)},
		"bools":                          {file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", 0, 1), tensor.Vector(false, true)},
		"unsigned integers become int64": {file(1, "{'descr': '<u4', 'fortran_order': False, 'shape': (1L,), }", 0xff, 0xff, 0xff, 0xff), tensor.Vector[int64](math.MaxUint32)},
		"wide unsigned integers":         {file(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", 9, 0, 0, 0, 0, 0, 0, 0), tensor.Vector[int64](9)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(tc.raw)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, tc.want)
		})
	}
}

func same(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !cmp.Equal(got.Shape(), want.Shape()) {
		t.Fatalf("got %v %v, want %v %v", got.DType(), got.Shape(), want.DType(), want.Shape())
	}
	a, err := got.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("got % x, want % x", a, b)
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	good := "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
	for name, raw := range map[string][]byte{
		"nothing":                    {},
		"another format":             []byte("PK\x03\x04 and so on"),
		"an unknown version":         file(4, good, 1, 2),
		"a header cut short":         file(1, good)[:20],
		"a header beyond the limit":  file(2, good+strings.Repeat(" ", 10_000), 1, 2),
		"too few elements":           file(1, good, 1),
		"too many elements":          file(1, good, 1, 2, 3),
		"a shape that overflows":     file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 1),
		"a size that overflows":      file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }", 1),
		"a negative size":            file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }", 1),
		"a missing key":              file(1, "{'descr': '|u1', 'shape': (2,), }", 1, 2),
		"a key that comes twice":     file(1, "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", 1, 2),
		"an unknown key":             file(1, "{'x': '|u1', 'fortran_order': False, 'shape': (2,), }", 1, 2),
		"text after the dictionary":  file(1, good+" x", 1, 2),
		"no dictionary":              file(1, "(1, 2)", 1, 2),
		"a string that does not end": file(1, "{'descr", 1, 2),
		"an escape in a string":      file(1, `{'descr': '\x7cu1', 'fortran_order': False, 'shape': (2,), }`, 1, 2),
		"an order that is no bool":   file(1, "{'descr': '|u1', 'fortran_order': 0, 'shape': (2,), }", 1, 2),
		"a shape that is no tuple":   file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': 2, }", 1, 2),
		"a bool of two":              file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", 1, 2),
		"too many dimensions":        file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': ("+strings.Repeat("1,", 65)+"), }", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := read(raw); !errors.Is(err, npy.ErrFormat) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestTypesThatCannotBeRead(t *testing.T) {
	for _, descr := range []string{"<c8", "|O", "<U3", "f4", "", "|V2", "<f16"} {
		raw := file(1, "{'descr': '"+descr+"', 'fortran_order': False, 'shape': (1,), }", make([]byte, 16)...)
		if _, err := read(raw); !errors.Is(err, tensor.ErrDType) {
			t.Errorf("%q: %v", descr, err)
		}
	}
	raw := file(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", 0, 0, 0, 0, 0, 0, 0, 0x80)
	if _, err := read(raw); !errors.Is(err, tensor.ErrValue) {
		t.Errorf("a number beyond int64: %v", err)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for _, want := range []*tensor.Tensor{
		tensor.Vector(true, false),
		tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3),
		tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3).Transpose().Contiguous(),
		tensor.Scalar[int64](-3),
		tensor.New(tensor.Float16, 1, 2, 3),
		tensor.New(tensor.Float64, 0),
		tensor.Vector[uint16](65535),
	} {
		var b bytes.Buffer
		if err := npy.Write(&b, want); err != nil {
			t.Fatal(err)
		}
		if end := bytes.IndexByte(b.Bytes(), '\n') + 1; end%64 != 0 {
			t.Errorf("the elements start at %d", end)
		}
		got, err := npy.Open(fstest.MapFS{"x.npy": {Data: b.Bytes()}}, "x.npy")
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, want)
	}
	if err := npy.Write(&bytes.Buffer{}, nil); !errors.Is(err, tensor.ErrInvalid) {
		t.Errorf("no tensor: %v", err)
	}
	if _, err := npy.Open(fstest.MapFS{}, "x.npy"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 1, 2, 3, 4))
	f.Add(file(2, "{'descr': '>u8', 'fortran_order': True, 'shape': (1, 2,), }", make([]byte, 16)...))
	f.Add(file(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (0, 9), }"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := read(raw)
		if err != nil {
			return
		}
		if a.Len()*a.DType().Size() > 8*len(raw) {
			t.Fatalf("%d elements of %d bytes", a.Len(), len(raw))
		}
		var b bytes.Buffer
		if err := npy.Write(&b, a); err != nil {
			t.Fatal(err)
		}
		again, err := read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		same(t, again, a)
	})
}
