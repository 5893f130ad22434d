package portable

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// Programs with a great many of one thing are planned and predicted in time that
// grows with their number and not with its square.
func TestProgramsWithManyOfAThing(t *testing.T) {
	if testing.Short() {
		t.Skip("programs of a hundred thousand operations")
	}
	const many = 100_000
	i := dtype.Int32
	tests := map[string]func(b *mil.Builder){
		"states": func(b *mil.Builder) {
			for k := range 40_000 {
				s := b.State(fmt.Sprintf("s%d", k), dtype.Float16, 1)
				r := b.Op("read_state", "", f16(1), mil.Args{"input": s})
				b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("add", "", f16(1), mil.Args{"x": r, "y": b.Float("", dtype.Float16, 1)})})
			}
		},
		"reads of one state": func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 1)
			v := b.Op("read_state", "", f16(1), mil.Args{"input": s})
			for range many / 2 {
				v = b.Op("add", "", f16(1), mil.Args{"x": v, "y": b.Op("read_state", "", f16(1), mil.Args{"input": s})})
			}
			b.Do("write_state", "", mil.Args{"input": s, "data": v})
		},
		"operations in a chain": func(b *mil.Builder) {
			v := b.Input("x", dtype.Float32, 1)
			for range many {
				v = b.Op("relu", "", f32(1), mil.Args{"x": v})
			}
			b.Output("y", v)
		},
		"views of a state in a chain": func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 1, 1)
			v := b.Op("read_state", "", f16(1, 1), mil.Args{"input": s})
			for range many {
				v = b.Op("transpose", "", f16(1, 1), mil.Args{"x": v, "perm": b.Ints("", 1, 0)})
			}
			b.Do("write_state", "", mil.Args{"input": s, "data": v})
		},
		"inputs and arguments": func(b *mil.Builder) {
			var vs mil.Values
			for k := range many {
				vs = append(vs, b.Input(fmt.Sprintf("x%d", k), dtype.Float32, 1))
			}
			b.Output("y", b.Op("concat", "", f32(many), mil.Args{"values": vs, "axis": b.Int("", 0), "interleave": b.Bool("", false)}))
		},
		"constants": func(b *mil.Builder) {
			v := b.Input("x", i, 1)
			for k := range many {
				v = b.Op("add", "", i32(1), mil.Args{"x": v, "y": b.Int("", k%3)})
			}
			b.Output("y", v)
		},
		"outputs": func(b *mil.Builder) {
			x := b.Input("x", dtype.Float32, 1, 1)
			for k := range 40_000 {
				b.Output(fmt.Sprintf("y%d", k), b.Op("tanh", "", f32(1, 1), mil.Args{"x": x}))
			}
		},
		"results": func(b *mil.Builder) {
			types := make([]mil.Type, many)
			for k := range types {
				types[k] = f32(1)
			}
			x := b.Input("x", dtype.Float32, many)
			b.Output("y", b.MultiOp("split", "part", types, mil.Args{"x": x, "num_splits": b.Int("", many), "axis": b.Int("", 0)})[many-1])
		},
		"bytes of names": func(b *mil.Builder) {
			v := b.Input(strings.Repeat("x", 1<<20), dtype.Float32, 1)
			for k := range 20 {
				v = b.Op("relu", strings.Repeat("n", 1<<20)+fmt.Sprint(k), f32(1), mil.Args{"x": v})
			}
			b.Output("y", v)
		},
	}
	for name, fill := range tests {
		t.Run(name, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML8")
			fill(b)
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			built, err := Build(b, engine.ArithmeticWide, true)
			if err != nil {
				t.Fatal(err)
			}
			planned := time.Since(start)
			in := make([]*tensor.Tensor, len(built.p.inputs))
			for k, s := range built.p.inputs {
				typ := built.p.plan.Slots[s].Type
				in[k] = tensor.New(tensorTypes[typ.DType], typ.Shape...)
			}
			st := built.State()
			start = time.Now()
			for range 2 {
				if _, err := built.Run(st, in...); err != nil {
					t.Fatal(err)
				}
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("planned in %v, predicted twice in %v, %d MiB allocated", planned, took, (after.TotalAlloc-before.TotalAlloc)>>20)
			if planned > time.Minute || took > time.Minute {
				t.Errorf("planned in %v, predicted twice in %v", planned, took)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<30 {
				t.Errorf("%d MiB were allocated", got>>20)
			}
		})
	}
}

// An error that names many operators, or long ones, stays short.
func TestUnsupportedOperatorsAreNamedUpToALimit(t *testing.T) {
	e := &UnsupportedError{}
	for k := range 100_000 {
		e.Ops = append(e.Ops, UnsupportedOp{"main", "CoreML8", fmt.Sprintf("strange\x1b[31m%d", k), strings.Repeat("n", 1000)})
	}
	text := e.Error()
	if len(text) > 100_000 || strings.Contains(text, "\x1b") || !strings.Contains(text, "and more") {
		t.Errorf("the error has %d bytes: %.200q", len(text), text)
	}
}
