package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestADecodedConstantThatIsDeclaredOtherwiseIsNamed(t *testing.T) {
	for name, declared := range map[string]mil.Type{
		"a dimension of another size": mil.TensorType(dtype.Float16, 3, 3),
		"another rank":                mil.TensorType(dtype.Float16, 6),
		"another floating-point type": mil.TensorType(dtype.Float32, 2, 3),
		"integers":                    mil.TensorType(dtype.Int32, 2, 3),
	} {
		t.Run(name, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML8")
			w := b.Op("constexpr_blockwise_shift_scale", "w", declared, mil.Args{
				"data": b.IntTensor("", dtype.Int8, []int{2, 3}, 1, 2, 3, 4, 5, 6), "scale": b.Float16s("", []int{2, 1}, 1, 2),
			})
			b.Output("y", b.Op("identity", "", declared, mil.Args{"x": w}))
			fn, err := b.Function()
			if err != nil {
				t.Fatal(err)
			}
			_, err = plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
			at, ok := errors.AsType[*plan.OpError](err)
			if !ok || at.Op != "constexpr_blockwise_shift_scale" || at.Name != "w" || !strings.Contains(at.Error(), "the operands give tensor<fp16, [2, 3]>") {
				t.Errorf("error is %v", err)
			}
		})
	}
}
