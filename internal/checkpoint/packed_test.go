package checkpoint_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

func open(t *testing.T, path string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// rowsOf decodes a tensor in pieces of several sizes.
func rowsOf(t *testing.T, x checkpoint.Tensor, step int) []float32 {
	t.Helper()
	width := 1
	for _, d := range x.Shape()[1:] {
		width *= d
	}
	out := make([]float32, x.Shape()[0]*width)
	for from := 0; from < x.Shape()[0]; from += step {
		to := min(from+step, x.Shape()[0])
		if err := x.Rows(t.Context(), from, to, out[from*width:to*width]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// decoded computes the weights that codes stand for.
func decoded(c *checkpoint.Codes, rows, columns int) []float32 {
	at := func(data []byte, i int) float32 {
		switch c.Type {
		case dtype.Int8:
			return float32(int8(data[i]))
		case dtype.UInt8:
			return float32(data[i])
		}
		v := data[i/2] >> (i % 2 * 4) & 15
		if c.Type == dtype.Int4 {
			return float32(int8(v<<4) >> 4)
		}
		return float32(v)
	}
	out := make([]float32, rows*columns)
	for i := range out {
		g := i/columns*(columns/c.Block) + i%columns/c.Block
		offset := float32(0)
		if c.Offset != nil {
			offset = at(c.Offset, g)
		}
		out[i] = dtype.Float16ToFloat32(c.Scale[g]) * (at(c.Data, i) - offset)
	}
	return out
}

// In dense.safetensors beside each folder are the weights as the libraries that the format
// is from compute them.
func TestQuantisedFoldersHoldTheWeightsOfTheirLibraries(t *testing.T) {
	// Which modules' codes are carried over, and as what.
	carried := map[string][]string{
		"mlx":               {"", "int4", "", "", "", ""}, // of 2 bits: mlx makes zero a code of most groups
		"gptq":              {"", "uint4", "uint4", "", "", "int4", "", ""},
		"gptq-v2":           {"uint4", "uint4", "uint4", "uint8", "", "int4", "uint4", "uint4"},
		"awq":               {"uint4", "uint4"},
		"awq-gemv":          {"uint4", "uint4"},
		"mlx-modes":         {"", "", "", "", "", ""},
		"fp8":               {"", "", "", "", "", "", "", ""},
		"compressed-floats": {"", "", "", "", "", "", "", ""},
		"compressed-packed": {"int4", "uint4", "int4", "uint8", "int8", ""},
		"compressed-bytes":  {"", "", "", ""}, // scales are float32 numbers that float16 has not
	}
	for name, kinds := range carried {
		t.Run(name, func(t *testing.T) {
			c := open(t, filepath.Join("testdata/packed", name))
			want, err := safetensors.Open(os.DirFS(filepath.Join("testdata/packed", name)), "dense.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close() //nolint:errcheck // it was only read
			if len(want.Entries) != len(c.Tensors) {
				t.Fatalf("%d tensors, want %d", len(c.Tensors), len(want.Entries))
			}
			for _, e := range want.Entries {
				ref, err := want.Tensor(e.Name)
				if err != nil {
					t.Fatal(err)
				}
				numbers, err := tensor.Values[float32](ref)
				if err != nil {
					t.Fatal(err)
				}
				x := c.Tensors[e.Name]
				if x == nil || !slices.Equal(x.Shape(), e.Shape) {
					t.Fatalf("%s: %v, want the shape %v", e.Name, x, e.Shape)
				}
				for _, step := range []int{1, 3, 1000} {
					equal(t, e.Name, rowsOf(t, x, step), numbers)
				}
				if flat := checkpoint.Flat(x); (flat != nil) != (len(e.Shape) == 3) {
					t.Errorf("%s: flat it is %v", e.Name, flat)
				} else if flat != nil {
					equal(t, e.Name+" flat", rowsOf(t, flat, 4), numbers)
				}
				codes, err := x.Codes(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				bits, err := checkpoint.CodeBits(t.Context(), x)
				if err != nil || (bits != 0) != (codes != nil) || codes != nil && bits != codes.Type.Bits() {
					t.Errorf("%s: codes of %d bits are foretold (%v), and they are %v", e.Name, bits, err, codes)
				}
				kind, i := "", 0
				if _, err := fmt.Sscanf(e.Name, "m.%d.weight", &i); err == nil && len(e.Shape) == 2 {
					kind = kinds[i]
				}
				got := ""
				if codes != nil {
					got = codes.Type.String()
					equal(t, e.Name+" by codes", decoded(codes, e.Shape[0], e.Shape[1]), numbers)
				}
				if got != kind {
					t.Errorf("%s: codes are carried over as %q, want %q", e.Name, got, kind)
				}
			}
		})
	}
}

func equal(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && got[i] != want[i] {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}
