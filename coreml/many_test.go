package coreml_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

// bytesOf returns the elements of an output as they are stored.
func bytesOf(t testing.TB, f coreml.Features, name string) []byte {
	t.Helper()
	b, err := f.Tensor(name).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPredictManyGivesWhatPredictGives goes on with texts of different lengths, on the
// portable engine.
func TestPredictManyGivesWhatPredictGives(t *testing.T) {
	m, _ := decoder(t)
	const texts = 9
	with, alone := make([]*coreml.State, texts), make([]*coreml.State, texts)
	for i := range texts {
		with[i], alone[i] = newState(t, m), newState(t, m)
	}
	for step := range 4 {
		// Text i begins at step i/3, so that no mask is as wide as all others.
		requests, order := []coreml.Request{}, []int{}
		for i := range texts {
			if n := step - i/3; n >= 0 {
				order = append(order, i)
				requests = append(requests, coreml.Request{Inputs: decodeStep(int32(7*i+step), n+1), State: with[i]})
			}
		}
		if err := m.PredictMany(t.Context(), requests); err != nil {
			t.Fatal(err)
		}
		for k, i := range order {
			want, err := m.Predict(t.Context(), requests[k].Inputs, alone[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(bytesOf(t, requests[k].Outputs, "logits"), bytesOf(t, want, "logits")) {
				t.Errorf("step %d: the logits of text %d of %d differ from what they are alone", step, i, len(requests))
			}
		}
	}
	for _, name := range with[0].Names() {
		for i := range texts {
			if !slices.Equal(read(t, with[i], name), read(t, alone[i], name)) {
				t.Errorf("state %s of text %d differs from what it is alone", name, i)
			}
		}
	}
}

// TestPredictManyRefusesEachForItself runs on both kinds of engine: one that makes
// predictions at once, and one that does not.
func TestPredictManyRefusesEachForItself(t *testing.T) {
	for name, model := range map[string]func(t *testing.T) (m *coreml.Model, good coreml.Features){
		"at once": func(t *testing.T) (*coreml.Model, coreml.Features) { return decoder(t) },
		"in turn": func(t *testing.T) (*coreml.Model, coreml.Features) { m, _ := load(t, "adder"); return m, x(1, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			m, good := model(t)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			shared := newState(t, m)
			requests := []coreml.Request{
				{Inputs: good, State: newState(t, m)},
				{Inputs: coreml.Features{}, State: newState(t, m)},
				{Inputs: good},
				{Inputs: good, State: shared},
				{Inputs: good, State: shared},
				{Inputs: good, State: newState(t, m), Context: ended},
				{Inputs: good, State: newState(t, m), Options: &coreml.PredictOptions{LastRows: map[string]int{"no such": 1}}},
				{Inputs: good, State: newState(t, m), Outputs: good, Err: errors.New("of a call before")},
			}
			want := []error{nil, coreml.ErrMissingFeature, coreml.ErrStateRequired, nil, coreml.ErrStateBusy, context.Canceled, coreml.ErrUnknownFeature, nil}
			err := m.PredictMany(t.Context(), requests)
			for i, r := range requests {
				if !errors.Is(r.Err, want[i]) || want[i] != nil && !errors.Is(err, want[i]) {
					t.Errorf("request %d gave %v, want %v; the call %v", i, r.Err, want[i], err)
				}
				if (r.Outputs == nil) != (want[i] != nil) {
					t.Errorf("request %d has outputs %v with error %v", i, r.Outputs, r.Err)
				}
				if r.State != nil && r.State.Err() != nil {
					t.Errorf("request %d, which was refused, left its state marked: %v", i, r.State.Err())
				}
			}
			if requests[7].Outputs.Tensor(m.Description().Outputs[0].Name) == nil {
				t.Errorf("a request that was used before gave %v", requests[7].Outputs)
			}
			if err := m.PredictMany(t.Context(), nil); err != nil {
				t.Errorf("no requests gave %v", err)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if err := m.PredictMany(t.Context(), requests[:1]); !errors.Is(err, coreml.ErrClosed) || !errors.Is(requests[0].Err, coreml.ErrClosed) {
				t.Errorf("a closed model gave %v and its request %v", err, requests[0].Err)
			}
		})
	}
}

// TestPredictManyMarksOnlyTheStateThatFailed fails after a state was changed.
func TestPredictManyMarksOnlyTheStateThatFailed(t *testing.T) {
	m, p := load(t, "adder")
	calls, broken := 0, errors.New("broken")
	p.hook = func(context.Context) error {
		if calls++; calls == 2 {
			return broken
		}
		return nil
	}
	requests := make([]coreml.Request, 3)
	for i := range requests {
		requests[i] = coreml.Request{Inputs: x(float32(i)), State: newState(t, m)}
	}
	if err := m.PredictMany(t.Context(), requests); !errors.Is(err, broken) {
		t.Errorf("the call gave %v", err)
	}
	for i := range requests {
		if failed := i == 1; errors.Is(requests[i].Err, broken) != failed || errors.Is(requests[i].State.Err(), coreml.ErrStateFailed) != failed {
			t.Errorf("request %d gave %v and left its state as %v", i, requests[i].Err, requests[i].State.Err())
		}
	}
}

func TestPredictManyIntoBuffersAllocatesNothing(t *testing.T) {
	m, _ := decoder(t)
	requests := make([]coreml.Request, 5)
	for i := range requests {
		requests[i] = coreml.Request{
			Inputs: decodeStep(int32(i), i+1), State: newState(t, m), Options: &coreml.PredictOptions{Outputs: coreml.Features{}},
		}
	}
	ctx := context.Background()
	step := func() {
		if err := m.PredictMany(ctx, requests); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		step()
	}
	if n := testutil.Allocs(20, step); n != 0 {
		t.Errorf("%v allocations in a step of several texts, want none", n)
	}
}

// TestPredictManyFromManyGoroutines is for the race detector: calls of several requests
// and of one mix.
func TestPredictManyFromManyGoroutines(t *testing.T) {
	m, in := decoder(t)
	want, err := m.Predict(t.Context(), in, newState(t, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for range 6 {
				requests := make([]coreml.Request, 1+g)
				for i := range requests {
					st, err := m.NewState()
					if err != nil {
						t.Error(err)
						return
					}
					defer st.Close()
					requests[i] = coreml.Request{Inputs: in, State: st}
				}
				if err := m.PredictMany(t.Context(), requests); err != nil {
					t.Error(err)
				}
				for i := range requests {
					if !slices.Equal(bytesOf(t, requests[i].Outputs, "logits"), bytesOf(t, want, "logits")) {
						t.Errorf("request %d of %d gave other logits", i, len(requests))
					}
				}
			}
		})
	}
	wg.Wait()
}

func ExampleModel_PredictMany() {
	ctx := context.Background()
	m := open(ctx)
	defer func() { _ = m.Close() }()
	// Two texts: "Once upon a time," and its first three tokens. Each has a state.
	texts := [][]int32{{1, 474, 473, 260, 415, 13}, {1, 474, 473}}
	requests := make([]coreml.Request, len(texts))
	for i, ids := range texts {
		st, err := m.NewState()
		if err != nil {
			panic(err)
		}
		defer func() { _ = st.Close() }()
		if _, err := m.Predict(ctx, inOneStep(ids[:len(ids)-1]...), st, nil); err != nil {
			panic(err)
		}
		// What follows is one token each, behind texts of different lengths.
		requests[i] = coreml.Request{State: st, Inputs: coreml.Features{
			"inputIds":   coreml.MultiArray(tensor.FromSlice(ids[len(ids)-1:], 1, 1)),
			"causalMask": coreml.MultiArray(tensor.New(tensor.Float16, 1, 1, 1, len(ids))),
		}}
	}
	if err := m.PredictMany(ctx, requests); err != nil {
		panic(err)
	}
	for _, r := range requests {
		best, err := tensor.Item[int32](r.Outputs.Tensor("logits").Slice(tensor.At(0), tensor.At(-1)).ArgMax(-1))
		fmt.Println(best, err)
	}
	// Output:
	// 352 <nil>
	// 260 <nil>
}
