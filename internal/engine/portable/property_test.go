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
	"github.com/gocoreml/coreml/internal/mil"
)

// naivePlan lowers a function without anything that could share memory: every
// slot has a buffer of its own, every read of a state is a copy, no update is in
// place, nothing is folded or fused.
func naivePlan(fn *mil.Function, arith engine.Arithmetic) (*plan, error) {
	p := &plan{fn: fn, opset: opsetNumber(fn.Opset), arith: arith}
	pl := &planner{
		p: p, slotOf: map[*mil.Value]int32{}, wideOf: map[*mil.Value]int32{},
		weights: map[*mil.Value]*weight{}, stateOf: map[*mil.Value]int{}, used: map[*mil.Op]bool{},
	}
	if err := pl.parameters(); err != nil {
		return nil, err
	}
	pl.markUsed(fn.Body, nil)
	if err := pl.lower(fn.Body, &p.body); err != nil {
		return nil, err
	}
	p.outputs = p.body.outs
	if err := pl.prepare(&p.body); err != nil {
		return nil, err
	}
	pl.number()
	var walk func(b *body)
	walk = func(b *body) {
		for _, st := range b.steps {
			st.copied = true
			for _, inner := range st.blocks {
				walk(inner)
			}
		}
	}
	walk(&p.body)
	for k := range p.slots {
		p.slots[k].buffer = int32(k)
	}
	p.buffers = len(p.slots)
	return p, nil
}

// runNaive runs the steps one by one and copies each result to fresh memory, so
// that no value can be the view of another.
func runNaive(fr *frame, t *testing.T) (err error) {
	fr.ctx, fr.call.st = t.Context(), startStep
	defer fr.guard(&err)
	for _, st := range fr.plan.body.steps {
		one := body{steps: []*step{st}}
		if err := fr.steps(&one); err != nil {
			return err
		}
		for _, s := range st.out {
			v := &fr.vals[s]
			fresh := value{dt: v.dt, slot: v.slot, rank: v.rank, dims: v.dims, dense: true}
			switch v.repr {
			case reprI32:
				fresh.repr, fresh.i = reprI32, make([]int32, v.len())
				copyStrided(nil, v, fresh.i, v.i, rowI32)
			case reprText:
				fresh.repr, fresh.s = reprText, v.s
			default:
				fresh.repr, fresh.f = reprF32, make([]float32, v.len())
				v.widen(nil, fresh.f)
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
	fr.call.st = outputStep
	for _, s := range fr.plan.outputs {
		v := &fr.vals[s]
		f := make([]float32, v.len())
		copy(f, fr.call.f32(v))
		rs = append(rs, result{fr.plan.slots[s].name, v.shapeCopy(), f})
	}
	for k := range fr.plan.states {
		spec := &fr.plan.states[k]
		v := fr.states[k].value(spec)
		f := make([]float32, v.len())
		v.widen(nil, f)
		rs = append(rs, result{spec.name, spec.shape, f})
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
	for k, s := range frames[0].plan.inputs {
		typ := frames[0].plan.slots[s].typ
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
			v.slot, v.own = fr.plan.inputs[k], true
			fr.vals[v.slot] = v
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
	for _, arith := range []engine.Arithmetic{engine.Faithful, engine.Wide} {
		np, err := naivePlan(fn, arith)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, fusion := range []bool{false, true} {
			p, err := newPlan(t.Context(), fn, arith, fusion)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, st := range p.body.steps {
				if st.inPlace {
					inPlace++
				}
			}
			tolerance := 0.0
			if len(p.notes) > 0 {
				tolerance = 0.02 // something was fused, which rounds less often
			}
			if err := sameRuns(t, p, np, seed, tolerance); err != nil {
				var text, plan strings.Builder
				_ = mil.Print(&text, mil.NewProgram(fn)) // a strings.Builder takes everything
				p.listing(&plan, &p.body, "")
				t.Errorf("seed %d, arithmetic %d, fusion %v: %v\n%s\n%s", seed, arith, fusion, err, text.String(), plan.String())
			}
		}
	}
	return inPlace
}

func sameRuns(t *testing.T, p, np *plan, seed uint64, tolerance float64) error {
	fr, nfr, last := newFrame(p, nil, 1), newFrame(np, nil, 1), newFrame(p, nil, 1)
	fr.states, nfr.states, last.states = newState(p.states).buffers, newState(np.states).buffers, newState(p.states).buffers
	for range p.outputs {
		last.rows = append(last.rows, 1)
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
