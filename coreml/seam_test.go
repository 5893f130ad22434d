package coreml_test

import (
	"reflect"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
)

// TestTheSeamAndThePublicTypesHaveTheSameFields holds the pairs of types together
// that stand on both sides of the seam: a field that is added on one side alone
// would be lost on the way without a word.
func TestTheSeamAndThePublicTypesHaveTheSameFields(t *testing.T) {
	for _, pair := range []struct {
		public, seam any
		renamed      map[string]string // the seam's name to the public one
	}{
		{coreml.Description{}, engine.Description{}, nil},
		{coreml.FeatureDescription{}, engine.Feature{}, map[string]string{"Description": "Text"}},
		{coreml.Config{}, engine.Config{}, nil},
		{coreml.Info{}, engine.Info{}, nil},
	} {
		public, seam := fields(pair.public), fields(pair.seam)
		for name := range seam {
			if to, ok := pair.renamed[name]; ok {
				name = to
			}
			if !public[name] {
				t.Errorf("%T has no field %s, which %T has", pair.public, name, pair.seam)
			}
			delete(public, name)
		}
		delete(public, "Engine") // chooses between engines, which none needs to know
		for name := range public {
			t.Errorf("%T has no field for %s of %T", pair.seam, name, pair.public)
		}
	}
}

func fields(of any) map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
		names[f.Name] = true
	}
	return names
}

// TestDescriptionsPassTheSeamWhole fills every field of an engine's description,
// so that one which is not copied shows.
func TestDescriptionsPassTheSeamWhole(t *testing.T) {
	d := reflect.New(reflect.TypeFor[engine.Description]()).Elem()
	fill(t, d)
	seam := d.Addr().Interface().(*engine.Description)
	got := reflect.ValueOf(*coreml.DescribeForTest(seam))
	for _, f := range reflect.VisibleFields(got.Type()) {
		if got.FieldByIndex(f.Index).IsZero() {
			t.Errorf("%s is lost on the way", f.Name)
		}
	}
	feature := got.FieldByName("Inputs").Index(0)
	for _, f := range reflect.VisibleFields(feature.Type()) {
		if feature.FieldByIndex(f.Index).IsZero() {
			t.Errorf("a feature's %s is lost on the way", f.Name)
		}
	}
}

// fill sets every field of v to something that is not zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf("v"))
	case reflect.String:
		v.SetString("s")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		t.Fatalf("a field of kind %v: teach this test about it", v.Kind())
	}
}
