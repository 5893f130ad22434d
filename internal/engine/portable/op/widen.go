package op

import "github.com/gocoreml/coreml/internal/engine/portable/array"

// widenFrom is the number of elements from which bringing a value into another form is
// shared among the threads, and widenUnit about what one takes at a time. Such copies lie
// between the steps that threads share anyway, and each reads what another one has written.
const (
	widenFrom = 1 << 14
	widenUnit = 1 << 12
)

// widenTask widens parts of a value on the pool, cut along one dimension; those before it
// have one index.
type widenTask struct {
	env         *Env
	from        array.Value
	axis, inner int
	dst         []float32
}

// Run widens indices lo to hi-1 of the dimension.
func (t *widenTask) Run(lo, hi, _ int) {
	t.env.Poll()
	v := t.from
	v.Dims[t.axis] = hi - lo
	v.Skip(lo * v.Stride[t.axis])
	v.Widen(&t.env.Poller, t.dst[lo*t.inner:hi*t.inner])
}

// widen is v.Widen, on the pool where v is long and can be cut.
func (c *Call) widen(v *array.Value, dst []float32) {
	n := v.Len()
	axis := 0
	for axis < v.Rank && v.Dims[axis] == 1 {
		axis++
	}
	if n < widenFrom || axis == v.Rank || v.Repr != array.ReprF32 && v.Repr != array.ReprF16 {
		v.Widen(&c.Env.Poller, dst)
		return
	}
	t := &c.Env.widening
	t.from = *v
	t.from.Strides()
	if t.from.Repeat[axis] != 1 {
		v.Widen(&c.Env.Poller, dst)
		return
	}
	rows := v.Dims[axis]
	t.env, t.axis, t.inner, t.dst = c.Env, axis, n/rows, dst
	c.Env.Pool.For(t, rows, max(widenUnit/t.inner, 1), c.Env.Threads)
	*t = widenTask{} // holds no memory of the caller
}
