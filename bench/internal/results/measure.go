package results

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Measure is one of the figures of a round.
type Measure struct {
	// Name and Unit say what it is, Short as the head of a column.
	Name, Unit, Short string
	Value             func(m *Measures) float64
	// Less says that the smaller value is the better one.
	Less bool
}

// MeasuresOf lists what the programs of records measured, in the order in which people
// ask for it. A length that only one of them measured is listed too.
func MeasuresOf(records ...*Record) []Measure {
	var list []Measure
	for _, n := range lengths(records, func(m *Measures) map[string]float64 { return m.Prefill }) {
		list = append(list, Measure{"prompt of " + n, "tokens/s", "prompt " + n, func(m *Measures) float64 { return m.Prefill[n] }, false})
	}
	for _, n := range lengths(records, func(m *Measures) map[string]float64 { return m.Decode }) {
		list = append(list, Measure{"tokens after " + n, "tokens/s", "token at " + n, func(m *Measures) float64 { return m.Decode[n] }, false})
	}
	return append(list,
		Measure{"load", "ms", "load", func(m *Measures) float64 { return m.Load }, true},
		Measure{"first token", "ms", "first token", func(m *Measures) float64 { return m.First }, true},
		Measure{"load and first token", "ms", "load and first token", func(m *Measures) float64 { return m.Load + m.First }, true},
		Measure{"most memory", "MiB", "memory", func(m *Measures) float64 { return m.Peak }, true})
}

// lengths returns the lengths that any program measured, in rising order.
func lengths(records []*Record, of func(m *Measures) map[string]float64) []string {
	all := map[string]bool{}
	for _, r := range records {
		for _, p := range r.Programs {
			for i := range p.Rounds {
				for n := range of(&p.Rounds[i]) {
					all[n] = true
				}
			}
		}
	}
	number := func(s string) int {
		n, _ := strconv.Atoi(s) // what is no number comes first
		return n
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Compare(number(a), number(b)) })
}

// Values are a measure of each round.
func (m *Measure) Values(p *Program) []float64 {
	var v []float64
	for i := range p.Rounds {
		v = append(v, m.Value(&p.Rounds[i]))
	}
	return v
}

// Median is the middle of a measure's rounds.
func (m *Measure) Median(p *Program) float64 { return Median(m.Values(p)) }

// Spread is the range of a measure's rounds as a part of their median, 0 of none.
func (m *Measure) Spread(p *Program) float64 {
	v := m.Values(p)
	if mid := Median(v); mid > 0 {
		return (slices.Max(v) - slices.Min(v)) / mid
	}
	return 0
}

// Ratio is how much better own is than peer: above 1 it is. It is 0 when one of them
// is not known.
func (m *Measure) Ratio(own, peer float64) float64 {
	if m.Less {
		own, peer = peer, own
	}
	if peer <= 0 {
		return 0
	}
	return own / peer
}

// Ratios are those of the rounds that both programs have.
func (m *Measure) Ratios(own, peer *Program) []float64 {
	a, b := m.Values(own), m.Values(peer)
	v := make([]float64, min(len(a), len(b)))
	for i := range v {
		v[i] = m.Ratio(a[i], b[i])
	}
	return v
}

// Median returns the middle value, 0 of none.
//
// It need not be of the same round for each measure: a round that was slow to load
// may have been the median for everything else.
func Median(v []float64) float64 {
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

// Digits keeps three.
func Digits(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
