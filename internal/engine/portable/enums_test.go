package portable

import (
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// Every operand that chooses from texts is refused with another one when the
// program is planned, whether or not a result needs the operation.
func TestTextsThatAnOperatorDoesNotKnowAreRefused(t *testing.T) {
	for op, operands := range enums {
		for name, list := range operands {
			for _, used := range []bool{true, false} {
				_, err := planOf(t, func(b *mil.Builder) {
					x := b.Input("x", dtype.Float32, 2)
					least, _ := resultCount(op)
					y := b.MultiOp(op, "y", slices.Repeat([]mil.Type{f32(2)}, least), mil.Args{name: b.Text("", "complex128")})
					if !used || isConstexpr(op) {
						b.Output("z", b.Op("relu", "", f32(2), mil.Args{"x": x}))
						return
					}
					b.Output("z", y[0])
				})
				var at *OpError
				if !errors.Is(err, mil.ErrOperand) || !errors.As(err, &at) || at.Op != op {
					t.Errorf("%s, %s: error is %v, want one of %v", op, name, err, list)
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
	for name, op := range table {
		for _, p := range op.params {
			if slices.Contains(names, p.name) && enums[name][p.name] == nil {
				t.Errorf("%s: operand %s has no list of texts", name, p.name)
			}
		}
	}
}

func TestACastGivesWhatItSays(t *testing.T) {
	for text, dt := range typeNames {
		for _, declared := range typeNames {
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
