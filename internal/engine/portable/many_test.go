package portable_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

// text is a text in the making: what a prediction needs to go on with it.
type text struct {
	state  engine.State
	caches map[string]*tensor.Tensor // by the input's name, where they go in and out
	length int
}

// manyProgram loads a fixture.
func manyProgram(t *testing.T, dir string, cfg engine.Config) engine.ManyProgram {
	t.Helper()
	prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: filepath.Join(dir, "model.mlpackage")}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := prog.Close(); err != nil {
			t.Error(err)
		}
	})
	many, ok := prog.(engine.ManyProgram)
	if !ok {
		t.Fatal("the engine makes one prediction at a time")
	}
	return many
}

// newText returns a text of so many tokens, which are its own by their seed.
func newText(t *testing.T, prog engine.Program, length, seed int) *text {
	t.Helper()
	st, err := prog.NewState()
	if err != nil {
		t.Fatal(err)
	}
	x := &text{state: st, caches: map[string]*tensor.Tensor{}}
	if len(prog.Description().States) == 0 {
		x.state = nil
	}
	if length > 0 {
		r := request(t, prog, x, length, seed)
		r.Err = prog.Predict(t.Context(), r.Inputs, r.Outputs, r.State)
		x.took(t, prog, &r, length)
	}
	return x
}

// request returns a prediction of n further tokens.
func request(t *testing.T, prog engine.Program, x *text, n, seed int) engine.Request {
	t.Helper()
	d := prog.Description()
	r := engine.Request{Context: t.Context(), Outputs: make([]*tensor.Tensor, len(d.Outputs)), State: x.state}
	for _, f := range d.Inputs {
		switch {
		case strings.Contains(strings.ToLower(f.Name), "mask"):
			r.Inputs = append(r.Inputs, causal(t, f.DType, n, x.length))
		case f.DType == tensor.Int32:
			ids := make([]int32, n)
			for i := range ids {
				ids[i] = int32((seed*31 + (x.length+i)*7) % 60)
			}
			r.Inputs = append(r.Inputs, tensor.FromSlice(ids, 1, n))
		default:
			if x.caches[f.Name] == nil {
				x.caches[f.Name] = tensor.New(f.DType, f.Shape...)
			}
			r.Inputs = append(r.Inputs, x.caches[f.Name])
		}
	}
	return r
}

// causal returns the mask of n tokens behind past.
func causal(t *testing.T, d tensor.DType, n, past int) *tensor.Tensor {
	t.Helper()
	cells := make([]float32, n*(past+n))
	for i := range n {
		for j := past + i + 1; j < past+n; j++ {
			cells[i*(past+n)+j] = -65504
		}
	}
	m := tensor.FromSlice(cells, 1, 1, n, past+n).To(d)
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// took takes over what a prediction of n tokens gave.
func (x *text) took(t *testing.T, prog engine.Program, r *engine.Request, n int) {
	t.Helper()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	x.length += n
	d := prog.Description()
	var caches []string
	for _, f := range d.Inputs {
		if x.caches[f.Name] != nil {
			caches = append(caches, f.Name)
		}
	}
	for i, name := range caches { // the outputs behind the logits, in the same order
		x.caches[name] = r.Outputs[len(d.Outputs)-len(caches)+i]
	}
}

// bits returns all that a prediction left: outputs and states.
func bits(t *testing.T, prog engine.Program, r *engine.Request) [][]byte {
	t.Helper()
	var all [][]byte
	for _, o := range r.Outputs {
		b, err := o.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if r.State == nil {
		return all
	}
	for _, f := range prog.Description().States {
		s, err := r.State.Read(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// sameBits compares what two predictions left.
func sameBits(t *testing.T, what string, prog engine.Program, got, want *engine.Request) {
	t.Helper()
	if got.Err != nil || want.Err != nil {
		t.Fatalf("%s: with others it gave %v, alone %v", what, got.Err, want.Err)
	}
	a, b := bits(t, prog, got), bits(t, prog, want)
	for k := range a {
		if string(a[k]) != string(b[k]) {
			t.Fatalf("%s: part %d of %d differs from what it is alone", what, k, len(a))
		}
	}
}

// manyLengths are the lengths of texts that go together: none has another's.
var manyLengths = []int{3, 0, 11, 1, 7, 20, 2, 5, 9, 14, 4}

// TestPredictionsTogetherHaveTheBitsOfEachAlone decodes several texts, each at another
// place, for some steps: with others, and alone.
func TestPredictionsTogetherHaveTheBitsOfEachAlone(t *testing.T) {
	modes := []engine.Config{
		{Arithmetic: engine.ArithmeticFast},
		{Arithmetic: engine.ArithmeticWide, Threads: 1},
		{Arithmetic: engine.ArithmeticFaithful},
		{Arithmetic: engine.ArithmeticFast, NoFusion: true, Threads: 1},
	}
	for _, file := range fixtures(t) {
		dir := filepath.Dir(file)
		for _, cfg := range modes {
			name := fmt.Sprintf("%s/%v fusion=%v threads=%d", filepath.Base(dir), cfg.Arithmetic, !cfg.NoFusion, cfg.Threads)
			t.Run(name, func(t *testing.T) {
				if testing.Short() && filepath.Base(dir) == "smollm2" {
					t.Skip("takes plain Go minutes")
				}
				prog := manyProgram(t, dir, cfg)
				for _, n := range groupSizes(dir) {
					decodeTogether(t, prog, n)
				}
			})
		}
	}
}

// groupSizes are the numbers of texts that a fixture is tried with.
func groupSizes(dir string) []int {
	switch {
	case filepath.Base(dir) == "smollm2":
		return []int{5}
	case testing.Short():
		return []int{3, 9}
	}
	return []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 11}
}

// decodeTogether makes three tokens of n texts with each other and alone.
func decodeTogether(t *testing.T, prog engine.ManyProgram, n int) {
	t.Helper()
	var with, alone []*text
	for i := range n {
		with = append(with, newText(t, prog, manyLengths[i], i))
		alone = append(alone, newText(t, prog, manyLengths[i], i))
	}
	for step := range 3 {
		requests := make([]engine.Request, n)
		for i := range requests {
			requests[i] = request(t, prog, with[i], 1, i)
		}
		prog.PredictMany(requests)
		for i := range requests {
			want := request(t, prog, alone[i], 1, i)
			want.Err = prog.Predict(t.Context(), want.Inputs, want.Outputs, want.State)
			sameBits(t, fmt.Sprintf("step %d, text %d of %d", step, i, n), prog, &requests[i], &want)
			with[i].took(t, prog, &requests[i], 1)
			alone[i].took(t, prog, &want, 1)
		}
	}
}

const manyFixture = "../../../testdata/fixtures/llama-int4"

// TestAPromptGoesWithDecodeSteps: a request of many rows among others of one.
func TestAPromptGoesWithDecodeSteps(t *testing.T) {
	prog := manyProgram(t, manyFixture, engine.Config{Arithmetic: engine.ArithmeticFast})
	rows := []int{1, 6, 1, 3, 1}
	requests, want := make([]engine.Request, len(rows)), make([]engine.Request, len(rows))
	for i, n := range rows {
		requests[i] = request(t, prog, newText(t, prog, manyLengths[i], i), n, i)
		want[i] = request(t, prog, newText(t, prog, manyLengths[i], i), n, i)
		if i == 3 {
			requests[i].Rows, want[i].Rows = []int{1}, []int{1}
		}
	}
	prog.PredictMany(requests)
	for i := range want {
		w := &want[i]
		if r, ok := engine.Program(prog).(engine.RowProgram); ok {
			w.Err = r.PredictRows(t.Context(), w.Inputs, w.Outputs, w.Rows, w.State)
		}
		sameBits(t, fmt.Sprintf("%d rows", rows[i]), prog, &requests[i], w)
	}
}

// endsLater is a context that ends when it was asked so many times.
type endsLater struct {
	context.Context //nolint:containedctx // it is one
	left            int
}

func (c *endsLater) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestOneThatEndsDoesTheOthersNoHarm cancels one of several at every place, and refuses
// others.
func TestOneThatEndsDoesTheOthersNoHarm(t *testing.T) {
	prog := manyProgram(t, manyFixture, engine.Config{Arithmetic: engine.ArithmeticFast, Threads: 1})
	var want []engine.Request
	for i := range 4 {
		r := request(t, prog, newText(t, prog, manyLengths[i], i), 1, i)
		r.Err = prog.Predict(t.Context(), r.Inputs, r.Outputs, r.State)
		want = append(want, r)
	}
	whole, half := 0, 0
	for asked := 0; whole == 0 && asked < 1<<14; asked += 1 + asked/8 {
		requests := make([]engine.Request, 4)
		for i := range requests {
			requests[i] = request(t, prog, newText(t, prog, manyLengths[i], i), 1, i)
		}
		requests[1].Context = &endsLater{t.Context(), asked}
		requests[2].Inputs[1] = causal(t, tensor.Float16, 1, 3000) // beyond the cache
		prog.PredictMany(requests)
		for _, i := range []int{0, 3} {
			sameBits(t, fmt.Sprintf("text %d where another ends after %d looks", i, asked), prog, &requests[i], &want[i])
		}
		_, unchanged := errors.AsType[*engine.UnchangedError](requests[1].Err)
		switch {
		case requests[1].Err == nil:
			whole++
			sameBits(t, "one that ends too late", prog, &requests[1], &want[1])
		case !errors.Is(requests[1].Err, context.Canceled):
			t.Fatalf("after %d looks it gave %v", asked, requests[1].Err)
		case !unchanged:
			half++
		}
		if err := requests[2].Err; err == nil || errors.Is(err, context.Canceled) {
			t.Fatalf("a mask beyond the cache gave %v", err)
		}
	}
	if whole == 0 || half == 0 {
		t.Errorf("%d contexts ended too late and %d in the midst of the prediction, want some of each", whole, half)
	}
}

// TestPredictManyAllocatesNothingInSteadyState goes on with several texts.
func TestPredictManyAllocatesNothingInSteadyState(t *testing.T) {
	for _, cfg := range []engine.Config{{Arithmetic: engine.ArithmeticFast}, {Threads: 1}} {
		prog := manyProgram(t, manyFixture, cfg)
		requests := make([]engine.Request, 9)
		for i := range requests {
			requests[i] = request(t, prog, newText(t, prog, 0, i), 1, i)
			requests[i].Inputs[1] = causal(t, tensor.Float16, 1, 3+i)
		}
		step := func() {
			prog.PredictMany(requests)
			for i := range requests {
				if requests[i].Err != nil {
					t.Fatal(requests[i].Err)
				}
			}
		}
		for range 3 {
			step()
		}
		if n := testutil.Allocs(20, step); n >= 1 {
			t.Errorf("%+v: several predictions make %v allocations, want 0", cfg, n)
		}
	}
}
