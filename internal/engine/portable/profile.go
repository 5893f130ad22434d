package portable

import (
	"time"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
)

// timed executes one step and reports it to the frame's profiler. Steps with
// blocks are not reported themselves: those inside are, and would count twice.
// The bytes are those of the constant matrix, which is what a step of
// generation reads. The clock is read twice for each step, which costs tens of
// nanoseconds: only a frame with a profiler comes here.
func (fr *frame) timed(c *op.Call, st *plan.Step, shaped bool) error {
	if st.Blocks != nil {
		return fr.step(c, st, shaped)
	}
	start := time.Now()
	err := fr.step(c, st, shaped)
	elapsed := time.Since(start)
	format, bytes := "", 0
	if m := st.Matrix(); m != nil {
		format, bytes = m.Format(), m.Bytes()
	}
	fr.profiler.Step(st.Def.Name, format, bytes, elapsed)
	return err
}
