//go:build linux && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

func TestArraysAndMemoryAreUsedAgain(t *testing.T) {
	start(t)
	p := loadTest(t, rig.Package(t, doubler))
	before := regions.Load()
	for k, step := range []struct {
		length  int
		array   bool // the array of the step before is used again
		regions int64
	}{
		{1, false, 1}, {1, true, 1}, {7, false, 1}, {7, true, 1}, {2048, false, 1}, {2049, false, 1}, {4096, false, 1}, {1, false, 1},
	} {
		var last any
		if len(p.idle) > 0 {
			last = p.idle[0].inputs[0].array
		}
		x := tensor.Fill(tensor.Float16, float64(k), 1, step.length)
		y := one(context.Background(), t, p, nil, x)[0]
		if got, err := tensor.Item[float64](y.Slice(tensor.At(0), tensor.At(step.length-1))); err != nil || got != float64(2*k) {
			t.Errorf("step %d: %v, %v", k, got, err)
		}
		if got := last == p.idle[0].inputs[0].array; got != step.array {
			t.Errorf("step %d: the same array: %v", k, got)
		}
		if got := regions.Load() - before; got != step.regions {
			t.Errorf("step %d: %d regions", k, got)
		}
	}
	if mem := p.idle[0].inputs[0].mem.mem; len(mem)%4096 != 0 || len(mem) < 8192 {
		t.Errorf("the region has %d bytes", len(mem))
	}
}

func TestBothWaysOfPredictingAgree(t *testing.T) {
	start(t)
	p := loadTest(t, rig.Package(t, keeper))
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	p.promptly = time.Hour // whatever else the machine does meanwhile
	for k := range 6 {
		p.quick.Store(0)
		ctx := context.Background() // nobody can leave: on this thread
		if k%2 == 1 {
			ctx = t.Context() // not known to be quick: on another one
		}
		n := float64(k + 1)
		want(t, fmt.Sprint("step ", k), one(ctx, t, p, st, half(1, 2, 3, 4))[0], n, 2*n, 3*n, 4*n)
	}
	if p.quick.Load() != 4 {
		t.Errorf("the work that was done promptly is %d", p.quick.Load())
	}
}

// untilReached is a context that ends when the framework waits at the gate.
func untilReached(t *testing.T, g *rig.Gate) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		defer cancel()
		for ctx.Err() == nil && g.Waiting() < 1 {
			time.Sleep(time.Millisecond)
		}
	}()
	return ctx
}

func TestAnAbandonedPredictionKeepsItsState(t *testing.T) {
	start(t)
	p := loadTest(t, rig.Package(t, keeper, "predict-gate=1"))
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	g := rig.ShutGate(t)
	out := make([]*tensor.Tensor, 1)
	err = p.Predict(untilReached(t, g), []*tensor.Tensor{half(1, 1, 1, 1)}, out, st)
	if !errors.Is(err, context.Canceled) || out[0] != nil {
		t.Fatalf("%v, output %v", err, out[0])
	}
	s := st.(*state)
	s.mu.Lock()
	busy := s.busy
	s.mu.Unlock()
	if !busy {
		t.Error("the state is free while the framework is using it")
	}
	// Reset waits for the framework, whose update would come after it otherwise.
	time.AfterFunc(20*time.Millisecond, g.Open)
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	want(t, "y after the reset", one(context.Background(), t, p, st, half(1, 2, 3, 4))[0], 1, 2, 3, 4)
}

// What comes too late is given back at once. The collector, which would find it
// some time, is off meanwhile.
func TestLateResultsAreGivenBack(t *testing.T) {
	start(t)
	compiled := func() int {
		// The stand-in's compiler puts the process's number into names.
		names, err := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf("*_%d_*%s", os.Getpid(), extension)))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	dir := t.TempDir()
	src := rig.Package(t, keeper, "load-gate=1", "predict-gate=1")
	p := loadConfig(t, src, dir, engine.Config{})
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	one(context.Background(), t, p, st, half(1, 1, 1, 1)) // a frame for the next one
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, test := range map[string]struct {
		late func(ctx context.Context) error
		left func() int
	}{
		"a compiled model": {func(ctx context.Context) error {
			_, err := Engine{}.Load(ctx, rig.Copy(t, src.Path, "compile-gate=1"), engine.Config{Framework: engine.Framework{CacheDir: dir}})
			return err
		}, compiled},
		"a model": {func(ctx context.Context) error {
			_, err := Engine{}.Load(ctx, src, engine.Config{Framework: engine.Framework{CacheDir: dir}})
			return err
		}, func() int { return int(objc.Owned()) }},
		"outputs": {func(ctx context.Context) error {
			p.quick.Store(0)
			return p.Predict(ctx, []*tensor.Tensor{half(1, 1, 1, 1)}, make([]*tensor.Tensor, 1), st)
		}, func() int { return int(objc.Owned()) }},
	} {
		before := test.left()
		g := rig.ShutGate(t)
		if err := test.late(untilReached(t, g)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		// The result is there some time after the gate is left.
		g.Open()
		time.Sleep(200 * time.Millisecond)
		for end := time.Now().Add(time.Minute); test.left() > before && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		if got := test.left(); got > before {
			t.Errorf("%s: %d left, %d before", name, got, before)
		}
	}
}

func TestAStateMovesToAnotherModel(t *testing.T) {
	start(t)
	src := rig.Package(t, keeper, "state-pad=32")
	a, b := loadTest(t, src), loadTest(t, rig.Copy(t, src.Path, "state-pad=64"))
	st, err := a.NewState()
	if err != nil {
		t.Fatal(err)
	}
	s := st.(*state)
	one(context.Background(), t, a, st, half(1, 2, 3, 4))
	if s.model != a.model || a.model.refs != 2 {
		t.Errorf("%d shares in the model that made the state", a.model.refs)
	}
	want(t, "y of the other model", one(context.Background(), t, b, st, half(1, 1, 1, 1))[0], 2, 3, 4, 5)
	if s.model != b.model || a.model.refs != 1 || b.model.refs != 2 {
		t.Errorf("shares: %d and %d", a.model.refs, b.model.refs)
	}
	want(t, "y back at the first", one(context.Background(), t, a, st, half(1, 1, 1, 1))[0], 3, 4, 5, 6)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if a.model.refs != 1 || b.model.refs != 1 {
		t.Errorf("after Close: %d and %d shares", a.model.refs, b.model.refs)
	}
}

func TestRowsThatAreWanted(t *testing.T) {
	start(t)
	p := loadTest(t, rig.Package(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 1, mil.Unknown, 3)
		b.Output("y", b.Op("add", "y", x.Type, mil.Args{"x": x, "y": x}))
	}, "pad=64"))
	x := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3).To(tensor.Float16)
	for rows, wanted := range map[int][]float64{
		0: {2, 4, 6, 8, 10, 12, 14, 16, 18}, 1: {14, 16, 18}, 2: {8, 10, 12, 14, 16, 18}, 3: {2, 4, 6, 8, 10, 12, 14, 16, 18}, 9: {2, 4, 6, 8, 10, 12, 14, 16, 18},
	} {
		out := make([]*tensor.Tensor, 1)
		if err := p.PredictRows(t.Context(), []*tensor.Tensor{x}, out, []int{rows}, nil); err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint(rows, " rows"), out[0], wanted...)
	}
	out := []*tensor.Tensor{tensor.New(tensor.Float16, 1, 1, 3)}
	if err := p.PredictRows(t.Context(), []*tensor.Tensor{x}, out, []int{1}, nil); err != nil {
		t.Fatal(err)
	}
	want(t, "the row in a buffer", out[0], 14, 16, 18)
	if err := p.PredictRows(t.Context(), []*tensor.Tensor{x}, out, []int{2}, nil); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("a buffer for another number of rows: %v", err)
	}
}

func TestOutputBackings(t *testing.T) {
	start(t)
	for name, options := range map[string][]string{"used": nil, "ignored": {"backing-ignore=1"}} {
		t.Run(name, func(t *testing.T) {
			p := loadConfig(t, rig.Package(t, func(b *mil.Builder) {
				x := b.Input("x", dtype.Float32, 1, mil.Unknown)
				b.Output("y", b.Op("add", "y", x.Type, mil.Args{"x": x, "y": x}))
				b.Output("z", b.Op("cast", "z", mil.TensorType(dtype.Float16, 1, mil.Unknown), mil.Args{"x": x, "dtype": b.Text("to", "fp16")}))
			}, options...), t.TempDir(), engine.Config{Framework: engine.Framework{OutputBackings: true}})
			var kept []*tensor.Tensor
			for k := range 10 {
				length := 3
				if k == 4 {
					length = 5
				}
				x := tensor.Fill(tensor.Float32, float64(k), 1, length)
				out := one(t.Context(), t, p, nil, x)
				if out[0].Len() != length || out[1].Len() != length {
					t.Fatalf("step %d: %v and %v", k, out[0].Shape(), out[1].Shape())
				}
				kept = append(kept, out[0].Slice(tensor.At(0), tensor.At(0)), out[1].Slice(tensor.At(0), tensor.At(0)))
			}
			for k := range 10 {
				want(t, fmt.Sprint("y of step ", k), kept[2*k], float64(2*k))
				want(t, fmt.Sprint("z of step ", k), kept[2*k+1], float64(k))
			}
			used, noted := p.taken.Load() > 0, strings.Contains(fmt.Sprint(p.Info().Notes), "output buffers")
			if p.given.Load() < 8 || used != (name == "used") || noted == used {
				t.Errorf("%d given, %d used, notes %q", p.given.Load(), p.taken.Load(), p.Info().Notes)
			}
		})
	}
}

func TestImagesKeepTheirColours(t *testing.T) {
	start(t)
	for name, test := range map[string]struct {
		space, channels int
		dt              dtype.Type
	}{
		"gray": {10, 1, dtype.Float32}, "RGB": {20, 3, dtype.Float32}, "BGR": {30, 3, dtype.Float32}, "half": {40, 1, dtype.Float16},
	} {
		t.Run(name, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML7")
			x := b.Input("x", test.dt, 1, test.channels, 2, 3)
			b.Output("y", b.Op("mul", "y", x.Type, mil.Args{"x": x, "y": b.Float("factor", test.dt, 2)}))
			kind := &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &milpb.ImageFeatureType{Width: 3, Height: 2, ColorSpace: int32(test.space)}}
			p := loadTest(t, described(t, b, &milpb.ModelDescription{
				Input: []milpb.FeatureDescription{{Name: "x", Type: kind}}, Output: []milpb.FeatureDescription{{Name: "y", Type: kind}},
			}))
			in, out := &p.desc.Inputs[0], &p.desc.Outputs[0]
			if in.Pixels != pixelOrders[int32(test.space)] || in.Pixels != out.Pixels || fmt.Sprint(in.Shape) != fmt.Sprint([]int{1, test.channels, 2, 3}) {
				t.Errorf("described as %+v", in)
			}
			img := tensor.Arange[float32](0, float32(6*test.channels), 1).Reshape(1, test.channels, 2, 3).To(in.DType)
			got := one(t.Context(), t, p, nil, img)[0]
			doubled, err := tensor.Values[float64](img)
			if err != nil {
				t.Fatal(err)
			}
			for k := range doubled {
				doubled[k] *= 2
			}
			want(t, "y", got, doubled...)
			wide := tensor.New(in.DType, 1, test.channels, 2, 4)
			if err := p.Predict(t.Context(), []*tensor.Tensor{wide}, make([]*tensor.Tensor, 1), nil); !errors.Is(err, tensor.ErrShape) {
				t.Errorf("an image of another size: %v", err)
			}
		})
	}
}

func TestClassifiersGiveLabelsAndProbabilities(t *testing.T) {
	start(t)
	for name, test := range map[string]struct {
		kind   milpb.FeatureKind
		labels []string
	}{
		"texts":   {milpb.StringFeature, []string{"cat", "dog", "eel"}},
		"numbers": {milpb.Int64Feature, []string{"7", "-1", "40"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := loadTest(t, classifier(t, test.kind, test.labels))
			if got := p.desc.Outputs[0].Labels; fmt.Sprint(got) != fmt.Sprint(test.labels) {
				t.Errorf("labels %q", got)
			}
			x := tensor.Vector[float32](0.25, 0.25, 0.5)
			out := one(t.Context(), t, p, nil, x)
			want(t, "the best", out[0], 2)
			want(t, "probabilities", out[1], 0.25, 0.25, 0.5)
		})
	}
}
