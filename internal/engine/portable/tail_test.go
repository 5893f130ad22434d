package portable_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/tensor"
)

// The last rows of a prediction are those of the whole one, and the output
// layer runs for them alone.
func TestLastRowsAreThoseOfTheWhole(t *testing.T) {
	for _, name := range []string{"llama-int4", "mistral-transformers-int4", "qwen2-uint4"} {
		for _, noFusion := range []bool{false, true} {
			path := filepath.Join("../../../testdata/fixtures", name, "model.mlpackage")
			prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: path}, engine.Config{NoFusion: noFusion})
			if err != nil {
				t.Fatal(err)
			}
			rp, ok := prog.(engine.RowProgram)
			if !ok {
				t.Fatal("the engine cannot leave out rows")
			}
			lines := strings.Split(strings.TrimSpace(prog.PlanText()), "\n")
			if last := lines[len(lines)-1]; strings.Contains(last, "tail") {
				t.Errorf("%s: all rows of the output layer are computed:\n%s", name, last)
			}
			const n = 6
			in := []*tensor.Tensor{tensor.Arange[int32](1, 1+n, 1).Reshape(1, n), tensor.New(tensor.Float16, 1, 1, n, n)}
			whole := predictRows(t, rp, in, 0)
			for _, rows := range []int{1, 2, n, n + 3} {
				got := predictRows(t, rp, in, rows)
				want := whole[max(n-rows, 0)*512:]
				if len(got) != len(want) {
					t.Fatalf("%s: %d rows give %d numbers, want %d", name, rows, len(got), len(want))
				}
				for k := range got {
					// Another number of rows may take another kernel, whose sums
					// round differently in fp32 and then to fp16.
					if d := got[k] - want[k]; d > 0.01 || d < -0.01 {
						t.Fatalf("%s: %d rows: number %d is %v, want %v", name, rows, k, got[k], want[k])
					}
				}
			}
			if err := prog.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func predictRows(t *testing.T, prog engine.RowProgram, in []*tensor.Tensor, rows int) []float32 {
	t.Helper()
	st, err := prog.NewState()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, 1)
	if err := prog.PredictRows(t.Context(), in, out, []int{rows}, st); err != nil {
		t.Fatal(err)
	}
	v, err := tensor.Values[float32](out[0])
	if err != nil {
		t.Fatal(err)
	}
	return v
}
