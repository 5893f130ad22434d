package main

import (
	"fmt"
	"io"
)

// What bench --profile shows of a phase: the costs of the kinds of operation, as JSON
// and as a table. bench_profile.go takes them.

// phaseProfile is what the kinds of operation cost in one phase.
type phaseProfile struct {
	Phase  string `json:"phase"`
	Tokens int    `json:"tokens"`
	// MS is the time of the whole phase, which is more than its steps' sum.
	MS    float64       `json:"ms"`
	Kinds []kindProfile `json:"kinds"`
}

// kindProfile is one operator, with one format of weights where it has some.
type kindProfile struct {
	Operator string  `json:"operator"`
	Weights  string  `json:"weights,omitempty"`
	Steps    int     `json:"steps"`
	MS       float64 `json:"ms"`
	// GBps is how fast the stored weights were read, in 10^9 bytes.
	GBps float64 `json:"gb_per_second,omitempty"`
}

// shownShare is the part of a phase below which a kind of operation is not
// listed by itself.
const shownShare = 0.005

// text is the phase as a table for people, for where it goes.
func (p *phaseProfile) text(w io.Writer) string {
	t := table{indent: "  ", right: map[int]bool{2: true, 3: true, 4: true, 5: true}}
	t.row(p.Phase, "weights", "steps", "ms per token", "share", "GB/s")
	perToken := func(ms float64) string { return fmt.Sprintf("%.3f", ms/float64(max(p.Tokens, 1))) }
	share := func(ms float64) string { return fmt.Sprintf("%.1f %%", 100*ms/max(p.MS, 1e-9)) }
	// What no step accounts for is the planning of shapes, the copies of inputs and
	// outputs, and this profiler.
	rest, restSteps, outside := 0.0, 0, p.MS
	for _, k := range p.Kinds {
		outside -= k.MS
		if k.MS < shownShare*p.MS {
			rest += k.MS
			restSteps += k.Steps
			continue
		}
		speed := ""
		if k.GBps > 0 {
			speed = fmt.Sprintf("%.2f", k.GBps)
		}
		t.row(k.Operator, k.Weights, fmt.Sprint(k.Steps), perToken(k.MS), share(k.MS), speed)
	}
	if restSteps > 0 {
		t.row("others", "", fmt.Sprint(restSteps), perToken(rest), share(rest))
	}
	t.row("outside the steps", "", "", perToken(max(outside, 0)), share(max(outside, 0)))
	return t.fit(w)
}
