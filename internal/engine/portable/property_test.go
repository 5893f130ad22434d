package portable

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// runNaive runs the steps one by one and copies each result to fresh memory, so
// that no value can be the view of another.
func runNaive(fr *frame, t *testing.T) (err error) {
	fr.Ctx, fr.call.Step = t.Context(), startStep
	defer fr.guard(&err)
	for _, st := range fr.plan.Body.Steps {
		one := plan.Body{Steps: []*plan.Step{st}}
		if err := fr.steps(&one); err != nil {
			return err
		}
		for _, s := range st.Out {
			v := &fr.Values[s]
			fresh := array.Value{DType: v.DType, Slot: v.Slot, Rank: v.Rank, Dims: v.Dims, Dense: true}
			switch v.Repr {
			case array.ReprI32:
				fresh.Repr, fresh.I32 = array.ReprI32, make([]int32, v.Len())
				array.CopyStrided(nil, v, fresh.I32, v.I32, array.RowI32)
			case array.ReprText:
				fresh.Repr, fresh.Text = array.ReprText, v.Text
			default:
				fresh.Repr, fresh.F32 = array.ReprF32, make([]float32, v.Len())
				v.Widen(nil, fresh.F32)
			}
			*v = fresh
		}
	}
	return nil
}

// result is an output or a state as numbers.
type result struct {
	name  string
	shape []int
	f     []float32
}

func results(fr *frame) []result {
	var rs []result
	fr.call.Step = outputStep
	for _, s := range fr.plan.Outputs {
		v := &fr.Values[s]
		f := make([]float32, v.Len())
		copy(f, fr.call.F32(v))
		rs = append(rs, result{fr.plan.Slots[s].Name, v.ShapeCopy(), f})
	}
	for k := range fr.plan.States {
		spec := &fr.plan.States[k]
		v := fr.States[k].Value(spec)
		f := make([]float32, v.Len())
		v.Widen(nil, f)
		rs = append(rs, result{spec.Name, spec.Shape, f})
	}
	return rs
}

func differ(a, b []result, tolerance float64) error {
	for k := range a {
		x, y := a[k], b[k]
		if len(x.f) != len(y.f) || !slices.Equal(x.shape, y.shape) {
			return fmt.Errorf("%s: shape %v and %v", x.name, x.shape, y.shape)
		}
		for i := range x.f {
			p, q := float64(x.f[i]), float64(y.f[i])
			if p == q || p != p && q != q || math.Abs(p-q) <= tolerance*max(1, math.Abs(q)) {
				continue
			}
			return fmt.Errorf("%s: element %d is %v, want %v", x.name, i, x.f[i], y.f[i])
		}
	}
	return nil
}

// feedRandom binds the same numbers to the inputs of several frames.
func feedRandom(r *rand.Rand, frames ...*frame) {
	for k, s := range frames[0].plan.Inputs {
		typ := frames[0].plan.Slots[s].Type
		n, _ := dtype.Count(typ.Shape)
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(r.IntN(65)-32) / 16
			if !typ.DType.IsFloat() {
				data[i] = float32(r.IntN(9) - 4)
			}
		}
		for _, fr := range frames {
			v := feed(typ.DType, typ.Shape, data)
			v.Slot, v.Own = fr.plan.Inputs[k], true
			fr.Values[v.Slot] = v
		}
	}
}

// samePlanned compares the plan of a random program with the naive one over a
// few predictions.
func samePlanned(t *testing.T, seed uint64) (inPlace int) {
	t.Helper()
	fn, err := randomProgram(seed)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for _, arith := range []engine.Arithmetic{engine.ArithmeticFaithful, engine.ArithmeticWide} {
		np, err := plan.NewNaive(t.Context(), fn, arith)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, fusion := range []bool{false, true} {
			p, err := plan.New(t.Context(), fn, arith, fusion)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, st := range p.Body.Steps {
				if st.InPlace {
					inPlace++
				}
			}
			tolerance := 0.0
			if len(p.Notes) > 0 {
				tolerance = 0.02 // something was fused, which rounds less often
			}
			if err := sameRuns(t, p, np, seed, tolerance); err != nil {
				var text, plan strings.Builder
				_ = mil.Print(&text, mil.NewProgram(fn)) // a strings.Builder takes everything
				listing(&plan, p, &p.Body, "")
				t.Errorf("seed %d, arithmetic %d, fusion %v: %v\n%s\n%s", seed, arith, fusion, err, text.String(), plan.String())
			}
		}
	}
	return inPlace
}

func sameRuns(t *testing.T, p, np *plan.Plan, seed uint64, tolerance float64) error {
	fr, nfr, last := newFrame(p, nil, 1), newFrame(np, nil, 1), newFrame(p, nil, 1)
	fr.States, nfr.States, last.States = newState(p.States).buffers, newState(np.States).buffers, newState(p.States).buffers
	for range p.Outputs {
		last.Rows = append(last.Rows, 1)
	}
	r := rand.New(rand.NewPCG(seed, 5))
	for k := range 3 {
		feedRandom(r, fr, nfr, last)
		if err := fr.run(t.Context()); err != nil {
			return fmt.Errorf("prediction %d: %w", k, err)
		}
		if err := runNaive(nfr, t); err != nil {
			return fmt.Errorf("prediction %d, operation by operation: %w", k, err)
		}
		want := results(nfr)
		if err := differ(results(fr), want, tolerance); err != nil {
			return fmt.Errorf("prediction %d: %w", k, err)
		}
		if err := last.run(t.Context()); err != nil {
			return fmt.Errorf("prediction %d of the last rows: %w", k, err)
		}
		// One row goes through the kernels another way than several.
		got := results(last)
		if err := differ(got, lastRows(want, got), max(tolerance, 0.01)); err != nil {
			return fmt.Errorf("prediction %d of the last rows: %w", k, err)
		}
	}
	return nil
}

// lastRows cuts results to the last rows where got has only these.
func lastRows(all, got []result) []result {
	cut := slices.Clone(all)
	for k, a := range all {
		d := len(a.shape) - 2
		if len(got[k].f) == len(a.f) || d < 0 {
			continue
		}
		rows, cols := a.shape[d], a.shape[d+1]
		cut[k].shape, cut[k].f = slices.Clone(a.shape), nil
		cut[k].shape[d] = 1
		for at := 0; at < len(a.f); at += rows * cols {
			cut[k].f = append(cut[k].f, a.f[at+(rows-1)*cols:at+rows*cols]...)
		}
	}
	return cut
}

// What the plan does to save memory and copies cannot be seen in its results.
func TestPlannedProgramsGiveTheResultsOfTheirOperationsOneByOne(t *testing.T) {
	n := uint64(Times(1500))
	inPlace := 0
	for seed := range n {
		inPlace += samePlanned(t, seed)
		if t.Failed() {
			return
		}
	}
	if inPlace == 0 {
		t.Error("no random program updated a state in place, so that was not tested")
	}
	t.Logf("%d updates in place in %d programs", inPlace, n)
}

func FuzzRandomPrograms(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { samePlanned(t, seed) })
}
