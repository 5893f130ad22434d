package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// gauge shows on a terminal how far a verb has come that works through weights. Where
// there is no terminal it shows nothing.
type gauge struct {
	out   io.Writer
	last  time.Time
	shown bool
}

// gaugeEvery is the time between two drawings.
const gaugeEvery = 100 * time.Millisecond

// newGauge makes a gauge on the standard error.
func newGauge(s *streams, quiet bool) *gauge {
	if quiet || !isTerminal(s.rawErr) || !styled() || !enableStyles(s.rawErr) {
		return &gauge{}
	}
	return &gauge{out: s.rawErr}
}

// show replaces the line.
func (g *gauge) show(what string, done, total int64) {
	if g.out == nil || total == 0 || time.Since(g.last) < gaugeEvery {
		return
	}
	g.last, g.shown = time.Now(), true
	const width = 30
	full := int(min(max(width*done/total, 0), width))
	// A display that cannot be drawn is no reason to stop.
	_, _ = fmt.Fprintf(g.out, "\r\x1b[K%s [%s%s] %3d %%", what, strings.Repeat("#", full), strings.Repeat(".", width-full), 100*done/total)
}

// clear removes the line.
func (g *gauge) clear() {
	if g.shown {
		_, _ = io.WriteString(g.out, "\r\x1b[K")
	}
}
