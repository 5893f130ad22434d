package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// record is a line of peers -save.
//
// It has the fields that are drawn; others, such as those of memory, are for the
// tables.
type record struct {
	Model   string `json:"model"`
	Threads string `json:"threads"`
	Rounds  int    `json:"rounds"`
	CPU     string `json:"cpu"`
	Own     rates  `json:"coreml"`
	Peer    rates  `json:"llama.cpp"`
}

// rates are tokens per second by the length of the text before, as JSON has them.
type rates struct {
	Decode map[string]float64 `json:"decode"`
}

// readRecords returns the records of a model; of several for one number of
// threads the last.
func readRecords(path, model string) ([]record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []record
	s := bufio.NewScanner(f)
	// The file is added to by each measurement, so that the last line for a number
	// of threads is the newest.
	for s.Scan() {
		var r record
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if r.Model != model {
			continue
		}
		list = slices.DeleteFunc(list, func(o record) bool { return o.Threads == r.Threads })
		list = append(list, r)
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no record of %s", path, model)
	}
	return list, nil
}

// points turns rates by length into points in rising order.
func points(m map[string]float64) (plotter.XYs, error) {
	var p plotter.XYs
	for n, v := range m {
		x, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("length %q: %w", n, err)
		}
		p = append(p, plotter.XY{X: float64(x), Y: v})
	}
	// A map has no order, and a line through points in any other is a scribble.
	slices.SortFunc(p, func(a, b plotter.XY) int { return int(a.X - b.X) })
	return p, nil
}

var (
	// Blue and vermilion of Okabe and Ito's palette, which people with any kind of
	// colour vision tell apart; a print in grey does, too.
	ownColour  = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	peerColour = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
)

// decodePlot draws single tokens per second against the text before them: a line
// for each program and number of threads, dashed for one thread.
func decodePlot(path, model string) (*plot.Plot, error) {
	list, err := readRecords(path, model)
	if err != nil {
		return nil, err
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s, int4, %s, median of %d", model, list[0].CPU, list[0].Rounds)
	p.X.Label.Text, p.Y.Label.Text = "tokens before", "tokens per second"
	// A rate of half the height is half the rate.
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for _, r := range list {
		name := r.Threads + " threads"
		if r.Threads == "1" {
			name = "1 thread"
		}
		for _, line := range []struct {
			who    string
			rates  map[string]float64
			colour color.Color
		}{{"coreml", r.Own.Decode, ownColour}, {"llama.cpp", r.Peer.Decode, peerColour}} {
			xy, err := points(line.rates)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			// Dots as well, since between the measured lengths the line is a guess.
			l, dots, err := plotter.NewLinePoints(xy)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			l.Color, dots.Color, l.Width = line.colour, line.colour, vg.Points(1.5)
			if r.Threads == "1" {
				l.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
			}
			p.Add(l, dots)
			p.Legend.Add(line.who+", "+name, l, dots)
			p.Y.Max = max(p.Y.Max, highest(xy)*1.35) // room for the legend
		}
	}
	return p, nil
}

// highest is the largest rate, 0 of none.
func highest(p plotter.XYs) float64 {
	top := 0.0
	for _, q := range p {
		top = max(top, q.Y)
	}
	return top
}
