package portable

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// PlanText lists the steps in order: the operation, its result and what was made
// of it. The brackets say what a reader who looks for time asks: which matrices the
// kernels read as stored, and which states are copied.
func (p *program) PlanText() string {
	var b strings.Builder
	pl := p.plan
	// Names come from the package: Plain keeps control characters off a terminal.
	arith := map[engine.Arithmetic]string{engine.ArithmeticFaithful: "faithful", engine.ArithmeticWide: "wide", engine.ArithmeticFast: "fast"}[pl.Arithmetic]
	fmt.Fprintf(&b, "function %s, %d steps, %d buffers, arithmetic %s, %s, %d threads\n",
		mil.Plain(pl.Function.Name), pl.Steps, pl.Buffers, arith, p.info.Instructions, p.info.Threads)
	for _, n := range pl.Notes {
		fmt.Fprintf(&b, "%s\n", n)
	}
	listing(&b, pl, &pl.Body, "")
	return b.String()
}

// listing writes the steps of a body, those of nested blocks below their step.
func listing(b *strings.Builder, pl *plan.Plan, body *plan.Body, indent string) {
	for _, st := range body.Steps {
		mat := st.Matrix()
		fmt.Fprintf(b, "%s%4d  %-30s", indent, st.Index, st.Def.Name)
		for k, s := range st.Out {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " %s %v", mil.Plain(pl.Slots[s].Name), pl.Slots[s].Type)
		}
		switch {
		case mat != nil: // a step with a matrix has nothing to do with states
			fmt.Fprintf(b, "  [%s]", mat.Format())
		case st.InPlace:
			b.WriteString("  [in place]")
		case st.Copied:
			b.WriteString("  [copied: a later write would show]")
		}
		if st.Note != "" {
			fmt.Fprintf(b, "  [%s]", st.Note)
		}
		b.WriteByte('\n')
		for _, inner := range st.Blocks {
			listing(b, pl, inner, indent+"    ")
		}
	}
}
