package op

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

func init() {
	add(Operator{Name: "einsum", Params: in("values*", "equation!"), Shape: einsumShape, Eval: einsum, Local: newEinsum, Folding: CostProduct})
}

// einsum is the sum over products that an equation names (numpy.einsum), of two operands
// as coremltools allows. Any such sum is a batch of matrix products once the dimensions
// are in order, so there is no loop nest for it here: operands are laid out as matrices,
// unless they lie so, and the kernels of matmul do the work. Those fix the order of sums.

// maxLabels is the number of different letters that an equation may use.
const maxLabels = 26

// label is one letter of an equation: its size and, for each operand, how far
// apart its neighbours lie (0 where the operand does not have it or repeats its
// only element).
type label struct {
	size   int
	stride [2]int
	in     [2]bool
	out    bool
}

// contraction is an einsum of two operands, solved as a batch of matrix products
// [m,k]·[n,k]ᵀ. It belongs to a step and is read again in every prediction, since the
// sizes are those of the operands; that takes no memory.
type contraction struct {
	labels [maxLabels]label
	// batch, rows, cols and inner list the letters that are in both operands and
	// the result, in the first only, in the second only, and not in the result.
	batch, rows, cols, inner group
	result                   group
	a, b, c                  []float32
}

// group is a list of letters.
type group struct {
	n    int
	list [maxLabels]int
}

// add appends a letter. There is room for each once.
func (g *group) add(l int) { g.list[g.n] = l; g.n++ }

// items are the letters, in the order in which they were added.
func (g *group) items() []int { return g.list[:g.n] }

// newEinsum makes the local of einsum.
func newEinsum() any { return &contraction{} }

// contraction returns what newEinsum made for this step.
func (c *Call) contraction() *contraction {
	e := localOf[contraction](c)
	return e
}

// read parses an equation such as "nchw,nwhu->nchu" against the operands. Letters are
// small, spaces mean nothing, and the result must be written out. There is no ellipsis.
func (e *contraction) read(c *Call) error {
	text, err := c.textIn(1, "")
	if err != nil {
		return err
	}
	if c.listLen() != 2 {
		return fmt.Errorf("%d values where 2 are expected", c.listLen())
	}
	left, right, ok := strings.Cut(text, "->")
	first, second, two := strings.Cut(left, ",")
	if !ok || !two {
		return fmt.Errorf("equation %s is not of the form a,b->c", mil.Quote(text))
	}
	e.labels = [maxLabels]label{}
	for k, part := range [2]string{first, second} {
		if err := e.operand(k, part, c.item(k)); err != nil {
			return fmt.Errorf("equation %s: %w", mil.Quote(text), err)
		}
	}
	if err := e.readResult(right); err != nil {
		return fmt.Errorf("equation %s: %w", mil.Quote(text), err)
	}
	return e.sort(text)
}

// readResult notes the letters of the result. Each is one of the operands' and comes
// once: there is no diagonal to be written.
func (e *contraction) readResult(part string) error {
	e.result.n = 0
	for i := range len(part) {
		if part[i] == ' ' {
			continue
		}
		l := int(part[i]) - 'a'
		if l < 0 || l >= maxLabels || !e.labels[l].in[0] && !e.labels[l].in[1] || e.labels[l].out {
			return fmt.Errorf("letter %q of the result is not one of the operands'", part[i])
		}
		e.labels[l].out = true
		e.result.add(l)
	}
	return nil
}

// operand notes the letters of operand k. A letter that comes twice means the
// diagonal: its strides add up. A dimension of one element stands for any number, as
// coremltools' broadcasting of the operands does, and has a stride of zero.
func (e *contraction) operand(k int, part string, v *array.Value) error {
	d := 0
	var dense array.Nest
	dense.DenseStrides(0, v.Shape())
	for i := range len(part) {
		if part[i] == ' ' {
			continue
		}
		id := int(part[i]) - 'a'
		if id < 0 || id >= maxLabels {
			return fmt.Errorf("letter %q", part[i])
		}
		if d >= v.Rank {
			return fmt.Errorf("operand %d of shape %v has fewer dimensions than letters", k, v.ShapeCopy())
		}
		l, n := &e.labels[id], v.Dims[d]
		known := l.in[0] || l.in[1]
		switch {
		case !known || l.size == n || l.size == 1 && !l.in[k]:
			l.size = n
		case n != 1 || l.in[k]:
			return fmt.Errorf("letter %q means both %d and %d", part[i], l.size, n)
		}
		if n != 1 {
			l.stride[k] += dense.Stride[0][d]
		}
		l.in[k] = true
		d++
	}
	if d != v.Rank {
		return fmt.Errorf("operand %d of shape %v has more dimensions than letters", k, v.ShapeCopy())
	}
	return nil
}

// sort puts the letters into their groups. A letter that the result lacks is summed,
// also one of a single operand: the other has a stride of zero for it.
func (e *contraction) sort(text string) error {
	e.batch.n, e.rows.n, e.cols.n, e.inner.n = 0, 0, 0, 0
	for id := range e.labels {
		switch l := &e.labels[id]; {
		case !l.in[0] && !l.in[1]:
		case !l.out:
			e.inner.add(id)
		case l.in[0] && l.in[1]:
			e.batch.add(id)
		case l.in[0]:
			e.rows.add(id)
		default:
			e.cols.add(id)
		}
	}
	if e.batch.n+max(e.rows.n, e.cols.n)+e.inner.n > array.MaxRank || e.result.n > array.MaxRank {
		return fmt.Errorf("equation %s has too many letters", mil.Quote(text))
	}
	return nil
}

// size is the number of elements that the letters of a group count.
func (e *contraction) size(g *group) int {
	n := 1
	for _, l := range g.items() {
		n *= e.labels[l].size
	}
	return n
}

// einsumShape reads the equation and gives the result the sizes of its letters.
func einsumShape(c *Call) error {
	e := c.contraction()
	if err := e.read(c); err != nil {
		return err
	}
	var dims [array.MaxRank]int
	for d, l := range e.result.items() {
		dims[d] = e.labels[l].size
	}
	return c.out(0).SetShape(dims[:e.result.n]...)
}

// einsum lays the operands out as matrices, multiplies them, and puts the
// products into the order of the result. Operands and results that already lie
// so are not copied.
func einsum(c *Call) error {
	e := c.contraction()
	if !c.floatOut(0) {
		return errTypes
	}
	batch, m, n, k := e.size(&e.batch), e.size(&e.rows), e.size(&e.cols), e.size(&e.inner)
	// An operand that lacks letters is larger as a matrix than it was.
	for _, size := range [...]int{batch * m * k, batch * n * k} {
		if size > array.MaxElements {
			return fmt.Errorf("the matrices of %d elements are too large", size)
		}
	}
	a, b := c.F32(c.item(0)), c.F32(c.item(1))
	out := c.newF32(0)
	if len(out) == 0 {
		return nil
	}
	if k == 0 {
		array.Fill(&c.Env.Poller, out, 0)
		return nil
	}
	a = e.matrix(c, 0, &e.a, a, &e.rows)
	b = e.matrix(c, 1, &e.b, b, &e.cols)
	w := c.nest()
	dims := e.resultNest(&w)
	direct := w.Start(dims[:e.result.n], 2) && w.Rank == 0 && (w.N == 1 || w.Step[0] == w.Step[1])
	if direct {
		c.multiplyBatches(out, a, b, batch, m, n, k)
		return nil
	}
	e.c = reuse(c.Env, e.c, len(out))
	c.multiplyBatches(e.c, a, b, batch, m, n, k)
	array.CopyRows(&w, out, e.c)
	return nil
}

// multiplyBatches stores a·bᵀ of each batch in dst: a is [batch, m, k], b [batch, n, k].
func (c *Call) multiplyBatches(dst, a, b []float32, batch, m, n, k int) {
	const rows = 64 // between two looks at the context
	for p := range batch {
		for r := 0; r < m; r += rows {
			c.Env.Poll()
			kernel.MatMulUntil(c.Env.stop, dst[(p*m+r)*n:], n, a[(p*m+r)*k:], k, b[p*n*k:], k, true, min(rows, m-r), n, k)
		}
	}
	c.Env.Poll()
}

// matrix returns operand k as [batch, outer, inner]: itself where it lies so, else a copy
// in scratch.
func (e *contraction) matrix(c *Call, k int, scratch *[]float32, src []float32, outer *group) []float32 {
	w := c.nest()
	var dims [array.MaxRank]int
	rank := 0
	for _, g := range [...]*group{&e.batch, outer, &e.inner} {
		for _, l := range g.items() {
			dims[rank] = e.labels[l].size
			w.Stride[1][rank] = e.labels[l].stride[k]
			rank++
		}
	}
	w.DenseStrides(0, dims[:rank])
	w.Start(dims[:rank], 2)
	if w.Rank == 0 && (w.N == 1 || w.Step[1] == 1) {
		return src
	}
	n := 1
	for _, d := range dims[:rank] {
		n *= d
	}
	*scratch = reuse(c.Env, *scratch, n)
	array.CopyRows(&w, *scratch, src)
	return *scratch
}

// resultNest lays out a nest over the result (memory 0) and the products
// [batch, rows, cols] (memory 1), and returns the result's dimensions.
func (e *contraction) resultNest(w *array.Nest) (dims [array.MaxRank]int) {
	var at [maxLabels]int
	step := 1
	for _, g := range [...]*group{&e.cols, &e.rows, &e.batch} {
		for j := g.n - 1; j >= 0; j-- {
			at[g.list[j]] = step
			step *= e.labels[g.list[j]].size
		}
	}
	for d, l := range e.result.items() {
		dims[d] = e.labels[l].size
		w.Stride[1][d] = at[l]
	}
	w.DenseStrides(0, dims[:e.result.n])
	return dims
}
