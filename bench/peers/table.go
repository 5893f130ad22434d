package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// measures are what both programs print as JSON.
//
// Loading and the first token in milliseconds, prompts and single tokens in tokens
// per second by length, memory in MiB.
type measures struct {
	CPU     string             `json:"cpu,omitempty"`
	Load    float64            `json:"load_ms"`
	First   float64            `json:"first_token_ms"`
	Prefill map[string]float64 `json:"prefill"`
	Decode  map[string]float64 `json:"decode"`
	Peak    float64            `json:"peak_rss_mib"`
}

// readMeasures reads the last line of an output.
func readMeasures(out string) (measures, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var m measures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &m); err != nil {
		return measures{}, fmt.Errorf("last line %q: %w", lines[len(lines)-1], err)
	}
	return m, nil
}

// comparison is all rounds of one model at one number of threads.
type comparison struct {
	model, threads string
	peerName       string
	own, peer      []measures
}

// record is a comparison as -save writes it, a line each: medians over the rounds.
type record struct {
	Model   string   `json:"model"`
	Threads string   `json:"threads"`
	Rounds  int      `json:"rounds"`
	CPU     string   `json:"cpu"`
	Own     measures `json:"coreml"`
	Peer    measures `json:"llama.cpp"`
}

// record sums up the rounds. The processor is the same in all of them.
func (c *comparison) record() record {
	r := record{Model: c.model, Threads: c.threads, Rounds: len(c.own), Own: medians(c.own), Peer: medians(c.peer)}
	for _, m := range c.own {
		r.CPU = m.CPU
	}
	return r
}

// medians takes each measure by itself.
//
// They need not be of one round: a round that was slow to load may have been the
// median for everything else.
func medians(list []measures) measures {
	each := func(of func(m measures) map[string]float64) map[string]float64 {
		v := map[string]float64{}
		for _, m := range list {
			for n := range of(m) {
				v[n] = median(column(list, func(m measures) float64 { return of(m)[n] }))
			}
		}
		return v
	}
	return measures{
		Load:    median(column(list, func(m measures) float64 { return m.Load })),
		First:   median(column(list, func(m measures) float64 { return m.First })),
		Prefill: each(func(m measures) map[string]float64 { return m.Prefill }),
		Decode:  each(func(m measures) map[string]float64 { return m.Decode }),
		Peak:    median(column(list, func(m measures) float64 { return m.Peak })),
	}
}

// row is one measure of both.
type row struct {
	name  string
	value func(m measures) float64
	// less says that the smaller value is the better one.
	less bool
}

// rows lists what the table has, in the order in which people ask for it.
func (c *comparison) rows() []row {
	var rows []row
	for _, n := range c.lengths(func(m measures) map[string]float64 { return m.Prefill }) {
		rows = append(rows, row{"prompt of " + n + ", tokens/s", func(m measures) float64 { return m.Prefill[n] }, false})
	}
	for _, n := range c.lengths(func(m measures) map[string]float64 { return m.Decode }) {
		// Lengths that only one of them measured show 0 for the other, and are not
		// left out.
		rows = append(rows, row{"tokens after " + n + ", tokens/s", func(m measures) float64 { return m.Decode[n] }, false})
	}
	return append(rows,
		row{"load, ms", func(m measures) float64 { return m.Load }, true},
		row{"first token, ms", func(m measures) float64 { return m.First }, true},
		row{"load and first token, ms", func(m measures) float64 { return m.Load + m.First }, true},
		row{"most memory, MiB", func(m measures) float64 { return m.Peak }, true})
}

// lengths returns the lengths that either program measured, in rising order.
func (c *comparison) lengths(of func(m measures) map[string]float64) []string {
	all := map[string]bool{}
	for _, m := range slices.Concat(c.own, c.peer) {
		for n := range of(m) {
			all[n] = true
		}
	}
	number := func(s string) int {
		n, _ := strconv.Atoi(s) // what is no number comes first
		return n
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Compare(number(a), number(b)) })
}

// table prints medians, their ratio, and the ratio's range over the rounds. A
// ratio above 1 is in this project's favour.
func (c *comparison) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, threads %s, rounds %d\n", c.model, c.threads, len(c.own))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\tcoreml\t%s\tratio\tof rounds\t\n", c.peerName)
	for _, r := range c.rows() {
		own, peer := column(c.own, r.value), column(c.peer, r.value)
		ratios := make([]float64, min(len(own), len(peer)))
		for i := range ratios {
			ratios[i] = r.ratio(own[i], peer[i])
		}
		if len(ratios) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%.2f to %.2f\t\n", r.name, digits(median(own)), digits(median(peer)),
			r.ratio(median(own), median(peer)), slices.Min(ratios), slices.Max(ratios))
	}
	_ = w.Flush() // a Builder takes every write
	return b.String()
}

func (r row) ratio(own, peer float64) float64 {
	if r.less {
		own, peer = peer, own
	}
	// A measure that one of them does not have.
	if peer <= 0 {
		return 0
	}
	return own / peer
}

func column(list []measures, value func(m measures) float64) []float64 {
	var v []float64
	for _, m := range list {
		v = append(v, value(m))
	}
	return v
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	mid := len(v) / 2
	if len(v)%2 == 0 {
		return (v[mid-1] + v[mid]) / 2
	}
	return v[mid]
}

// digits keeps three.
func digits(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
