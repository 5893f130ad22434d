package enginetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// content reads a state's buffer.
func content(t testing.TB, st engine.State, name string) *tensor.Tensor {
	t.Helper()
	v, err := st.Read(name)
	if err != nil {
		t.Fatalf("read of state %s: %v", name, err)
	}
	return v
}

// keepsState checks the whole life of a state: zero at first, changed by
// predictions alone, copied by Clone, Read and Write.
func keepsState(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(2))
	st := p.newState(t)
	// y is 2·1 + 0.5 + what the state holds.
	one := values{"x": f32([]int{1, 1}, 1)}
	near(t, "a new state", content(t, st, "acc"), []int{1, 4}, []float64{0, 0, 0, 0}, 0)
	near(t, "y", p.must(t, one, st)["y"], []int{1, 1}, []float64{2.5}, 0)
	near(t, "y of the next step", p.must(t, one, st)["y"], []int{1, 1}, []float64{3.5}, 0)

	// Read gives a copy: the next step must not show in it.
	before := content(t, st, "acc")
	// Original and copy go different ways from here.
	c, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	p.must(t, values{"x": f32([]int{1, 2}, 10, 20)}, st)
	near(t, "what Read returned, after a step", before, []int{1, 4}, []float64{2, 2, 2, 2}, 0)
	near(t, "the clone, after a step of the original", content(t, c, "acc"), []int{1, 4}, []float64{2, 2, 2, 2}, 0)
	near(t, "y on the clone", p.must(t, one, c)["y"], []int{1, 1}, []float64{4.5}, 0)
	near(t, "the original, after a step of the clone", content(t, st, "acc"), []int{1, 4}, []float64{32, 32, 32, 32}, 0)
	if err := c.Close(); err != nil {
		t.Error(err)
	}

	// Any numeric type is converted, and Write takes a copy.
	fresh := tensor.FromSlice([]int32{5, 6, 7, 8}, 1, 4)
	if err := st.Write("acc", fresh); err != nil {
		t.Fatal(err)
	}
	near(t, "y after Write", p.must(t, one, st)["y"], []int{1, 1}, []float64{7.5}, 0)
	half := tensor.FromSlice([]float32{9, 9, 9, 9}, 1, 4).To(tensor.Float16)
	if err := st.Write("acc", half); err != nil {
		t.Fatal(err)
	}
	p.must(t, one, st)
	near(t, "the tensor that was written, after a step", half, []int{1, 4}, []float64{9, 9, 9, 9}, 0)
	// The right number of elements is not enough.
	if err := st.Write("acc", tensor.New(tensor.Float16, 4)); err == nil {
		t.Error("a buffer of another shape was written")
	}
	if err := st.Write("none", half); err == nil {
		t.Error("a buffer that does not exist was written")
	}
	if _, err := st.Read("none"); err == nil {
		t.Error("a buffer that does not exist was read")
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	near(t, "y after Reset", p.must(t, one, st)["y"], []int{1, 1}, []float64{2.5}, 0)
	if _, err := p.predict(t.Context(), one, nil); err == nil {
		t.Error("a prediction without the state that it needs succeeded")
	}
}

// keepsStatesApart checks a function with two states. One that a program only
// reads must stay as it is.
func keepsStatesApart(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, twoCounters)
	st := p.newState(t)
	if err := st.Write("zeta", f32([]int{1, 4}, 1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	// both is acc + x - zeta.
	in := values{"x": f32([]int{1, 1}, 10)}
	near(t, "both", p.must(t, in, st)["both"], []int{1, 4}, []float64{9, 8, 7, 6}, 0)
	near(t, "both of the next step", p.must(t, in, st)["both"], []int{1, 4}, []float64{19, 18, 17, 16}, 0)
	near(t, "zeta", content(t, st, "zeta"), []int{1, 4}, []float64{1, 2, 3, 4}, 0)
	near(t, "acc", content(t, st, "acc"), []int{1, 4}, []float64{20, 20, 20, 20}, 0)
}

// sharesState checks that two functions of a package work on one state, as
// those for prompts and for single tokens do, and that a state of other buffers
// is refused.
func sharesState(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "twice", counter(2)), function(t, "thrice", counter(3)))
	in := values{"x": f32([]int{1, 1}, 1), optional + "bias": f32([]int{1, 1}, 0)}
	twice := load(t, e, src, engine.Config{Function: "twice"})
	thrice := load(t, e, src, engine.Config{Function: "thrice"})
	if n := len(twice.desc.Functions); n != 2 || twice.desc.Function != "twice" {
		t.Errorf("function %q of %q", twice.desc.Function, twice.desc.Functions)
	}
	st := twice.newState(t)
	near(t, "twice", twice.must(t, in, st)["y"], []int{1, 1}, []float64{2}, 0)
	near(t, "thrice on the same state", thrice.must(t, in, st)["y"], []int{1, 1}, []float64{4}, 0)
	near(t, "twice again", twice.must(t, in, st)["y"], []int{1, 1}, []float64{4}, 0)

	// It has a state more than st has.
	other := loadMain(t, e, twoCounters)
	if _, err := other.predict(t.Context(), values{"x": f32([]int{1, 1}, 1)}, st); err == nil {
		t.Error("a state that lacks a buffer was accepted")
	}
	// Its state has the right name and twice the size.
	wide := loadMain(t, e, func(b *mil.Builder) {
		acc := b.State("acc", dtype.Float16, 1, 8)
		b.Output("y", b.Op("read_state", "", fp16(1, 8), mil.Args{"input": acc}))
	})
	if _, err := wide.predict(t.Context(), nil, st); err == nil {
		t.Error("a state with a buffer of another shape was accepted")
	}
}

// outlives checks that a state can be used when the program that made it is
// gone: a caller may load another function and go on.
func outlives(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", counter(2)))
	p, err := e.Load(t.Context(), src, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	first := &program{Program: p, desc: p.Description()}
	st := first.newState(t)
	in := values{"x": f32([]int{1, 1}, 1)}
	first.must(t, in, st)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	// Read, Write and Clone do without the program that made the state.
	near(t, "the state of a closed program", content(t, st, "acc"), []int{1, 4}, []float64{1, 1, 1, 1}, 0)
	if err := st.Write("acc", f32([]int{1, 4}, 4, 4, 4, 4)); err != nil {
		t.Error(err)
	}
	c, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	// Another load of the same package: the states' declarations are equal, not
	// identical.
	second := load(t, e, src, engine.Config{})
	near(t, "y on it in another program", second.must(t, in, c)["y"], []int{1, 1}, []float64{6.5}, 0)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// endsWithContext checks contexts that end before and during a prediction.
func endsWithContext(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(2))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.predict(ended, values{"x": f32([]int{1, 1}, 1)}, p.newState(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}

	// The loop is long enough for an engine that does not look at the context to
	// finish it, and to fail here, only after the cancellation.
	// It has no state, so it can be cut anywhere.
	loop := loadMain(t, e, func(b *mil.Builder) { longLoop(b, longTurns) })
	if _, err := loop.predict(endsMeanwhile(t), values{"x": f32([]int{1}, 0)}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it ran: %v", err)
	}
	// The same loop with an end, to show that it computes something.
	short := loadMain(t, e, func(b *mil.Builder) { longLoop(b, 10) })
	out := short.must(t, values{"x": f32([]int{1}, 0.5)}, nil)
	near(t, "a loop that may end", out["y"], []int{1}, []float64{10.5}, 0)
}

// servesMany checks that a program serves goroutines at once, each with a state
// of its own.
func servesMany(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(2))
	var wg sync.WaitGroup
	// More than the cores of a small machine, so that predictions overlap and
	// wait.
	for g := range 8 {
		wg.Go(func() {
			st, err := p.NewState()
			if err != nil {
				t.Error(err)
				return
			}
			sum := 0.0
			for i := range 30 {
				v := float32((g + i) % 5)
				// Lengths differ, so that plans for different shapes run at once.
				x := make([]float32, 1+(g+i)%3)
				x[0] = v
				out, err := p.predict(t.Context(), values{"x": f32([]int{1, len(x)}, x...)}, st)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := tensor.Values[float64](out["y"])
				if err != nil || got[0] != 2*float64(v)+0.5+sum {
					t.Errorf("goroutine %d, step %d: %v, %v, want %v", g, i, got, err, 2*float64(v)+0.5+sum)
					return
				}
				sum += float64(v)
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// closesTwice checks that Close may be called again, as a deferred one beside
// an explicit one does.
func closesTwice(t *testing.T, e engine.Engine) {
	p, err := e.Load(t.Context(), write(t, function(t, "main", counter(2))), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(st.Close(), p.Close()); err != nil {
			t.Error(err)
		}
	}
}
