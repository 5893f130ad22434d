package coreml_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

func TestPortableEngineConforms(t *testing.T) { enginetest.Run(t, engine.Lookup("portable")) }

var portable = &coreml.Config{Engine: coreml.EnginePortable}

// fixture is a folder of the test data.
const fixture = "../testdata/fixtures/llama-int4"

// decoder loads the fixture and returns the inputs of a decode step at
// position 0, with a mask of one column.
func decoder(t testing.TB) (*coreml.Model, coreml.Features) {
	t.Helper()
	m, err := coreml.Load(t.Context(), filepath.Join(fixture, "model.mlpackage"), portable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, decodeStep(5, 1)
}

// decodeStep returns the inputs that feed token id at the last of n positions.
func decodeStep(id int32, n int) coreml.Features {
	return coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice([]int32{id}, 1, 1)),
		"causalMask": coreml.MultiArray(tensor.New(tensor.Float16, 1, 1, 1, n)),
	}
}

func TestLoadFromPathAndFS(t *testing.T) {
	m, in := decoder(t)
	st := newState(t, m)
	want, err := m.Predict(t.Context(), in, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	fromFS, err := coreml.LoadFS(t.Context(), os.DirFS(fixture), "model.mlpackage", portable)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fromFS.Predict(t.Context(), in, newState(t, fromFS), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := fromFS.Close(); err != nil {
		t.Error(err)
	}
	a, b := floats(t, got.Tensor("logits")), floats(t, want.Tensor("logits"))
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d logits and %d", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("logit %d is %v and %v", i, a[i], b[i])
		}
	}
}

func TestDecodingIntoBuffersAllocatesNothing(t *testing.T) {
	m, in := decoder(t)
	st := newState(t, m)
	opts := &coreml.PredictOptions{Outputs: coreml.Features{}}
	ctx := context.Background()
	n := testutil.Allocs(20, func() {
		if _, err := m.Predict(ctx, in, st, opts); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations in a step, want none", n)
	}
}

func TestPromptInOneStepEqualsTokenByToken(t *testing.T) {
	m, _ := decoder(t)
	ids := []int32{3, 14, 15, 92, 65}
	n := len(ids)
	mask := make([]float32, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			mask[i*n+j] = -1e4
		}
	}
	whole, err := m.Predict(t.Context(), coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice(ids, 1, n)),
		"causalMask": coreml.MultiArray(tensor.FromSlice(mask, 1, 1, n, n)),
	}, newState(t, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	st := newState(t, m)
	var last coreml.Features
	for i, id := range ids {
		if i == 2 {
			// A conversation may go on from a saved state.
			st = resumed(t, m, st)
		}
		if last, err = m.Predict(t.Context(), decodeStep(id, i+1), st, nil); err != nil {
			t.Fatal(err)
		}
	}
	a, b := floats(t, whole.Tensor("logits")), floats(t, last.Tensor("logits"))
	a = a[len(a)-len(b):]
	largest := float32(0)
	for _, v := range b {
		largest = max(largest, v, -v)
	}
	for i := range b {
		// The tolerance of the fixture.
		if d := a[i] - b[i]; !(max(d, -d) <= 0.01*largest) {
			t.Fatalf("logit %d is %v at once and %v token by token", i, a[i], b[i])
		}
	}
}

// resumed returns a new state that was restored from what st saved.
func resumed(t *testing.T, m *coreml.Model, st *coreml.State) *coreml.State {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.safetensors")
	w, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.Save(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	saved, err := safetensors.Open(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(saved.Names(), " "), strings.Join(st.Names(), " "); got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
	if err := saved.Close(); err != nil {
		t.Error(err)
	}
	r, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	next := newState(t, m)
	if err := errors.Join(next.Restore(r), r.Close()); err != nil {
		t.Fatal(err)
	}
	return next
}

func TestManyConversationsAtOnce(t *testing.T) {
	m, in := decoder(t)
	want, err := m.Predict(t.Context(), in, newState(t, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := floats(t, want.Tensor("logits"))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 5 {
				st, err := m.NewState()
				if err != nil {
					t.Error(err)
					return
				}
				out, err := m.Predict(t.Context(), in, st, nil)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := tensor.Values[float32](out.Tensor("logits"))
				for i := range got {
					if got[i] != first[i] {
						t.Errorf("logit %d is %v, alone it was %v", i, got[i], first[i])
						return
					}
				}
				if err := errors.Join(err, st.Close()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestPortableEngineErrors(t *testing.T) {
	path := filepath.Join(fixture, "model.mlpackage")
	for _, test := range []struct {
		name, path string
		cfg        coreml.Config
		is         error
	}{
		{"a function that does not exist", path, coreml.Config{Engine: coreml.EnginePortable, Function: "f"}, coreml.ErrUnknownFunction},
		{"a folder that is no package", fixture, *portable, coreml.ErrNotPackage},
		{"a file that is no model", filepath.Join(fixture, "cases.json"), *portable, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := coreml.Load(t.Context(), test.path, &test.cfg)
			if err == nil || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v, want %v", err, test.is)
			}
		})
	}
	m, in := decoder(t)
	out := coreml.Features{"logits": coreml.MultiArray(tensor.New(tensor.Float16, 1, 1, 7))}
	st := newState(t, m)
	if _, err := m.Predict(t.Context(), in, st, &coreml.PredictOptions{Outputs: out}); err == nil {
		t.Error("a buffer of another shape than the logits' was accepted")
	}
}

func TestUnsupportedOperationsAreListed(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float16, 1)
	for _, op := range []string{"no_such_operator", "nor_this_one", "no_such_operator"} {
		x = b.Op(op, "", x.Type, mil.Args{"x": x})
	}
	b.Output("y", x)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "strange.mlpackage")
	if err := mil.Write(dir, p, nil); err != nil {
		t.Fatal(err)
	}
	_, err = coreml.Load(t.Context(), dir, portable)
	var ops *coreml.UnsupportedOpsError
	if !errors.As(err, &ops) || !errors.Is(err, coreml.ErrUnsupportedOp) {
		t.Fatalf("error %v", err)
	}
	if len(ops.Ops) != 2 || !strings.HasPrefix(ops.Ops[0], "no_such_operator") || !strings.HasPrefix(ops.Ops[1], "nor_this_one") {
		t.Errorf("operations %q", ops.Ops)
	}
}

// The description of a language model leaves the shape of its logits open; the
// program declares their width.
func TestTheProgramTellsTheShapesOfItsOutputs(t *testing.T) {
	m, in := decoder(t)
	out, err := m.Predict(t.Context(), in, newState(t, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	logits := out.Tensor("logits")
	if got, want := m.OutputShape("logits"), []int{1, -1, logits.Dim(2)}; !slices.Equal(got, want) {
		t.Errorf("the logits' shape is %v, want %v", got, want)
	}
	if got := m.OutputShape("inputIds"); got != nil {
		t.Errorf("an output that is not there has shape %v", got)
	}
}
