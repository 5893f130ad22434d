package random_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

func tiny(t *testing.T) *modelgen.Config {
	t.Helper()
	shape, ok := modelgen.PresetNamed("tiny")
	if !ok {
		t.Fatal("there is no shape named tiny")
	}
	return &modelgen.Config{Shape: shape}
}

// write makes a tiny package and opens it.
func write(t *testing.T, format string, block int, seed uint64) *modelpkg.Package {
	t.Helper()
	f, err := random.FormatNamed(format)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	if err := modelgen.Write(t.Context(), path, tiny(t), random.New(f, block, seed)); err != nil {
		t.Fatal(err)
	}
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pkg.Close() })
	return pkg
}

func TestWeightsHaveTheSpreadThatKeepsActivationsInRange(t *testing.T) {
	for _, format := range random.Formats() {
		t.Run(format, func(t *testing.T) {
			p, err := mil.Read(t.Context(), write(t, format, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range p.Function("main").Body.Ops {
				if op.Type != "linear" {
					continue
				}
				w := op.Input("weight")
				if op.Name != "head" && op.Name != "layers_0_g" {
					continue
				}
				want := 1 / math.Sqrt(128)
				if op.Name == "head" {
					want *= 3
				}
				// A matrix of palettes has only 16 scales, which are not exactly 1 on average.
				if mean, got := moments(w); math.Abs(mean) > 0.05*want || math.Abs(got/want-1) > 0.1 {
					t.Errorf("%s has a mean of %.5f and a deviation of %.5f, want 0 and %.5f", op.Name, mean, got, want)
				}
			}
		})
	}
}

// moments decodes a weight and returns its mean and standard deviation.
func moments(v *mil.Value) (mean, deviation float64) {
	rows, cols := v.Type.Shape[0], v.Type.Shape[1]
	sum, squares := 0.0, 0.0
	for i := range rows * cols {
		x := 0.0
		switch {
		case v.Const != nil:
			x = at(v, i)
		case v.Producer.Type == "constexpr_lut_to_dense":
			lut := v.Producer.Input("lut")
			group := i / cols / (rows / lut.Const.Shape[0])
			x = at(lut, group*lut.Const.Shape[2]+int(at(v.Producer.Input("indices"), i)))
		default:
			scale := v.Producer.Input("scale")
			perRow := scale.Const.Shape[1]
			x = at(v.Producer.Input("data"), i) * at(scale, i/cols*perRow+i%cols/(cols/perRow))
		}
		sum += x
		squares += x * x
	}
	n := float64(rows * cols)
	return sum / n, math.Sqrt(squares / n)
}

func at(v *mil.Value, i int) float64 { return float64(mil.FloatAt(v.Const.Data, v.Const.DType, i)) }

func TestASeedAlwaysGivesTheSameWeights(t *testing.T) {
	// The embedding's codes are the first that are stored, behind the file's header.
	first := func(seed uint64) []byte {
		blob, err := write(t, "int4", 0, seed).Blob(modelpkg.WeightFileName, 64)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(blob.Data)
	}
	one := first(1)
	if !bytes.Equal(one, first(1)) {
		t.Error("the same seed gave other weights")
	}
	if bytes.Equal(one, first(2)) {
		t.Error("another seed gave the same weights")
	}
}

func TestWhatCannotBeMadeIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, format string
		block        int
	}{
		{"blocks that do not divide the columns", "int4", 48},
		{"blocks that do not divide the rows", "lut4", 48},
		{"a negative block", "int4", -2},
		{"a format that does not exist", "int5", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := random.FormatNamed(test.format)
			if err == nil {
				err = modelgen.Write(t.Context(), filepath.Join(t.TempDir(), "made.mlpackage"), tiny(t), random.New(f, test.block, 0))
			}
			if !errors.Is(err, modelgen.ErrConfig) {
				t.Errorf("got %v, want ErrConfig", err)
			}
		})
	}
	err := modelgen.Write(t.Context(), filepath.Join(t.TempDir(), "made.mlpackage"), tiny(t), random.New(random.Format{}, 0, 0))
	if !errors.Is(err, modelgen.ErrConfig) {
		t.Errorf("without a format: got %v, want ErrConfig", err)
	}
}
