package portable

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// hostileTexts are strings that some operand takes, and one that none does.
var hostileTexts = []string{
	"EXACT", "constant", "reflect", "replicate", "add", "div", "update", "int32", "uint16", "fp16", "same", "valid", "nonsense",
}

var hostileTypes = []dtype.Type{dtype.Float32, dtype.Float16, dtype.Int32, dtype.Bool, dtype.Int8, dtype.UInt16}

// hostileOp makes a program of one operation with operands of random kinds,
// shapes and contents, and runs it. The error of an operator is right; a fault
// that the frame had to catch is not.
func hostileOp(t *testing.T, seed uint64) (name string, worked bool) {
	t.Helper()
	name, p, feeds := hostilePlan(t, seed)
	if p == nil {
		return name, false
	}
	fr := newFrame(p, nil, 1)
	bindAll(fr, feeds)
	err := fr.run(t.Context())
	if err != nil && strings.Contains(err.Error(), "internal fault") {
		t.Errorf("seed %d: %s: %v", seed, name, err)
	}
	return name, err == nil
}

// hostilePlan returns the plan of that program with what is fed to it; nil where
// the operation is refused before it is run.
func hostilePlan(t *testing.T, seed uint64) (name string, _ *plan.Plan, _ []feeding) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	names := make([]string, 0, len(op.Table))
	for name := range op.Table {
		names = append(names, name)
	}
	slices.Sort(names)
	op := op.Table[names[r.IntN(len(names))]]
	b := mil.NewBuilder("main", []string{"CoreML5", "CoreML6", "CoreML7", "CoreML8"}[r.IntN(4)])
	args := mil.Args{}
	var feeds []feeding
	base := hostileShape(r, 4)
	for k, p := range op.Params {
		if k > 0 && !p.Required && r.IntN(2) == 0 {
			continue
		}
		n := 1
		if p.Name == "values" || p.Name == "ref_tensors" {
			n = 1 + r.IntN(3)
		}
		var vs mil.Values
		for range n {
			vs = append(vs, hostileOperand(b, r, k, base, &feeds))
		}
		if n == 1 {
			args[p.Name] = vs[0]
		} else {
			args[p.Name] = vs
		}
	}
	_, most := op.ResultCount()
	results := make([]mil.Type, 1+r.IntN(min(most, 4)))
	first := hostileTypes[r.IntN(len(hostileTypes))]
	for k := range results {
		results[k] = mil.TensorType(first, base...)
	}
	for k, v := range b.MultiOp(op.Name, "result", results, args) {
		b.Output(fmt.Sprintf("out%d", k), v)
	}
	fn, err := b.Function()
	if err != nil {
		t.Logf("seed %d: %v", seed, err)
		return op.Name, nil, nil // not even a program
	}
	p, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, r.IntN(2) == 0)
	if err != nil {
		return op.Name, nil, nil
	}
	return op.Name, p, feeds
}

func hostileShape(r *rand.Rand, limit int) []int {
	shape := make([]int, r.IntN(limit+1))
	for d := range shape {
		shape[d] = r.IntN(4)
		if r.IntN(3) > 0 {
			shape[d] = 1 + r.IntN(3)
		}
	}
	return shape
}

// hostileOperand is an input or a constant: more often than not one that the
// operator could expect in that place.
func hostileOperand(b *mil.Builder, r *rand.Rand, k int, base []int, feeds *[]feeding) *mil.Value {
	dt := hostileTypes[r.IntN(len(hostileTypes))]
	if r.IntN(2) == 0 {
		dt = []dtype.Type{dtype.Float32, dtype.Int32}[min(k, 1)]
	}
	shape := hostileShape(r, 5)
	switch c := r.IntN(10); {
	case c == 0:
		return b.Text("", hostileTexts[r.IntN(len(hostileTexts))])
	case k > 0 && c < 4:
		shape = nil
	case k > 0 && c < 7:
		shape = []int{len(base)}
	case c < 9:
		shape = base
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		switch r.IntN(12) {
		case 0:
			data[i] = float32(r.IntN(1<<20) - 1<<19)
		case 1:
			data[i] = -float32(r.IntN(5))
		default:
			data[i] = float32(r.IntN(4))
		}
	}
	if k > 0 && r.IntN(2) == 0 {
		if dt.IsFloat() {
			return b.Floats("", dt, shape, data...)
		}
		whole := make([]int, n)
		for i, x := range data {
			lo, hi := array.IntRange(dt)
			whole[i] = int(max(lo, min(int64(x), hi)))
		}
		return b.IntTensor("", dt, shape, whole...)
	}
	lo, hi := array.IntRange(dt)
	if !dt.IsFloat() {
		for i, x := range data {
			data[i] = max(float32(lo), min(x, float32(hi)))
		}
	}
	if len(shape) < 2 || r.IntN(2) == 0 {
		v := b.Input(fmt.Sprintf("in%d", len(*feeds)), dt, shape...)
		*feeds = append(*feeds, feeding{v.Name, feed(dt, shape, data)})
		return v
	}
	turned := slices.Clone(shape)
	slices.Reverse(turned)
	perm := make([]int, len(shape))
	for d := range perm {
		perm[d] = len(perm) - 1 - d
	}
	v := b.Input(fmt.Sprintf("in%d", len(*feeds)), dt, turned...)
	*feeds = append(*feeds, feeding{v.Name, feed(dt, turned, data)})
	return b.Op("transpose", "", mil.TensorType(dt, shape...), mil.Args{"x": v, "perm": b.Ints("", perm...)})
}

func TestOperatorsRefuseHostileOperandsWithoutFaults(t *testing.T) {
	n := uint64(30000)
	if testing.Short() {
		n = 4000
	}
	worked := map[string]int{}
	for seed := range n {
		if name, ok := hostileOp(t, seed); ok {
			worked[name]++
		}
	}
	if len(worked) < len(op.Table)*2/3 {
		t.Errorf("only %d of %d operators ever worked, so the operands are not close enough to the right ones", len(worked), len(op.Table))
	}
	for name := range op.Table {
		if worked[name] == 0 {
			t.Logf("never worked: %s", name)
		}
	}
}

func FuzzOperators(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { hostileOp(t, seed) })
}
