package portable

import (
	"time"
)

// timed executes one step and reports it to the frame's profiler. Steps with
// blocks are not reported themselves: those inside are.
func (fr *frame) timed(c *call, st *step, shaped bool) error {
	if st.blocks != nil {
		return fr.step(c, st, shaped)
	}
	start := time.Now()
	err := fr.step(c, st, shaped)
	elapsed := time.Since(start)
	format, bytes := "", 0
	if st.mat != nil {
		format, bytes = st.mat.Format(), st.mat.Bytes()
	}
	fr.profiler.Step(st.def.name, format, bytes, elapsed)
	return err
}
