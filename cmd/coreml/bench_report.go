package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

// benchReport is what was measured.
//
// It is filled in by the measurement and written as a table or as an object.
type benchReport struct {
	model          string
	info           coreml.Info
	rounds, tokens int
	context        int
	load, first    time.Duration
	firstPrompt    int
	prefill        []series
	decode         []series
	// together is decode for so many sequences at once; empty for one.
	together   []series
	sequences  int
	left       []string // what the context is too short for
	allocs     float64  // per single token, in the last round
	peak       int64
	busy       float64 // the load average before the measurement, -1 if unknown
	profile    []phaseProfile
	perplexity *perplexityResult
	drafts     []speculationResult
}

// fit takes over the lengths that the context has room for.
func (r *benchReport) fit(prefill, decode []int, tokens, context int) {
	r.context = context
	for _, n := range prefill {
		if n > context {
			r.left = append(r.left, fmt.Sprintf("a prompt of %d", n))
			continue
		}
		r.prefill = append(r.prefill, series{length: n})
	}
	for _, n := range decode {
		if n+tokens > context {
			r.left = append(r.left, fmt.Sprintf("%d tokens after %d", tokens, n))
			continue
		}
		r.decode = append(r.decode, series{length: n})
		if r.sequences > 1 {
			r.together = append(r.together, series{length: n})
		}
	}
}

// benchJSON is what --json prints. Lengths are the keys of prefill and decode, in
// tokens, and rates their values, in tokens per second. The last six are there when
// asked for: DecodeTogether is the rate of all Sequences at once, and TogetherGain that
// divided by the rate of one.
type benchJSON struct {
	CPU            string              `json:"cpu"`
	Instructions   string              `json:"instructions,omitempty"`
	Threads        int                 `json:"threads"`
	Arithmetic     string              `json:"arithmetic"`
	LoadMS         float64             `json:"load_ms"`
	FirstTokenMS   float64             `json:"first_token_ms"`
	Prefill        map[string]float64  `json:"prefill"`
	Decode         map[string]float64  `json:"decode"`
	PeakRSS        float64             `json:"peak_rss_mib"`
	AllocsPerToken float64             `json:"allocs_per_token"`
	Sequences      int                 `json:"sequences,omitempty"`
	DecodeTogether map[string]float64  `json:"decode_together,omitempty"`
	TogetherGain   map[string]float64  `json:"together_gain,omitempty"`
	Profile        []phaseProfile      `json:"profile,omitempty"`
	Perplexity     *perplexityResult   `json:"perplexity,omitempty"`
	Speculation    []speculationResult `json:"speculation,omitempty"`
}

// medians gives the rates of the object. The least and the most are left to the
// table: scripts that want them run several times.
func medians(list []series) map[string]float64 {
	m := map[string]float64{}
	for i := range list {
		m[strconv.Itoa(list[i].length)] = round(list[i].median())
	}
	return m
}

// writeJSON prints the object, on one line, so that the results of many runs are a
// file of lines.
func (r *benchReport) writeJSON(w io.Writer) error {
	several := 0 // one is what there always is
	if r.sequences > 1 {
		several = r.sequences
	}
	return printJSON(w, benchJSON{
		CPU: cpuName(), Instructions: r.info.Instructions, Threads: r.info.Threads, Arithmetic: r.info.Arithmetic.String(),
		LoadMS: millis(r.load), FirstTokenMS: millis(r.first),
		Prefill: medians(r.prefill), Decode: medians(r.decode),
		PeakRSS: round(float64(r.peak) / (1 << 20)), AllocsPerToken: round(r.allocs),
		Sequences: several, DecodeTogether: medians(r.together), TogetherGain: r.gains(),
		Profile: r.profile, Perplexity: r.perplexity, Speculation: r.drafts,
	})
}

// writeTable prints the measures for people.
func (r *benchReport) writeTable(w io.Writer) error {
	var t table
	t.row("model", r.model)
	cpu := cpuName()
	if r.info.Instructions != "" {
		cpu += ", " + r.info.Instructions
	}
	t.row("processor", cpu)
	engine := r.info.Engine
	if r.info.Threads > 0 {
		engine += fmt.Sprintf(", arithmetic %v, threads %d", r.info.Arithmetic, r.info.Threads)
	}
	t.row("engine", engine)
	if r.busy >= 0 {
		t.row("load average", fmt.Sprintf("%.1f before it began%s", r.busy, busyNote(r.busy)))
	}
	t.row("load", duration(r.load))
	t.row("first token", fmt.Sprintf("%s behind a prompt of %d", duration(r.first), r.firstPrompt))
	if r.peak > 0 {
		t.row("memory", bytesText(r.peak)+" at most")
	}
	if len(r.decode) > 0 {
		t.row("allocations", fmt.Sprintf("%.4g per token", r.allocs))
	}
	if p := r.perplexity; p != nil {
		t.row("perplexity", fmt.Sprintf("%.4f over %d tokens, %.4f nats each", p.Perplexity, p.Tokens, p.MeanNLL))
	}
	if _, err := fmt.Fprint(w, t.fit(w), r.rates(w)); err != nil {
		return err
	}
	if err := writeDrafts(w, r.drafts); err != nil {
		return err
	}
	for _, p := range r.profile {
		if _, err := fmt.Fprintf(w, "\n%s", p.text(w)); err != nil {
			return err
		}
	}
	return nil
}

// busyAbove is the load average from which other work takes part of the time:
// this program had not begun when it was read.
const busyAbove = 0.5

// It is a note and no error: figures that are compared within one run may still be
// of use.
func busyNote(load float64) string {
	if load < busyAbove {
		return ""
	}
	return ": other work slows this down"
}

// rates is the table of the measured lengths, for where it goes.
func (r *benchReport) rates(w io.Writer) string {
	if len(r.prefill)+len(r.decode)+len(r.left) == 0 {
		return ""
	}
	t := table{indent: "  ", right: map[int]bool{1: true, 2: true, 3: true}}
	t.row("tokens per second", "median", "least", "most")
	// The range beside the median says how far it can be trusted.
	line := func(what string, s *series) {
		cells := []string{what, rate(s.median())}
		least, most := s.rates[0], s.rates[0]
		for _, v := range s.rates {
			least, most = min(least, v), max(most, v)
		}
		t.row(append(cells, rate(least), rate(most))...)
	}
	for i := range r.prefill {
		line(fmt.Sprintf("prompt of %d", r.prefill[i].length), &r.prefill[i])
	}
	for i := range r.decode {
		line(fmt.Sprintf("%d tokens after %d", r.tokens, r.decode[i].length), &r.decode[i])
	}
	for i := range r.together {
		line(fmt.Sprintf("%d times %d after %d", r.sequences, r.tokens, r.together[i].length), &r.together[i])
	}
	for _, what := range r.left {
		t.row(what, "-", "-", "-")
	}
	text := fmt.Sprintf("\n%s%s", t.fit(w), fitted(w, r.gainText()))
	if len(r.left) > 0 {
		text += fitted(w, fmt.Sprintf("  - the context of %d is too short\n", r.context))
	}
	return text
}

// rate keeps three digits, which is more than two runs have in common.
func rate(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
