package modelgen_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

func config(t *testing.T, shape string) *modelgen.Config {
	t.Helper()
	s, ok := modelgen.PresetNamed(shape)
	if !ok {
		t.Fatalf("no shape %s", shape)
	}
	return &modelgen.Config{Shape: s, Description: "a test of " + shape}
}

// weights returns random weights in that format.
func weights(t *testing.T, format string) *random.Source {
	t.Helper()
	f, err := random.FormatNamed(format)
	if err != nil {
		t.Fatal(err)
	}
	return random.New(f, 0, 0)
}

func write(t *testing.T, c *modelgen.Config, src modelgen.Source) *modelpkg.Package {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	if err := modelgen.Write(t.Context(), path, c, src); err != nil {
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
		c := config(t, name)
		if got := c.Parameters() + (2*c.Layers+1)*c.Hidden; got != want {
			t.Errorf("%s has %d parameters, want %d", name, got, want)
		}
	}
}

func TestTheDescriptionIsThatOfAConvertedModel(t *testing.T) {
	d := write(t, config(t, "tiny"), weights(t, "int4")).Model().Description
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
		Metadata: &milpb.Metadata{ShortDescription: "a test of tiny"},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestACancelledWriteLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	err := modelgen.Write(ctx, filepath.Join(dir, "made.mlpackage"), config(t, "tiny"), weights(t, "int4"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// broken is a source that lacks a weight.
type broken struct {
	*random.Source
	lacks modelgen.Role
}

var errLacking = errors.New("no such weight")

func (b broken) Weight(s *modelgen.Store, w modelgen.Weight) (*mil.Value, error) {
	if w.Role == b.lacks {
		return nil, errLacking
	}
	return b.Source.Weight(s, w)
}

func TestASourceThatLacksAWeightLeavesNothing(t *testing.T) {
	for role := modelgen.Embedding; role <= modelgen.Down; role++ {
		dir := t.TempDir()
		err := modelgen.Write(t.Context(), filepath.Join(dir, "made.mlpackage"), config(t, "tiny"), broken{weights(t, "int4"), role})
		if !errors.Is(err, errLacking) {
			t.Errorf("without role %d the error is %v", role, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("without role %d it left %v, %v", role, left, err)
		}
	}
}

// asked notes what the graph asks for.
type asked struct {
	*random.Source
	list []modelgen.Weight
}

func (a *asked) Weight(s *modelgen.Store, w modelgen.Weight) (*mil.Value, error) {
	a.list = append(a.list, w)
	return a.Source.Weight(s, w)
}

func TestEachWeightIsAskedForOnce(t *testing.T) {
	src := &asked{Source: weights(t, "int4")}
	c := config(t, "tiny")
	write(t, c, src)
	seen := map[modelgen.Weight]bool{}
	elements := 0
	for _, w := range src.list {
		if seen[w] {
			t.Errorf("%+v is asked for again", w)
		}
		seen[w] = true
		elements += w.Rows * w.Cols
	}
	if elements != c.Parameters() {
		t.Errorf("the matrices have %d elements, want the model's %d", elements, c.Parameters())
	}
	// Nine weights a layer, the embedding, the head and the last norm.
	if want := 9*c.Layers + 3; len(src.list) != want {
		t.Errorf("%d weights are asked for, want %d", len(src.list), want)
	}
}
