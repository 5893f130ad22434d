package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// phase is one phase of `coreml bench --profile --json`.
type phase struct {
	Phase  string  `json:"phase"`
	Tokens int     `json:"tokens"`
	MS     float64 `json:"ms"`
	Kinds  []struct {
		Operator string  `json:"operator"`
		MS       float64 `json:"ms"`
	} `json:"kinds"`
}

// readProfile reads the last line of what bench printed: what a shell or a script
// printed before it is left out.
func readProfile(path string) ([]phase, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var b struct {
		Profile []phase `json:"profile"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(b.Profile) == 0 {
		return nil, fmt.Errorf("%s holds no profile", path)
	}
	return b.Profile, nil
}

// classes are the kinds of operation that the figure tells apart; what is left
// is "everything else".
//
// Operators come in the names of the package and in those of the engine's own fused
// steps. A dozen bars would be too many to read.
var classes = []struct {
	name      string
	operators []string
}{
	{"linears", []string{"linear", "linears"}},
	{"attention", []string{"attention", "scaled_dot_product_attention"}},
	{"gate", []string{"gated", "silu", "gelu"}},
	{"rotary", []string{"rotary"}},
	{"norm", []string{"rms_norm", "layer_norm"}},
	{"cache", []string{"slice_update", "read_state", "write_state"}},
}

// shares returns the milliseconds per token of each class, and of everything
// else last.
func (p *phase) shares() plotter.Values {
	v := make(plotter.Values, len(classes)+1)
	// The time outside of all steps counts as "everything else" too: the bars of a
	// phase add up to a token.
	rest := p.MS
	for i, c := range classes {
		for _, k := range p.Kinds {
			for _, o := range c.operators {
				if k.Operator == o {
					v[i] += k.MS
				}
			}
		}
		rest -= v[i]
	}
	// Rounding of the parts may come to a little more than the whole.
	v[len(classes)] = max(rest, 0)
	for i := range v {
		v[i] /= float64(max(p.Tokens, 1))
	}
	return v
}

// profilePlot draws the time per token by class of operation, a group of bars for
// each phase.
func profilePlot(path string) (*plot.Plot, error) {
	phases, err := readProfile(path)
	if err != nil {
		return nil, err
	}
	p := plot.New()
	p.Title.Text = "where the time of a token goes, 1 thread"
	p.Y.Label.Text = "ms per token"
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left = true, true
	// A group is as wide as one bar would be, whatever the number of phases.
	width := vg.Points(44) / vg.Length(len(phases))
	for i := range phases {
		shares := phases[i].shares()
		p.Y.Max = max(p.Y.Max, 1.25*slices.Max(shares)) // room for the legend
		bars, err := plotter.NewBarChart(shares, width)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		bars.LineStyle.Width = 0
		bars.Color = colours[i%len(colours)]
		bars.Offset = width * (vg.Length(i) - vg.Length(len(phases)-1)/2)
		// Adding bars sets the scale by them, without room for the legend.
		top := p.Y.Max
		p.Add(bars)
		p.Y.Max = top
		p.Legend.Add(phases[i].Phase, bars)
	}
	var names []string
	for _, c := range classes {
		names = append(names, c.name)
	}
	p.NominalX(append(names, "else")...)
	return p, nil
}
