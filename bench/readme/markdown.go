package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/bench/internal/results"
)

// markdown is a paragraph about the machine and the rounds, and a table for each
// model. Records of several machines are told apart.
func markdown(records []*results.Record) string {
	var b strings.Builder
	for _, same := range groups(records, func(r *results.Record) string { return r.Machine.String() }) {
		b.WriteString(about(same))
		for _, model := range groups(same, func(r *results.Record) string { return r.Model }) {
			writeTable(&b, model)
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// groups puts records with the same key together, in the order of the first of each.
func groups(records []*results.Record, key func(r *results.Record) string) [][]*results.Record {
	var keys []string
	by := map[string][]*results.Record{}
	for _, r := range records {
		k := key(r)
		if by[k] == nil {
			keys = append(keys, k)
		}
		by[k] = append(by[k], r)
	}
	var list [][]*results.Record
	for _, k := range keys {
		list = append(list, by[k])
	}
	return list
}

// about says which machine it was and how quiet.
func about(records []*results.Record) string {
	least, most, noisy := records[0].Rounds(), records[0].Rounds(), 0.0
	sets := map[string]bool{}
	var spreads []float64
	for _, r := range records {
		least, most, noisy = min(least, r.Rounds()), max(most, r.Rounds()), max(noisy, r.Noise())
		for _, m := range r.Programs[0].Rounds {
			sets[m.Instructions] = true
		}
		for _, m := range results.MeasuresOf(r) {
			for i := range r.Programs {
				if !m.Less {
					spreads = append(spreads, m.Spread(&r.Programs[i]))
				}
			}
		}
	}
	rounds := fmt.Sprint(least)
	if most > least {
		rounds = fmt.Sprintf("%d to %d", least, most)
	}
	text := fmt.Sprintf("\nMedians of %s rounds, in each of which every program ran once on the same 4-bit weights, on %s.", rounds, records[0].Machine)
	delete(sets, "")
	if len(sets) > 0 {
		text += fmt.Sprintf(" This project's kernels: %s.", strings.Join(sorted(sets), ", "))
	}
	return text + fmt.Sprintf(`
Figures in the rows with bold heads are this project's; those below say how many times better they are than another program's:
above 1 this project is faster, or uses less memory. What was not measured had %.2f cores of the machine at most; the rounds of a
rate lay within %.0f %% of each other in the middle, %.0f %% at worst.
`, noisy, 100*results.Median(spreads), 100*slices.Max(spreads))
}

func sorted(set map[string]bool) []string {
	var v []string
	for k := range set {
		v = append(v, k)
	}
	slices.Sort(v)
	return v
}

// leftOut are measures that stand for others: one token of a prompt is a token, and
// nobody waits for a first token alone.
var leftOut = map[string]bool{"prompt 1": true, "first token": true}

// writeTable has two kinds of rows for each number of threads: this project's
// figures, and how many times better they are than another program's.
func writeTable(b *strings.Builder, records []*results.Record) {
	measures := slices.DeleteFunc(results.MeasuresOf(records...), func(m results.Measure) bool { return leftOut[m.Short] })
	fmt.Fprintf(b, "\n| %s |", records[0].Model)
	for _, m := range measures {
		fmt.Fprintf(b, " %s |", m.Short)
	}
	fmt.Fprintf(b, "\n|%s\n", strings.Repeat("---|", len(measures)+1))
	for _, r := range records {
		own := &r.Programs[0]
		how := r.Threads + " threads"
		if r.Threads == "1" {
			how = "1 thread"
		}
		if a := r.Arithmetic(); a != "" {
			how = a + ", " + how
		}
		fmt.Fprintf(b, "| **%s** |", how)
		for _, m := range measures {
			fmt.Fprintf(b, " %s |", known(m.Median(own), results.Digits(m.Median(own))+" "+m.Unit))
		}
		b.WriteString("\n")
		for i := 1; i < len(r.Programs); i++ {
			p := &r.Programs[i]
			fmt.Fprintf(b, "| against %s |", p.Name)
			for _, m := range measures {
				ratio := m.Ratio(m.Median(own), m.Median(p))
				fmt.Fprintf(b, " %s |", known(ratio, times(ratio)))
			}
			b.WriteString("\n")
		}
	}
}

// times keeps of a ratio what rounds have in common.
func times(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

// known is a dash for what a program has not measured.
func known(v float64, text string) string {
	if v == 0 {
		return "-"
	}
	return text
}
