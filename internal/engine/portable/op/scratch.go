package op

// scratch is memory that a step keeps from prediction to prediction. Predictions of
// one program run one at a time on a frame, so a step never meets itself. Sums in
// float64 and int64 have their own memory, since the slots' buffers are of float32.
type scratch struct {
	env *Env // counts the memory
	f   []float32
	d   []float64
	l   []int64
}

// newScratch makes the local of operators that use scratch.
func newScratch() any { return &scratch{} }

// scratch returns what newScratch made for this step.
func (c *Call) scratch() *scratch {
	s := localOf[scratch](c)
	s.env = c.Env
	return s
}

// floats returns n numbers; what they held is lost.
func (s *scratch) floats(n int) []float32 {
	s.f = reuse(s.env, s.f, n)
	return s.f
}

// doubles is floats in double precision.
func (s *scratch) doubles(n int) []float64 {
	s.d = reuse(s.env, s.d, n)
	return s.d
}

// longs is floats for integers.
func (s *scratch) longs(n int) []int64 {
	s.l = reuse(s.env, s.l, n)
	return s.l
}
