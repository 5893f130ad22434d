package op

import "github.com/gocoreml/coreml/internal/kernel"

// Element-wise loops over long vectors are shared among the threads. Every element is
// computed alone, so the result does not depend on how they are shared out.

// Below spreadFrom the work of waking threads is more than theirs: an addition of
// 32,768 numbers takes a few microseconds. A unit is a few pages of memory, so that no
// two threads write to one cache line but at a unit's border.

// spreadFrom is the number of elements from which an element-wise loop is shared
// among the threads, and spreadUnit the number that one of them takes at least. The
// borders lie at multiples of the unit however many threads there are.
const (
	spreadFrom = 1 << 15
	spreadUnit = 1 << 12
)

// spreadTask applies a function to long vectors on the pool. It belongs to a
// step. Exactly one of the functions is set.
type spreadTask struct {
	env       *Env
	one       func(dst, x []float32)
	two       func(dst, a, b []float32)
	dst, a, b []float32
	unit      int
	half      bool // results are rounded to fp16
}

// newSpread makes the local of operators that use spread or spread2.
func newSpread() any { return &spreadTask{} }

// Run handles units lo to hi-1.
func (t *spreadTask) Run(lo, hi, _ int) {
	end := min(hi*t.unit, len(t.dst))
	for from := lo * t.unit; from < end; from += t.unit {
		t.env.Poll()
		to := min(from+t.unit, end)
		if t.one != nil {
			t.one(t.dst[from:to], t.a[from:to])
		} else {
			t.two(t.dst[from:to], t.a[from:to], t.b[from:to])
		}
		if t.half {
			kernel.RoundF16(t.dst[from:to])
		}
	}
}

// spread stores f(x) in dst, whose elements f computes one by one.
func (c *Call) spread(f func(dst, x []float32), dst, x []float32) {
	if len(dst) < spreadFrom {
		f(dst, x)
		return
	}
	t := localOf[spreadTask](c)
	*t = spreadTask{env: c.Env, one: f, dst: dst, a: x, unit: spreadUnit}
	c.runSpread(t)
}

// spread2 stores f(a, b) in dst, whose elements f computes one by one.
func (c *Call) spread2(f func(dst, a, b []float32), dst, a, b []float32) {
	if len(dst) < spreadFrom {
		f(dst, a, b)
		return
	}
	t := localOf[spreadTask](c)
	*t = spreadTask{env: c.Env, two: f, dst: dst, a: a, b: b, unit: spreadUnit}
	c.runSpread(t)
}

// runSpread shares a task among the threads.
func (c *Call) runSpread(t *spreadTask) {
	t.half = len(t.dst) == c.out(0).Len() && c.roundsPieces()
	c.Env.Pool.For(t, (len(t.dst)+t.unit-1)/t.unit, 1, c.Env.Threads)
	*t = spreadTask{} // holds no memory of the caller
}
