package quantize

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// truth is a file of what coremltools makes of matrices: name.weight, and
// name.kind.plane for each plane of a kind.
type truth struct {
	t *testing.T
	f *safetensors.File
}

func openTruth(t *testing.T, dir, name string) *truth {
	t.Helper()
	f, err := safetensors.Open(os.DirFS(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return &truth{t, f}
}

// read returns the numbers and the shape of a tensor, or false where there is none.
func (tr *truth) read(name string) ([]float32, []int, bool) {
	tr.t.Helper()
	if tr.f.Entry(name) == nil {
		return nil, nil, false
	}
	x, err := tr.f.Tensor(name)
	if err != nil {
		tr.t.Fatal(err)
	}
	v, err := tensor.Values[float32](x)
	if err != nil {
		tr.t.Fatal(err)
	}
	return v, x.Shape(), true
}

// matrices returns the names of all matrices.
func (tr *truth) matrices() []string {
	var names []string
	for _, n := range tr.f.Names() {
		if m, ok := strings.CutSuffix(n, ".weight"); ok {
			names = append(names, m)
		}
	}
	return names
}

// kinds are the forms of the truth's kinds.
var sharedKinds = map[string]string{
	"int4_block32": "int4", "uint4_block32": "uint4", "int8_channel": "int8",
	"kmeans4_group16": "lut4:group=16", "kmeans4_tensor": "lut4",
	"uniform4_tensor": "lut4:uniform", "uniform4_group16": "lut4:group=16,uniform", "unique_tensor": "lut:unique",
}

// planes are the operands of an operator and the planes that they come from.
func planes(e *Encoded) map[string]*Plane {
	if e.LUT != nil {
		return map[string]*Plane{"indices": e.Codes, "lut": e.LUT}
	}
	return map[string]*Plane{"data": e.Codes, "scale": e.Scale, "offset": e.Offset}
}

// compareTruth compares one matrix in one form with what coremltools made of it.
func compareTruth(t *testing.T, tr *truth, matrix, kind, form string) {
	f, err := ParseForm(form)
	if err != nil {
		t.Fatal(err)
	}
	values, shape, _ := tr.read(matrix + ".weight")
	e, err := Encode(t.Context(), f, shape, values)
	_, _, hasData := tr.read(matrix + "." + kind + ".data")
	_, _, hasIndices := tr.read(matrix + "." + kind + ".indices")
	if !hasData && !hasIndices {
		if !errors.Is(err, ErrUnfit) {
			t.Errorf("%s %s: coremltools left it as it was, got %v", matrix, kind, err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s %s: %v", matrix, kind, err)
		return
	}
	if f.Palette.On && f.Palette.mode() == KMeans {
		compareError(t, tr, e, matrix, kind)
		return
	}
	for key, p := range planes(e) {
		want, wantShape, ok := tr.read(matrix + "." + kind + "." + key)
		if ok != (p != nil) {
			t.Errorf("%s %s: %s is there: %v, want %v", matrix, kind, key, p != nil, ok)
		}
		if !ok || p == nil {
			continue
		}
		if !slices.Equal(p.Shape, wantShape) {
			t.Errorf("%s %s: %s has shape %v, want %v", matrix, kind, key, p.Shape, wantShape)
			continue
		}
		got, err := p.numbers(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] == 0 && want[i] == 0) {
				t.Errorf("%s %s: %s[%d] is %v, want %v", matrix, kind, key, i, got[i], want[i])
				break
			}
		}
	}
}

// compareError compares the squared error of palettes, whose entries differ.
func compareError(t *testing.T, tr *truth, e *Encoded, matrix, kind string) {
	values, _, _ := tr.read(matrix + ".weight")
	indices, shape, _ := tr.read(matrix + "." + kind + ".indices")
	lut, lutShape, _ := tr.read(matrix + "." + kind + ".lut")
	codes := make([]byte, len(indices))
	for i, x := range indices {
		codes[i] = byte(x)
	}
	theirs := &Encoded{
		Type: dtype.Float16, Shape: e.Shape, VectorAxis: e.VectorAxis,
		Codes: &Plane{dtype.UInt8, shape, codes}, LUT: &Plane{dtype.Float32, lutShape, nil},
	}
	var err error
	if theirs.LUT.Data, err = packFloats(t.Context(), 0, dtype.Float32, lut); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.LUT.Shape, lutShape) || !slices.Equal(e.Codes.Shape, shape) {
		t.Errorf("%s %s: shapes %v %v, want %v %v", matrix, kind, e.LUT.Shape, e.Codes.Shape, lutShape, shape)
	}
	a, err := e.Compare(t.Context(), values)
	b, err2 := theirs.Compare(t.Context(), values)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %s: root mean square error %.9g, coremltools' %.9g", matrix, kind, a.RMS, b.RMS)
	if a.RMS > b.RMS*(1+1e-12) {
		t.Errorf("%s %s: root mean square error %.9g, coremltools' is %.9g", matrix, kind, a.RMS, b.RMS)
	}
}

func TestTheEightMatricesAreCompressedAsCoremltoolsDoes(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("COREML_FIXTURES is not set: coremltools' compression of eight matrices is not compared")
	}
	tr := openTruth(t, filepath.Join(fixtures, "..", "checkpoints", "compression"), "compress.safetensors")
	names := tr.matrices()
	if len(names) == 0 {
		t.Fatal("no matrices")
	}
	for _, matrix := range names {
		for kind, form := range sharedKinds {
			compareTruth(t, tr, matrix, kind, form)
		}
	}
}
