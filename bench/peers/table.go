package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gocoreml/coreml/bench/internal/results"
)

// table prints the medians of each measure with the spread of their rounds, and for
// every other program the ratio and its range over the rounds. A ratio above 1 is in
// this project's favour.
func table(r *results.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, threads %s, rounds %d\n%s\n", r.Model, r.Threads, r.Rounds(), noise(r))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\t\tmedian\tspread\tratio\tof rounds\n")
	own := &r.Programs[0]
	for _, m := range results.MeasuresOf(r) {
		what := m.Name + ", " + m.Unit
		for i := range r.Programs {
			p := &r.Programs[i]
			fmt.Fprintf(w, "%s\t%s\t%s\t%.0f %%\t", what, p.Name, results.Digits(m.Median(p)), 100*m.Spread(p))
			if ratios := m.Ratios(own, p); i > 0 && len(ratios) > 0 {
				fmt.Fprintf(w, "%.2f\t%.2f to %.2f", m.Ratio(m.Median(own), m.Median(p)), slices.Min(ratios), slices.Max(ratios))
			}
			fmt.Fprintln(w)
			what = ""
		}
	}
	_ = w.Flush() // a Builder takes every write
	return b.String()
}

// noise says how far the machine was from quiet.
func noise(r *results.Record) string {
	var v []float64
	for _, p := range r.Programs {
		for _, m := range p.Rounds {
			v = append(v, m.Others)
		}
	}
	if len(v) == 0 {
		return "no round was taken"
	}
	return fmt.Sprintf("other programs had %.2f cores in the median round and %.2f in the worst; load average %.2f before, waited %.0f s",
		results.Median(v), slices.Max(v), r.LoadAverage, r.Waited)
}
