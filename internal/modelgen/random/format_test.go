package random_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
)

func TestFormatsAreFoundByName(t *testing.T) {
	if want := []string{"int4", "int8", "fp16", "lut2", "lut3", "lut4", "lut6", "lut8"}; !slices.Equal(random.Formats(), want) {
		t.Errorf("the formats are %v, want %v", random.Formats(), want)
	}
	for _, name := range random.Formats() {
		if f, err := random.FormatNamed(name); err != nil || f.String() != name {
			t.Errorf("%s is %v, %v", name, f, err)
		}
	}
	_, err := random.FormatNamed("int5")
	if !errors.Is(err, modelgen.ErrConfig) || !strings.Contains(err.Error(), `weights "int5" are none of [int4 int8 fp16`) {
		t.Errorf("error is %v", err)
	}
}

// The shapes of scales and palettes of a matrix of 256 by 128.
func TestBlocksDivideAMatrixAsIsUsualOrAsAsked(t *testing.T) {
	for _, c := range []struct {
		name, format string
		block        int
		want         []int
	}{
		{"32 columns share a scale of int4", "int4", 0, []int{256, 4}},
		{"64 columns, as asked", "int4", 64, []int{256, 2}},
		{"a row of int4", "int4", -1, []int{256, 1}},
		{"a row of int8", "int8", 0, []int{256, 1}},
		{"16 rows share a palette", "lut4", 0, []int{16, 1, 16, 1}},
		{"32 rows, as asked", "lut4", 32, []int{8, 1, 16, 1}},
		{"all rows share one", "lut2", -1, []int{1, 1, 4, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := mil.Read(t.Context(), write(t, c.format, c.block, 1))
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range p.Function("main").Body.Ops {
				if !strings.HasPrefix(op.Name, "layers_0_g_weight_") || !strings.HasPrefix(op.Type, "constexpr_") {
					continue
				}
				v := op.Input("scale")
				if v == nil {
					v = op.Input("lut")
				}
				if !slices.Equal(v.Type.Shape, c.want) {
					t.Errorf("shape %v, want %v", v.Type.Shape, c.want)
				}
				return
			}
			t.Error("there is no gate")
		})
	}
}
