package portable

import (
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
)

// Every operand that chooses from texts is refused with another one when the
// program is planned, whether or not a result needs the operation.
func TestTextsThatAnOperatorDoesNotKnowAreRefused(t *testing.T) {
	for o, operands := range op.Texts {
		for name, list := range operands {
			for _, used := range []bool{true, false} {
				_, err := planOf(t, func(b *mil.Builder) {
					x := b.Input("x", dtype.Float32, 2)
					least := 1
					if d := op.Lookup(o); d != nil {
						least, _ = d.ResultCount()
					}
					y := b.MultiOp(o, "y", slices.Repeat([]mil.Type{f32(2)}, least), mil.Args{name: b.Text("", "complex128")})
					if !used || weight.IsOperator(o) {
						b.Output("z", b.Op("relu", "", f32(2), mil.Args{"x": x}))
						return
					}
					b.Output("z", y[0])
				})
				var at *plan.OpError
				if !errors.Is(err, mil.ErrOperand) || !errors.As(err, &at) || at.Op != o {
					t.Errorf("%s, %s: error is %v, want one of %v", o, name, err, list)
				}
			}
		}
	}
}

// Operands of these names are texts wherever operators have them: each needs a list.
func TestEveryOperandThatChoosesFromTextsHasAList(t *testing.T) {
	names := []string{
		"mode", "pad_type", "sampling_mode", "padding_mode", "coordinates_mode", "interpolation_mode", "box_coordinate_mode",
		"direction", "activation", "recurrent_activation", "cell_activation", "dtype", "output_dtype", "output_indices_dtype", "quantization_type",
	}
	for name, o := range op.Table {
		for _, p := range o.Params {
			if slices.Contains(names, p.Name) && op.Texts[name][p.Name] == nil {
				t.Errorf("%s: operand %s has no list of texts", name, p.Name)
			}
		}
	}
}

func TestACastGivesWhatItSays(t *testing.T) {
	for text, dt := range op.TypeNames {
		for _, declared := range op.TypeNames {
			_, err := planOf(t, func(b *mil.Builder) {
				x := b.Input("x", dtype.Float32, 2)
				b.Output("y", b.Op("cast", "", mil.TensorType(declared, 2), mil.Args{"x": x, "dtype": b.Text("", text)}))
			})
			if (err == nil) != (declared == dt) {
				t.Errorf("a cast to %s whose result is declared %v: error is %v", text, declared, err)
			}
		}
	}
}
