package portable

import (
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/storage"
)

// group is predictions of one plan that go side by side, and the memory of their joint
// products. It serves one call of PredictMany at a time.
type group struct {
	p       *program
	members []member
	task    kernel.MatMulTask
	x, y    []float32 // the vectors of the joint product and its results, one below the other
	parts   []kernel.Part
	width   int // results of a vector

	// What the members do now: one of the methods begin, advance, and so on, and for
	// advance the step behind the last.
	part func(m *member) error
	upTo int
	// The methods, made once: making one allocates.
	begin, advance, finish, alone func(m *member) error
}

// newGroup returns a group without members.
func newGroup(p *program) *group {
	g := &group{p: p, members: make([]member, 0, maxTogether)}
	g.begin, g.advance, g.finish, g.alone = g.beginMember, g.advanceMember, g.finishMember, g.runAlone
	g.task.Stop = g.stopped
	return g
}

// run makes the predictions. Members leave the group when they end, and where they turn
// out to multiply more than one row: a prompt is made by itself, behind the others, which
// would wait for it.
func (g *group) run() {
	g.each(g.begin)
	for _, k := range g.p.products {
		g.upTo = k
		g.each(g.advance)
		g.multiply()
	}
	g.upTo = len(g.p.plan.Body.Steps)
	g.each(g.advance)
	g.each(g.finish)
	for k := range g.members {
		if m := &g.members[k]; m.apart && !m.ended {
			m.do(g.alone)
		}
	}
}

// each lets every member do its next part. They share the cores where there are not many
// more of these than members; else each member has all of them, one after another.
func (g *group) each(part func(m *member) error) {
	g.part = part
	n := len(g.members)
	if threads := g.threads(); threads > 2*n {
		g.Run(0, n, 0)
		return
	}
	g.p.pool.For(g, n, 1, g.p.threads)
}

// threads returns how many threads a prediction has.
func (g *group) threads() int {
	if g.p.threads > 0 {
		return min(g.p.threads, g.p.pool.Threads())
	}
	return g.p.pool.Threads()
}

// Run lets members lo to hi-1 do their part. It is called by the pool.
func (g *group) Run(lo, hi, _ int) {
	for k := lo; k < hi; k++ {
		if m := &g.members[k]; !m.ended && !m.apart {
			m.do(g.part)
		}
	}
}

// beginMember is what comes before the first step.
func (g *group) beginMember(m *member) error { return g.p.start(m.fr, m.request) }

// advanceMember completes the product that was made, executes the steps up to the
// next and begins that one.
func (g *group) advanceMember(m *member) error {
	fr, steps := m.fr, g.p.plan.Body.Steps
	if m.waits {
		g.collect(m)
		op.Finish(&fr.call)
		m.next++
	}
	if err := fr.stepsBetween(&g.p.plan.Body, m.next, g.upTo); err != nil {
		return err
	}
	if m.next = g.upTo; g.upTo == len(steps) {
		return fr.Ctx.Err()
	}
	return g.beginProduct(m)
}

// beginProduct does what comes before the product of step m.next.
func (g *group) beginProduct(m *member) error {
	fr, st := m.fr, g.p.plan.Body.Steps[m.next]
	if fr.enter(st, fr.rehearsed && fr.computed[m.next]) {
		m.next++
		return nil
	}
	if err := fr.shape(&fr.call, st, fr.rehearsed); err != nil {
		return fr.plan.Fail(st.Op, err)
	}
	t, err := op.Begin(&fr.call)
	switch {
	case err != nil:
		return fr.plan.Fail(st.Op, err)
	case t == nil:
		m.next++
	case t.N == 1:
		m.waits = true
	default:
		fr.Abandon()
		m.apart = true
	}
	return nil
}

// finishMember is what comes after the last step.
func (g *group) finishMember(m *member) error { return g.p.finish(m.fr, m.request.Outputs) }

// runAlone makes the rest of a prediction that left the group.
func (g *group) runAlone(m *member) error {
	body := &g.p.plan.Body
	if err := m.fr.stepsBetween(body, m.next, len(body.Steps)); err != nil {
		return err
	}
	return g.p.finish(m.fr, m.request.Outputs)
}

// multiply makes the product that members wait for. Whatever is thrown, such as a fault
// in the file of the weights, concerns all of them.
func (g *group) multiply() {
	var taken error // none: what is thrown is taken below
	defer storage.EndFaults(storage.WatchFaults(), &taken)
	defer func() {
		if r := recover(); r != nil {
			g.failWaiting(r)
		}
	}()
	first, n := g.waiting()
	if n == 0 {
		return
	}
	if n == 1 || !g.alike(first) {
		g.multiplyEach()
		return
	}
	g.gather(first, n)
	g.task.Go(g.p.pool, g.p.threads)
}

// failWaiting ends the members that wait for a product.
func (g *group) failWaiting(r any) {
	for k := range g.members {
		if m := &g.members[k]; m.waits && !m.ended {
			m.end(m.fr.thrown(r))
		}
	}
}

// waiting returns the first of the members that wait for a product, and their number.
func (g *group) waiting() (first *member, n int) {
	for k := range g.members {
		m := &g.members[k]
		if m.ended || m.apart || !m.waits {
			continue
		}
		if n++; first == nil {
			first = m
		}
	}
	return first, n
}

// alike reports whether the products that wait add the same bias. Another one is a
// value that the program computes.
func (g *group) alike(first *member) bool {
	want := first.fr.Product()
	for k := range g.members {
		m := &g.members[k]
		if m.ended || m.apart || !m.waits {
			continue
		}
		t := m.fr.Product()
		if len(t.Bias) != len(want.Bias) || unsafe.SliceData(t.Bias) != unsafe.SliceData(want.Bias) {
			return false
		}
	}
	return true
}

// multiplyEach makes the products one by one.
func (g *group) multiplyEach() {
	for k := range g.members {
		if m := &g.members[k]; !m.ended && !m.apart && m.waits {
			m.row = -1
			m.fr.Product().Go(g.p.pool, g.p.threads)
		}
	}
}

// gather describes the product of n members as one and copies their vectors together.
func (g *group) gather(first *member, n int) {
	one, t := first.fr.Product(), &g.task
	t.Mat, t.N, t.Alone = one.Mat, n, true
	t.Bias, t.RoundOut, t.Ldx, t.Ldd = one.Bias, one.RoundOut, one.Mat.Cols(), one.Mat.Rows()
	g.width = t.Ldd
	g.x, g.y = room(g.x, n*t.Ldx), room(g.y, n*g.width)
	row := 0
	for k := range g.members {
		m := &g.members[k]
		if m.ended || m.apart || !m.waits {
			continue
		}
		m.row = row
		copy(g.x[row*t.Ldx:], m.fr.Product().X[:t.Ldx])
		row++
	}
	t.X, t.Dst, t.Parts = g.x, g.y, nil
	if one.Parts == nil {
		return
	}
	// The results of each part lie together, those of one vector below another's.
	g.parts = g.parts[:0]
	at := 0
	for _, p := range one.Parts {
		p.Dst = g.y[at:]
		at += n * p.Ldd
		g.parts = append(g.parts, p)
	}
	t.Parts = g.parts
}

// collect copies a member's results of the joint product to where they belong.
func (g *group) collect(m *member) {
	m.waits = false
	if m.row < 0 {
		return
	}
	own := m.fr.Product()
	if own.Parts == nil {
		copy(own.Dst[:g.width], g.y[m.row*g.width:])
		return
	}
	for i, p := range own.Parts {
		copy(p.Dst[:p.Ldd], g.parts[i].Dst[m.row*p.Ldd:])
	}
}

// stopped reports whether nobody waits for the product any more. Each context is asked
// where it may end at any time, and has ended for good.
func (g *group) stopped() bool {
	for k := range g.members {
		if m := &g.members[k]; !m.ended && m.waits && m.fr.Ctx.Err() == nil {
			return false
		}
	}
	return true
}

// room returns n elements, b or new ones; what they held is lost.
func room(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n)
	}
	return b[:n]
}
