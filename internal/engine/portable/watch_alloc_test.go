package portable

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

// A series goes on while its steps are watched, and watching allocates nothing.
func TestWatchedStepsCostNoAllocation(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	one := mil.TensorType(dtype.Float16, 1)
	ids, s := b.Input("ids", dtype.Int32, 1), b.State("s", dtype.Float16, 1)
	sum := b.Op("add", "", one, mil.Args{"x": b.Op("read_state", "", one, mil.Args{"input": s}), "y": b.Float("", dtype.Float16, 1)})
	b.Do("write_state", "", mil.Args{"input": s, "data": sum})
	next := b.Op("add", "", mil.TensorType(dtype.Int32, 1), mil.Args{"x": ids, "y": b.Int("", 1)})
	row := mil.TensorType(dtype.Float16, 1, 16) // too large to be computed in a rehearsal
	b.Output("y", b.Op("relu", "", row, mil.Args{"x": b.Op("gather", "", row, mil.Args{
		"x": b.Float16s("", []int{8, 16}, make([]float32, 128)...), "indices": next, "axis": b.Int("", 0), "validate_indices": b.Bool("", true),
	})}))
	p, err := Build(b, engine.ArithmeticFaithful, true)
	if err != nil {
		t.Fatal(err)
	}
	in, out, st := []*tensor.Tensor{intTensor(0)}, []*tensor.Tensor{tensor.New(tensor.Float16, 1, 16)}, p.State()
	x, err := tensor.Data[int32](in[0])
	if err != nil {
		t.Fatal(err)
	}
	step := func() {
		x[0] = (x[0] + 1) % 7
		if err := p.p.Predict(t.Context(), in, out, st); err != nil {
			t.Fatal(err)
		}
	}
	step()
	step()
	if n := testutil.Allocs(50, step); n != 0 {
		t.Errorf("a prediction makes %v allocations, want 0", n)
	}
	if fr := p.p.idle[0]; !fr.series || len(fr.watched) != 2 {
		t.Errorf("series %v with %d watched steps, want the sum and the gather", fr.series, len(fr.watched))
	}
}
