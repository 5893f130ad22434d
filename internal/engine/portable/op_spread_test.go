package portable

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestReshapeLikeJoinsPartsOfTheReferencesShapes(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 24)
	first := b.Float32s("", []int{2, 5}, make([]float32, 10)...)
	second := b.Float32s("", []int{7, 3, 4}, make([]float32, 84)...)
	b.Output("y", b.Op("reshape_like", "", fp32(2, 3, 4), mil.Args{
		"x": x, "ref_tensors": mil.Values{first, second},
		"begins":    mil.Values{b.Int("", 0), b.Int("", -2)},
		"ends":      mil.Values{b.Int("", 1), b.Int("", 0)},
		"end_masks": mil.Values{b.Bool("", false), b.Bool("", true)},
	}))
	fr, y := runFunction(t, b, "x", counting(24))
	if want := []int{2, 3, 4}; !slices.Equal(y.Shape(), want) {
		t.Fatalf("got shape %v, want %v", y.Shape(), want)
	}
	if got, want := fr.call.F32(y), counting(24).F32; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
