package gguf_test

import (
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

func open(t *testing.T, name string) *gguf.File {
	t.Helper()
	f, err := gguf.Open(os.DirFS("testdata"), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// The numbers are those of the Python package gguf.
func TestEachTypeDecodesToTheNumbersOfItsReference(t *testing.T) {
	f := open(t, "types.gguf")
	want, err := safetensors.Open(os.DirFS("testdata"), "types.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close() //nolint:errcheck // it was only read
	if len(f.Tensors) != len(want.Entries) || len(f.Tensors) < 17 {
		t.Fatalf("%d tensors, %d expected", len(f.Tensors), len(want.Entries))
	}
	for _, x := range f.Tensors {
		t.Run(x.Name, func(t *testing.T) {
			if x.Type.String() != x.Name || !slices.Equal(x.Shape, []int{3, 512}) {
				t.Fatalf("a %s of shape %v", x.Type, x.Shape)
			}
			ref, err := want.Tensor(x.Name)
			if err != nil {
				t.Fatal(err)
			}
			numbers, err := tensor.Values[float32](ref)
			if err != nil {
				t.Fatal(err)
			}
			order := []int{2, 0, 1, 2}
			got := make([]float32, 4*512)
			if err := x.Rows(t.Context(), order, got); err != nil {
				t.Fatal(err)
			}
			for i, row := range order {
				for j := range 512 {
					if g, w := got[i*512+j], numbers[row*512+j]; math.Float32bits(g) != math.Float32bits(w) && g != w {
						t.Fatalf("row %d column %d: %v, want %v", row, j, g, w)
					}
				}
			}
		})
	}
}

func TestMetadataIsReadByItsTypes(t *testing.T) {
	m := open(t, "types.gguf").Metadata
	if v, ok := m["some.text"].Text(); v != "hello" || !ok {
		t.Errorf("text: %q", v)
	}
	if v, ok := m["some.texts"].Texts(); !slices.Equal(v, []string{"a", "", "ünïcode"}) || !ok {
		t.Errorf("texts: %q", v)
	}
	if v, ok := m["some.numbers"].Ints(); !slices.Equal(v, []int64{-1, 2, 3}) || !ok {
		t.Errorf("numbers: %v", v)
	}
	if v, ok := m["some.truths"].Ints(); !slices.Equal(v, []int64{1, 0}) || !ok {
		t.Errorf("truths: %v", v)
	}
	if v, ok := m["some.fractions"].Floats(); !slices.Equal(v, []float64{0.5, -2.25}) || !ok {
		t.Errorf("fractions: %v", v)
	}
	if v, ok := m["some.large"].Int(); v != 1<<40 || !ok {
		t.Errorf("large: %d", v)
	}
	if v, ok := m["some.fraction"].Float(); v != 0.25 || !ok {
		t.Errorf("fraction: %v", v)
	}
	if v, ok := m["some.truth"].Bool(); !v || !ok {
		t.Errorf("truth: %v", v)
	}
	// A value of another type, and one that is not there, are told from zero.
	for _, key := range []string{"some.text", "some.texts", "some.fraction", "some.truth", "missing"} {
		if v, ok := m[key].Int(); ok {
			t.Errorf("%s as an integer: %d", key, v)
		}
	}
	if _, ok := m["some.truths"].Floats(); ok {
		t.Error("truth values as fractions")
	}
}

func TestWhatIsNotDecodedIsNamed(t *testing.T) {
	b := header(3, 1, 0).tensor("x", 16, 0, 256)
	b = b.pad().bytes(make([]byte, 66))
	f, err := gguf.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	err = f.Tensors[0].Rows(t.Context(), []int{0}, make([]float32, 256))
	if e, ok := errors.AsType[*gguf.FormatError](err); !ok || !errors.Is(err, gguf.ErrFormat) || e.Offset >= 0 {
		t.Errorf("got %v", err)
	}
}
