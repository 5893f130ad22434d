package portable

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// lowerArena bounds the memory of frames for a test.
func lowerArena(tb testing.TB, elements int) {
	old := op.MaxArena
	op.MaxArena = elements
	tb.Cleanup(func() { op.MaxArena = old })
}

// base builds one of the programs that mutations start from: those of bases and
// the cases with known results.
func base(c *choices, golden []goldenCase) *mil.Builder {
	if k := c.upTo(4 * len(bases)); k < 3*len(bases) {
		b := mil.NewBuilder("main", "CoreML8")
		bases[k%len(bases)].fill(b)
		return b
	}
	g := golden[c.upTo(len(golden))]
	b, _ := goldenBuilder(&g, forms[c.upTo(len(forms))].form)
	return b
}

// tryDamaged mutates a program as data says, plans and runs it twice. Errors are
// right; faults that had to be caught are not.
func tryDamaged(t *testing.T, data []byte, golden []goldenCase) (planned, ran bool) {
	t.Helper()
	c := &choices{data}
	arith := []engine.Arithmetic{engine.ArithmeticFaithful, engine.ArithmeticWide, engine.ArithmeticFast}[c.upTo(3)]
	fusion := c.upTo(2) == 0
	fn, err := base(c, golden).Function()
	if err != nil {
		t.Fatal(err)
	}
	m := newMutator(c, fn)
	for range 1 + c.upTo(8) {
		m.mutate()
	}
	prog := mil.NewProgram(fn)
	if mil.Verify(prog) != nil || len(Unsupported(prog)) > 0 {
		return false, false
	}
	return tryFunction(t, c, fn, arith, fusion)
}

func tryFunction(t *testing.T, c *choices, fn *mil.Function, arith engine.Arithmetic, fusion bool) (planned, ran bool) {
	t.Helper()
	text := func() string {
		var b strings.Builder
		_ = mil.Print(&b, mil.NewProgram(fn)) // a strings.Builder takes everything
		return b.String()
	}
	p, err := plan.New(t.Context(), fn, arith, fusion)
	if err != nil {
		if errors.Is(err, array.ErrFault) {
			t.Errorf("planning: %v\n%s", err, text())
		}
		return false, false
	}
	total := 0
	for _, s := range p.States {
		total += s.Count
	}
	if total > 1<<20 {
		return true, false
	}
	ctx := &countdown{t.Context(), 3000}
	fr := newFrame(p, nil, 1)
	fr.States = newState(p.States).buffers
	for range 2 {
		for _, s := range p.Inputs {
			feedAny(c, fr, s)
		}
		if err = fr.run(ctx); err != nil {
			if errors.Is(err, array.ErrFault) {
				t.Errorf("%v\n%s", err, text())
			}
			return true, false
		}
		for _, s := range p.Outputs {
			if v := &fr.Values[s]; v.Repr != array.ReprText && v.Len() < 1<<16 {
				readOutput(t, fr, s, text)
			}
		}
	}
	return true, true
}

// countdown is a context that ends after it was asked some times, so that a
// program's endless loop ends at the same place in every run.
type countdown struct {
	context.Context //nolint:containedctx // the other methods
	left            int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return c.Context.Err()
}

// readOutput reads a result in both forms, as the caller's tensor asks for.
func readOutput(t *testing.T, fr *frame, s int32, text func() string) {
	t.Helper()
	err := func() (err error) {
		fr.call.Step = outputStep
		defer fr.guard(&err)
		fr.call.F32(&fr.Values[s])
		fr.call.I32(&fr.Values[s])
		return nil
	}()
	if errors.Is(err, array.ErrFault) {
		t.Errorf("output %s: %v\n%s", fr.plan.Slots[s].Name, err, text())
	}
}

// feedAny binds an input of the declared shape, or of another one.
func feedAny(c *choices, fr *frame, s int32) {
	typ := fr.plan.Slots[s].Type
	shape := slices.Clone(typ.Shape)
	n := 1
	for d := range shape {
		if shape[d] < 0 || shape[d] > 64 || n*shape[d] > 1<<12 {
			shape[d] = 1 + c.upTo(4)
		}
		n *= shape[d]
	}
	if c.upTo(16) == 15 {
		shape = append(shape, 2)
		n *= 2
	}
	if len(shape) > array.MaxRank {
		shape, n = nil, 1
	}
	data := make([]float32, n)
	for k := range data {
		data[k] = float32(k % 5)
	}
	v := feed(typ.DType, shape, data)
	v.Slot, v.Own = s, true
	fr.Values[s] = v
}

func FuzzPlan(f *testing.F) {
	lowerArena(f, 1<<24)
	golden := goldenCases(f, goldenOps)
	for k := range 4 * len(bases) {
		f.Add([]byte{0, 0, byte(k), byte(3 * k), byte(k), 2, 9, 1, byte(k), 7, 3, 1, 200, 4, 8, 1, 12, 5, 5, 13, 4, 6, 7, 8})
		f.Add([]byte{1, 1, byte(k), byte(5 * k), byte(2 * k), 1, byte(k), byte(7 * k), 3, 1, byte(11 * k)})
	}
	f.Fuzz(func(t *testing.T, data []byte) { tryDamaged(t, data, golden) })
}

func TestDamagedProgramsGiveErrorsWithoutFaults(t *testing.T) {
	lowerArena(t, 1<<24)
	golden := goldenCases(t, goldenOps)
	n := uint64(Times(6000))
	planned, ran := 0, 0
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 7))
		data := make([]byte, 8+r.IntN(120))
		for k := range data {
			data[k] = byte(r.Uint32())
		}
		p, ok := tryDamaged(t, data, golden)
		if p {
			planned++
		}
		if ok {
			ran++
		}
		if t.Failed() {
			t.Fatalf("seed %d: %x", seed, data)
		}
	}
	if ran < int(n)/20 || planned == ran {
		t.Errorf("of %d damaged programs %d could be planned and %d ran: the damage is too strong or too weak", n, planned, ran)
	}
	t.Logf("of %d damaged programs %d could be planned and %d ran", n, planned, ran)
}
