package modelgen_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

func config(t *testing.T, shape, weights string) *modelgen.Config {
	t.Helper()
	s, ok := modelgen.PresetNamed(shape)
	if !ok {
		t.Fatalf("no shape %s", shape)
	}
	f, err := modelgen.FormatNamed(weights)
	if err != nil {
		t.Fatal(err)
	}
	return &modelgen.Config{Shape: s, Weights: f, Name: shape}
}

func write(t *testing.T, c *modelgen.Config) *modelpkg.Package {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	if err := modelgen.Write(t.Context(), path, c); err != nil {
		t.Fatal(err)
	}
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pkg.Close() })
	return pkg
}

func TestPresetsHaveAsManyWeightsAsTheirModels(t *testing.T) {
	// The published numbers of parameters, without the norms' gains: a layer has
	// two of them and the end one, each as long as the residual stream is wide.
	for name, want := range map[string]int{
		"smollm2-135m":   134515008,
		"tinyllama-1.1b": 1100048384,
		"mistral-7b":     7241732096,
		"llama-3.2-1b":   1235814400,
	} {
		c := config(t, name, "int4")
		if got := c.Parameters() + (2*c.Layers+1)*c.Hidden; got != want {
			t.Errorf("%s has %d parameters, want %d", name, got, want)
		}
	}
}

func TestTheDescriptionIsThatOfAConvertedModel(t *testing.T) {
	d := write(t, config(t, "tiny", "int4")).Model().Description
	array := func(name string, kind milpb.FeatureKind, a milpb.ArrayFeatureType) milpb.FeatureDescription {
		return milpb.FeatureDescription{Name: name, Type: &milpb.FeatureType{Kind: kind, Array: &a}}
	}
	one, open := milpb.SizeRange{Lower: 1, Upper: 1}, milpb.SizeRange{Lower: 1, Upper: 256}
	cache := milpb.ArrayFeatureType{Shape: []int64{2, 1, 2, 256, 32}, DataType: milpb.ArrayFloat16}
	want := &milpb.ModelDescription{
		Input: []milpb.FeatureDescription{
			array("inputIds", milpb.MultiArrayFeature, milpb.ArrayFeatureType{
				Shape: []int64{1, 1}, DataType: milpb.ArrayInt32, Ranges: []milpb.SizeRange{one, open},
			}),
			array("causalMask", milpb.MultiArrayFeature, milpb.ArrayFeatureType{
				Shape: []int64{1, 1, 1, 1}, DataType: milpb.ArrayFloat16, Ranges: []milpb.SizeRange{one, one, open, open},
			}),
		},
		Output: []milpb.FeatureDescription{
			array("logits", milpb.MultiArrayFeature, milpb.ArrayFeatureType{DataType: milpb.ArrayFloat16}),
		},
		State: []milpb.FeatureDescription{
			array("keyCache", milpb.StateFeature, cache), array("valueCache", milpb.StateFeature, cache),
		},
		Metadata: &milpb.Metadata{ShortDescription: "random int4 weights in the shape of tiny"},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestWeightsHaveTheSpreadThatKeepsActivationsInRange(t *testing.T) {
	for _, format := range modelgen.Formats() {
		t.Run(format, func(t *testing.T) {
			p, err := mil.Read(t.Context(), write(t, config(t, "tiny", format)))
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

func TestACancelledWriteLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	err := modelgen.Write(ctx, filepath.Join(dir, "made.mlpackage"), config(t, "tiny", "int4"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
