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
	operators := []string{"constexpr_cast"}
	for name := range op.Table {
		operators = append(operators, name)
	}
	for _, o := range operators {
		for name, list := range op.TextsOf(o) {
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
