package portable

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
)

// PlanText lists the steps in order: the operation, its result and what was made
// of it.
func (p *program) PlanText() string {
	var b strings.Builder
	pl := p.plan
	arith := map[engine.Arithmetic]string{engine.Faithful: "faithful", engine.Wide: "wide", engine.Fast: "fast"}[pl.arith]
	fmt.Fprintf(&b, "function %s, %d steps, %d buffers, arithmetic %s, %s, %d threads\n",
		mil.Plain(pl.fn.Name), pl.steps, pl.buffers, arith, p.info.Instructions, p.info.Threads)
	for _, n := range pl.notes {
		fmt.Fprintf(&b, "%s\n", n)
	}
	pl.listing(&b, &pl.body, "")
	return b.String()
}

func (pl *plan) listing(b *strings.Builder, body *body, indent string) {
	for _, st := range body.steps {
		fmt.Fprintf(b, "%s%4d  %-30s", indent, st.index, st.def.name)
		for k, s := range st.out {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " %s %v", mil.Plain(pl.slots[s].name), pl.slots[s].typ)
		}
		switch {
		case st.mat != nil:
			fmt.Fprintf(b, "  [%s]", st.mat.Format())
		case st.inPlace:
			b.WriteString("  [in place]")
		case st.copied:
			b.WriteString("  [copied: a later write would show]")
		}
		if st.note != "" {
			fmt.Fprintf(b, "  [%s]", st.note)
		}
		b.WriteByte('\n')
		for _, inner := range st.blocks {
			pl.listing(b, inner, indent+"    ")
		}
	}
}
