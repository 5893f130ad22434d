package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// fusedProducts is several linears of one input as one task: query, key and
// value, or gate and up. Their weights stay where they are; what is shared is
// the input as the kernels prepare it, and the threads' start and end.
var fusedProducts = &operator{
	name: "linears", params: in("x*"), exact: true,
	shape: productsShape, eval: products, prepare: prepareProducts,
	local: func() any { return new(productsLocal) },
}

// factor is one of the linears of a group.
type factor struct {
	weight, biasSlot int32 // slots; -1 for no bias
	rows             int
	bias             []float32
}

// productGroup is the data of a step of fusedProducts: the linears and, once
// prepared, their weights as one matrix.
type productGroup struct {
	factors []factor
	weightMatrix
}

type productsLocal struct{ parts []kernel.Part }

// groupProducts replaces linears that read the same slot by one step in the
// place of the first. It comes after the tails, which cut the input of an
// output's product to the rows that are wanted.
func (pl *planner) groupProducts() {
	f := newFuser(pl)
	readers := map[int32][]*step{}
	for _, st := range pl.p.body.steps {
		if f.groupable(st) {
			readers[st.in[0]] = append(readers[st.in[0]], st)
		}
	}
	groups := 0
	for k, st := range pl.p.body.steps {
		if f.gone[st] || !st.is("linear") {
			continue
		}
		group := readers[st.in[0]]
		if len(group) < 2 || group[0] != st || !f.sameWidth(group) {
			continue
		}
		data := &productGroup{}
		n := &step{binding: binding{op: st.op, def: fusedProducts, in: []int32{st.in[0]}, list: []int32{st.in[0]}, state: -1, data: data}}
		for _, g := range group {
			data.factors = append(data.factors, factor{weight: g.in[1], biasSlot: operandOf(g, 2)})
			n.out = append(n.out, g.out[0])
			f.gone[g] = true
		}
		pl.p.body.steps[k] = n
		groups++
	}
	pl.p.body.steps = slices.DeleteFunc(pl.p.body.steps, func(st *step) bool { return f.gone[st] })
	if groups > 0 {
		pl.p.notes = append(pl.p.notes, fmt.Sprintf("fused: %d groups of linears", groups))
	}
}

// groupable reports whether a linear's weight and bias are constants.
func (f *fuser) groupable(st *step) bool {
	if !st.is("linear") || len(st.out) != 1 || f.p.slots[st.in[0]].konst != nil {
		return false
	}
	w := f.p.slots[st.in[1]].konst
	if w == nil || w.rank != 2 || w.dims[0] == 0 || w.dims[1] == 0 {
		return false
	}
	b := operandOf(st, 2)
	if b < 0 {
		return true
	}
	v := f.p.slots[b].konst
	return v != nil && v.repr == reprF32 && v.dense && v.len() == w.dims[0]
}

func (f *fuser) sameWidth(group []*step) bool {
	cols := func(st *step) int { return f.p.slots[st.in[1]].konst.dims[1] }
	for _, st := range group[1:] {
		if cols(st) != cols(group[0]) {
			return false
		}
	}
	return true
}

// prepareProducts turns the weights into one matrix and drops biases of zeros.
func prepareProducts(s *setup) (any, error) {
	group, ok := s.step.data.(*productGroup)
	if !ok {
		return nil, errFault
	}
	mats := make([]kernel.Mat, len(group.factors))
	for k := range group.factors {
		g := &group.factors[k]
		m, err := constMatrix(s.load, s.constant(g.weight))
		if err != nil {
			return nil, err
		}
		mats[k], g.rows = m, m.Rows()
		if g.biasSlot >= 0 && !allZero(s.load, s.constant(g.biasSlot)) {
			g.bias = s.constant(g.biasSlot).f[:g.rows]
		}
	}
	c, err := kernel.NewConcat(mats...)
	if err != nil {
		return nil, err
	}
	group.mat = c
	return group, nil
}

func productsShape(c *call) error {
	x, group := c.in(0), dataOf[productGroup](c)
	if x.rank == 0 || x.dims[x.rank-1] != group.mat.Cols() {
		return fmt.Errorf("x of shape %v does not fit weights of %d columns", x.shape(), group.mat.Cols())
	}
	for k := range group.factors {
		y := c.out(k)
		*y = value{dt: y.dt, slot: y.slot, rank: x.rank, dims: x.dims}
		y.dims[x.rank-1] = group.factors[k].rows
		if err := y.setShape(y.shape()...); err != nil {
			return err
		}
	}
	return nil
}

func products(c *call) error {
	x, l, group := c.in(0), localOf[productsLocal](c), dataOf[productGroup](c)
	xs := c.f32(x)
	k := x.dims[x.rank-1]
	l.parts = l.parts[:0]
	for i := range group.factors {
		g := &group.factors[i]
		l.parts = append(l.parts, kernel.Part{
			Dst: c.newF32(i), Ldd: g.rows, Bias: g.bias, RoundOut: c.out(i).dt == dtype.Float16 && g.bias == nil,
		})
	}
	t := &c.env.product
	t.Mat, t.X, t.Ldx, t.N, t.Parts, t.Stop = group.mat, xs, k, len(xs)/k, l.parts, c.env.stop
	t.Go(c.env.pool, c.env.threads)
	t.Parts = nil
	c.env.poll()
	for i := range l.parts { // the sum with a bias is rounded once, not twice
		if part := &l.parts[i]; part.Bias != nil && c.out(i).dt == dtype.Float16 {
			c.roundF16(part.Dst)
		}
		l.parts[i] = kernel.Part{}
	}
	return nil
}
