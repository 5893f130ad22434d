package generate_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// settings holds, for each field of a driver, a value that says something else than
// what detection finds in the packages of usePackages.
func settings() map[string]any {
	fill := -5.0
	return map[string]any{
		"Tokens": "others", "Mask": "update", "MaskFill": &fill, "AttentionMask": "padding", "Logits": "scores",
		"Caches": map[string]string{"mem": "new_mem", "more": "new_more"}, "Constants": map[string]float64{"scale": 2},
		"ContextLength": 3, "MaxQuery": 1,
		"Stages": []generate.Stage{{}}, "Prefill": &generate.Prefill{Pad: true}, "Output": &generate.Output{Logits: []string{"logits"}},
		"Rotation": &generate.Rotation{From: 1, Functions: map[string]string{"a": "b"}}, "Rewind": generate.RewindNone,
		"Image": &generate.ImageStage{Places: 4},
	}
}

// usePackages holds a package for each family.
func usePackages() map[generate.Family]*coreml.Description {
	plain := func() *coreml.Description {
		return &coreml.Description{
			Inputs: features{
				optional(ints("ids", 1, -8)), optional(ints("others", 1, -8)), optional(halfs("bias", 1, 1, -8, -8)),
				optional(halfs("update", 1, 1, -8, -8)), optional(ints("padding", 1, -8)), optional(halfs("scale", 1)),
				optional(halfs("mem", 1, 2, 8)), optional(halfs("more", 1, 2, 8)),
			},
			Outputs: features{floats("logits"), floats("scores"), halfs("new_mem", 1, 2, 8), halfs("new_more", 1, 2, 8)},
		}
	}
	states, caches := plain(), plain()
	states.States = features{halfs("keys", 1, 2, 8)}
	caches.Input("mem").Optional = false
	return map[generate.Family]*coreml.Description{
		generate.FamilyStateful: states, generate.FamilyIOCache: caches, generate.FamilyNoCache: plain(),
	}
}

// witness writes down what it is given. The number of an output among the outputs is
// what it gives there, so that they can be told apart.
type witness struct {
	desc  *coreml.Description
	given []string
}

// NewState gives none: nothing here looks into a state.
func (*witness) NewState() (*coreml.State, error) { return nil, nil }

func (w *witness) Predict(_ context.Context, in coreml.Features, _ *coreml.State, _ *coreml.PredictOptions) (coreml.Features, error) {
	rows := 0
	for _, name := range slices.Sorted(maps.Keys(in)) {
		t := in[name].MultiArray()
		values, err := tensor.Values[float32](t)
		if err != nil {
			return nil, err
		}
		w.given = append(w.given, fmt.Sprint(name, t.Shape(), values))
		if name == "ids" || name == "others" {
			rows = t.Dim(1)
		}
	}
	out := coreml.Features{}
	for k := range w.desc.Outputs {
		f := &w.desc.Outputs[k]
		shape := f.Shape
		if len(shape) == 0 {
			shape = []int{1, rows, 5}
		}
		out[f.Name] = coreml.MultiArray(tensor.FromSlice([]float32{float32(k)}).Broadcast(shape...).To(f.DType).Contiguous())
	}
	return out, nil
}

// driven tells what comes of a driver: what the model is given for three tokens, and
// what the caller sees.
func driven(t *testing.T, desc *coreml.Description, d *generate.Driver) ([]string, error) {
	t.Helper()
	w := &witness{desc: desc}
	g, err := generate.NewFake(w, desc, nil, &generate.Config{Driver: d})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	logits, err := s.Append(t.Context(), []int{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	return append(w.given, fmt.Sprint("logits ", logits), fmt.Sprint("context ", g.ContextLength())), nil
}

// TestEveryFieldOfADriverIsUsedOrRefused fails for a new field, and for a new family,
// until there is a setting or a package for it above; and then until the family heeds
// the field or refuses it. What a driver file says must not be passed over in silence.
func TestEveryFieldOfADriverIsUsedOrRefused(t *testing.T) {
	refused := map[generate.Family][]string{
		generate.FamilyStateful: {"attention_mask", "stages", "prefill", "output", "rotation", "image", "rewind"},
		generate.FamilyIOCache:  {"attention_mask", "stages", "prefill", "output", "rotation", "image", "rewind"},
		generate.FamilyNoCache:  {"caches", "max_query", "stages", "prefill", "output", "rotation", "image", "rewind"},
	}
	names, _ := generate.FamilyNames()
	packages, values := usePackages(), settings()
	for _, family := range names {
		desc := packages[family]
		if desc == nil {
			t.Errorf("there is no package of family %s to try the fields on", family)
			continue
		}
		plain, err := driven(t, desc, &generate.Driver{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		var not []string
		for _, field := range reflect.VisibleFields(reflect.TypeFor[generate.Driver]()) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "family" || name == "version" {
				continue // the one chose this package, and of the other there is one
			}
			value := values[field.Name]
			if value == nil {
				t.Errorf("there is no setting of %s to try", field.Name)
				continue
			}
			d := &generate.Driver{Family: family}
			reflect.ValueOf(d).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(value))
			got, err := driven(t, desc, d)
			switch blamed, ok := errors.AsType[*generate.DriverError](err); {
			case ok && (blamed.Field == name || blamed.Field == "family"):
				not = append(not, name)
			case err != nil:
				t.Errorf("%s: setting %s gave %v", family, name, err)
			case cmp.Equal(plain, got):
				t.Errorf("%s: %s is neither used nor refused", family, name)
			}
		}
		if diff := cmp.Diff(refused[family], not); diff != "" {
			t.Errorf("%s refuses other fields (-want +got):\n%s", family, diff)
		}
	}
}
