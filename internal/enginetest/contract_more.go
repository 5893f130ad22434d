package enginetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// addOne builds y = x + 1 for a tensor of that type and shape. Its result shows
// every element in its place.
func addOne(of dtype.Type, shape ...int) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		x := b.Input("x", of, shape...)
		b.Output("y", b.Op("add", "y", x.Type, mil.Args{"x": x, "y": b.Float("one", of, 1)}))
	}
}

// counted returns a tensor of that shape with the numbers 0, 1, 2 … up to 1023
// and again, and the elements of that plus one. Up to 1024 every integer is
// exact in float16, and 1023 plus one is one.
func counted(shape ...int) (*tensor.Tensor, []float64) {
	n := 1
	for _, size := range shape {
		n *= size
	}
	v, want := make([]float32, n), make([]float64, n)
	for i := range v {
		v[i] = float32(i % 1024)
		want[i] = float64(i%1024) + 1
	}
	return tensor.FromSlice(v, shape...), want
}

// rowsOfEveryWidth is about devices that pad rows: what comes out has none. The
// widths lie around those by which devices pad: 16, 32 and 64 elements.
func rowsOfEveryWidth(t *testing.T, e engine.Engine) {
	for _, of := range []dtype.Type{dtype.Float16, dtype.Float32} {
		for _, width := range []int{1, 2, 3, 7, 16, 31, 33, 64, 200} {
			// Two outer dimensions, as padding may sit between rows or between
			// planes.
			p := loadMain(t, e, addOne(of, 2, 3, width))
			x, want := counted(2, 3, width)
			near(t, fmt.Sprintf("%v rows of %d", of, width), p.must(t, values{"x": x}, nil)["y"], []int{2, 3, width}, want, 0)
		}
	}
}

// alternatingShapes is about buffers that serve again: a larger shape after a
// smaller one must not be cut, nor show what was there before. Results of
// earlier predictions are looked at last, so that memory which is given out
// twice shows.
func alternatingShapes(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, addOne(dtype.Float16, 1, mil.Unknown))
	type kept struct {
		out  *tensor.Tensor
		want []float64
	}
	var earlier []kept
	// Larger after smaller and back, shapes that come again, and 64 right after
	// 63.
	for _, width := range []int{4, 64, 1, 5000, 63, 64, 5000, 2} {
		x, want := counted(1, width)
		earlier = append(earlier, kept{p.must(t, values{"x": x}, nil)["y"], want})
	}
	for _, k := range earlier {
		near(t, fmt.Sprintf("%d elements, after predictions with other shapes", len(k.want)), k.out, []int{1, len(k.want)}, k.want, 0)
	}
}

// lastRows is for programs that leave out rows which nobody wants. 0, and more
// than there are, mean all rows.
func lastRows(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, addOne(dtype.Float16, 1, 6, 5))
	// It is an optional interface.
	program, ok := p.Program.(engine.RowProgram)
	if !ok {
		t.Skip("the engine has no such programs")
	}
	x, want := counted(1, 6, 5)
	x = x.To(tensor.Float16)
	// All, one, some, exactly all, and more than there are.
	for _, rows := range []int{0, 1, 4, 6, 9} {
		out := make([]*tensor.Tensor, 1)
		if err := program.PredictRows(t.Context(), []*tensor.Tensor{x}, out, []int{rows}, nil); err != nil {
			t.Fatal(err)
		}
		n := rows
		if n == 0 || n > 6 {
			n = 6
		}
		near(t, fmt.Sprintf("the last %d rows", rows), out[0], []int{1, n, 5}, want[5*(6-n):], 0)
	}
	out := []*tensor.Tensor{tensor.New(tensor.Float16, 1, 2, 5)}
	// A buffer has the shape of the rows that are asked for, not of all.
	buffer := out[0]
	if err := program.PredictRows(t.Context(), []*tensor.Tensor{x}, out, []int{2}, nil); err != nil || out[0] != buffer {
		t.Errorf("into a buffer of the rows' size: %v", err)
	}
	near(t, "the caller's buffer", buffer, []int{1, 2, 5}, want[20:], 0)
}

// cancelledLoads gives up loads at every stage. A load ends with its program or
// with the context's error, and later ones find everything in order. The delays
// are a tenth of a millisecond apart: they meet reading, planning and, in a
// fast engine, the time after the load.
func cancelledLoads(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", counter(2)))
	given := 0
	for i := range 24 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*100*time.Microsecond, cancel)
		// The first has ended before it begins.
		if i == 0 {
			cancel()
		}
		p, err := e.Load(ctx, src, engine.Config{})
		timer.Stop()
		cancel()
		switch {
		case err == nil:
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		case errors.Is(err, context.Canceled):
			given++
		default:
			t.Errorf("load %d: %v", i, err)
		}
	}
	// The number depends on the machine, and nothing is asserted of it.
	t.Logf("%d of 24 loads were given up", given)
	p := load(t, e, src, engine.Config{})
	near(t, "y", p.must(t, values{"x": f32([]int{1, 1}, 1)}, p.newState(t))["y"], []int{1, 1}, []float64{2.5}, 0)
}

// afterCancelled goes on with a program and a state after a prediction with
// both was given up half-way. The state's content after a cancelled prediction
// is undefined, so it is reset; what must hold is that the state can be used
// and is then right.
func afterCancelled(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, func(b *mil.Builder) {
		acc := b.State("acc", dtype.Float16, 1, 4)
		// The write comes after the loop, so a prediction that is cut in it has
		// not written.
		longLoop(b, longTurns)
		old := b.Op("read_state", "old", fp16(1, 4), mil.Args{"input": acc})
		total := b.Op("add", "total", fp16(1, 4), mil.Args{"x": old, "y": b.Float("one_more", dtype.Float16, 1)})
		b.Do("write_state", "", mil.Args{"input": acc, "data": total})
		b.Output("total", total)
	})
	st := p.newState(t)
	if _, err := p.predict(endsMeanwhile(t), values{"x": f32([]int{1}, 0)}, st); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled while it ran: %v", err)
	}
	// It must not find the state in use by the prediction that was given up.
	if err := st.Reset(); err != nil {
		t.Fatalf("reset after that: %v", err)
	}
	near(t, "the state after a reset", content(t, st, "acc"), []int{1, 4}, []float64{0, 0, 0, 0}, 0)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.predict(ended, values{"x": f32([]int{1}, 0)}, st); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	near(t, "the state after a prediction that did not begin", content(t, st, "acc"), []int{1, 4}, []float64{0, 0, 0, 0}, 0)
	c, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// underGC runs loads, states and predictions while the garbage collector runs
// all the time, and drops tensors and states that it can find only then. Memory
// that an engine hands to a framework, or views without a pointer, is lost or
// overwritten then.
func underGC(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", counter(2)))
	stop := make(chan struct{})
	// The collector's goroutine ends last, when all others are done.
	var collector, wg sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				// Without a pause, so that nothing unreachable lives for long.
				runtime.GC()
			}
		}
	})
	for g := range 3 {
		wg.Go(func() {
			p, err := e.Load(t.Context(), src, engine.Config{})
			if err != nil {
				t.Error(err)
				return
			}
			named := &program{Program: p, desc: p.Description()}
			if err := errors.Join(collected(t.Context(), named, g), p.Close()); err != nil {
				t.Errorf("goroutine %d: %v", g, err)
			}
		})
	}
	wg.Wait()
	close(stop)
	collector.Wait()
}

// collections is how many times the garbage collector is to run meanwhile. It does so
// sooner or later, on a machine with one core that has other things to do too.
const collections = 8

// collected makes predictions on states that live for a few of them. It returns
// an error and does not fail the test, as it runs in a goroutine.
func collected(ctx context.Context, p *program, g int) error {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	for round := 0; ; round++ {
		if runtime.ReadMemStats(&now); now.NumGC-before.NumGC >= collections {
			return nil
		}
		st, err := p.NewState()
		if err != nil {
			return err
		}
		sum := 0.0
		// The sum in the state is checked by the result of each step.
		for step := range 4 {
			x := []float32{float32(g + step), 1}
			out, err := p.predict(ctx, values{"x": f32([]int{1, 2}, x...)}, st)
			if err != nil {
				return err
			}
			got, err := tensor.Values[float64](out["y"])
			if err != nil {
				return err
			}
			if want := []float64{2*float64(x[0]) + 0.5 + sum, 2.5 + sum}; !slices.Equal(got, want) {
				return fmt.Errorf("round %d, step %d: %v, want %v", round, step, got, want)
			}
			sum += float64(x[0]) + 1
		}
		if err := st.Close(); err != nil {
			return err
		}
	}
}
