package portable

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// randomInputs returns tensors for every input of a program.
func randomInputs(t *testing.T, r *rand.Rand, p *program) (in []*tensor.Tensor) {
	t.Helper()
	for k, f := range p.desc.Inputs {
		shape := p.plan.Slots[p.inputs[k]].Type.Shape
		n, _ := dtype.Count(shape)
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(r.IntN(9) - 4)
		}
		x := tensor.FromSlice(data, shape...).To(f.DType)
		if err := x.Err(); err != nil {
			t.Fatal(err)
		}
		in = append(in, x)
	}
	return in
}

// sameTensors reports whether two lists hold the same elements.
func sameTensors(t *testing.T, a, b []*tensor.Tensor) bool {
	t.Helper()
	for k := range a {
		x, err := a[k].Bytes()
		if err != nil {
			t.Fatal(err)
		}
		y, err := b[k].Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// stateTensors returns what the buffers of a state hold.
func stateTensors(t *testing.T, st engine.State, p *program) (all []*tensor.Tensor) {
	t.Helper()
	for k := range p.plan.States {
		x, err := st.Read(p.plan.States[k].Name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

// manyOfRandom makes predictions of a random program together and alone. It returns how
// many products they had in common at most.
func manyOfRandom(t *testing.T, seed uint64) int {
	t.Helper()
	fn, err := randomProgram(seed)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	arith := []engine.Arithmetic{engine.ArithmeticFaithful, engine.ArithmeticWide, engine.ArithmeticFast}[seed%3]
	p, err := programOf(fn, arith, seed%2 == 0)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	with, alone := make([]engine.Request, 2+seed%4), make([]engine.Request, 2+seed%4)
	for k := range with {
		with[k], alone[k] = engine.Request{State: newState(p.plan.States)}, engine.Request{State: newState(p.plan.States)}
	}
	for round := range 3 {
		for k := range with {
			w, a := &with[k], &alone[k]
			w.Context, w.Inputs, w.Outputs = t.Context(), randomInputs(t, r, p), make([]*tensor.Tensor, len(p.outputs))
			a.Inputs, a.Outputs = w.Inputs, make([]*tensor.Tensor, len(p.outputs))
		}
		p.PredictMany(with)
		for k := range with {
			w, a := &with[k], &alone[k]
			a.Err = p.Predict(t.Context(), a.Inputs, a.Outputs, a.State)
			if (w.Err == nil) != (a.Err == nil) {
				t.Fatalf("seed %d, round %d, number %d: with others it gave %v, alone %v", seed, round, k, w.Err, a.Err)
			}
			if a.Err != nil {
				return 0
			}
			if !sameTensors(t, w.Outputs, a.Outputs) || !sameTensors(t, stateTensors(t, w.State, p), stateTensors(t, a.State, p)) {
				t.Fatalf("seed %d, round %d, number %d: with others it gave another result than alone\n%s", seed, round, k, p.PlanText())
			}
		}
	}
	return len(p.products)
}

// Random programs have what models seldom have: products of one row and of several in
// one program, biases that are computed, blocks between products, states of every type.
func TestRandomProgramsGiveTogetherWhatTheyGiveAlone(t *testing.T) {
	joint := 0
	for seed := range uint64(Times(1200)) {
		joint += manyOfRandom(t, seed)
	}
	if joint == 0 {
		t.Error("no random program had a product by a constant, so that was not tested")
	}
}
