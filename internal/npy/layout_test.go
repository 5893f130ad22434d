package npy_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

func TestALayoutIsThatOfTheHeader(t *testing.T) {
	var file bytes.Buffer
	if err := npy.Write(&file, tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 3, 2)); err != nil {
		t.Fatal(err)
	}
	data := file.Bytes()
	dtype, shape, offset, err := npy.Layout(data)
	if err != nil || dtype != tensor.Float32 || !slices.Equal(shape, []int{3, 2}) || offset != len(data)-24 {
		t.Errorf("got %v %v at %d, %v", dtype, shape, offset, err)
	}
	for name, change := range map[string]func(string) string{
		"the high byte first":          func(s string) string { return strings.Replace(s, "<f4", ">f4", 1) },
		"the first index runs fastest": func(s string) string { return strings.Replace(s, "False", "True ", 1) },
		"a shape of more":              func(s string) string { return strings.Replace(s, "(3, 2)", "(4, 2)", 1) },
		"a shape of fewer":             func(s string) string { return strings.Replace(s, "(3, 2)", "(2, 2)", 1) },
		"a file that is cut":           func(s string) string { return s[:len(s)-1] },
		"a header that is cut":         func(s string) string { return s[:20] },
		"unsigned integers":            func(s string) string { return strings.Replace(s, "<f4", "<u4", 1) },
		"nothing":                      func(string) string { return "" },
	} {
		if _, _, _, err := npy.Layout([]byte(change(string(data)))); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// FuzzLayout reads anything as a header.
func FuzzLayout(f *testing.F) {
	var file bytes.Buffer
	if err := npy.Write(&file, tensor.FromSlice([]float32{1, 2}, 1, 2)); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte("\x93NUMPY"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dtype, shape, offset, err := npy.Layout(data)
		if err != nil {
			return
		}
		n := dtype.Size()
		for _, k := range shape {
			n *= k
		}
		if offset+n != len(data) {
			t.Errorf("%v %v at %d of %d bytes", dtype, shape, offset, len(data))
		}
	})
}
