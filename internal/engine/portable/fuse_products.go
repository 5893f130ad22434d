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
	weight, given int32 // slots; given is the bias or -1
	rows          int
	bias          []float32
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
		n := &step{op: st.op, def: fusedProducts, in: []int32{st.in[0]}, list: []int32{st.in[0]}, state: -1}
		for _, g := range group {
			n.products = append(n.products, factor{weight: g.in[1], given: operandOf(g, 2)})
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
func prepareProducts(p *plan, st *step) error {
	mats := make([]kernel.Mat, len(st.products))
	for k := range st.products {
		g := &st.products[k]
		m, err := constMatrix(&p.load, p.slots[g.weight].konst)
		if err != nil {
			return err
		}
		mats[k], g.rows = m, m.Rows()
		if g.given >= 0 && !allZero(&p.load, p.slots[g.given].konst) {
			g.bias = p.slots[g.given].konst.f[:g.rows]
		}
	}
	c, err := kernel.NewConcat(mats...)
	if err != nil {
		return err
	}
	st.mat = c
	return nil
}

func productsShape(c *call) error {
	x := c.in(0)
	if x.rank == 0 || x.dims[x.rank-1] != c.st.mat.Cols() {
		return fmt.Errorf("x of shape %v does not fit weights of %d columns", x.shape(), c.st.mat.Cols())
	}
	for k := range c.st.products {
		y := c.out(k)
		*y = value{dt: y.dt, slot: y.slot, rank: x.rank, dims: x.dims}
		y.dims[x.rank-1] = c.st.products[k].rows
		if err := y.setShape(y.shape()...); err != nil {
			return err
		}
	}
	return nil
}

func products(c *call) error {
	x, l := c.in(0), localOf[productsLocal](c)
	xs := c.f32(x)
	k := x.dims[x.rank-1]
	l.parts = l.parts[:0]
	for i := range c.st.products {
		g := &c.st.products[i]
		l.parts = append(l.parts, kernel.Part{
			Dst: c.newF32(i), Ldd: g.rows, Bias: g.bias, RoundOut: c.out(i).dt == dtype.Float16 && g.bias == nil,
		})
	}
	t := &c.fr.product
	t.Mat, t.X, t.Ldx, t.N, t.Parts, t.Stop = c.st.mat, xs, k, len(xs)/k, l.parts, c.fr.stop
	t.Go(c.fr.pool, c.fr.threads)
	t.Parts = nil
	c.fr.poll()
	for i := range l.parts { // the sum with a bias is rounded once, not twice
		if part := &l.parts[i]; part.Bias != nil && c.out(i).dt == dtype.Float16 {
			c.roundF16(part.Dst)
		}
		l.parts[i] = kernel.Part{}
	}
	return nil
}
