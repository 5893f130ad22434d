package main

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gocoreml/coreml/bench/internal/results"
)

// readRecords returns the records of a model.
func readRecords(path, model string) ([]*results.Record, error) {
	list, err := results.Read(path)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r *results.Record) bool { return r.Model != model })
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no record of %s", path, model)
	}
	return list, nil
}

// points are the medians of a program's single tokens by length, in rising order.
func points(p *results.Program) (plotter.XYs, error) {
	each := map[string][]float64{}
	for _, m := range p.Rounds {
		for n, v := range m.Decode {
			each[n] = append(each[n], v)
		}
	}
	var xy plotter.XYs
	for n, v := range each {
		x, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("length %q: %w", n, err)
		}
		xy = append(xy, plotter.XY{X: float64(x), Y: results.Median(v)})
	}
	// A map has no order, and a line through points in any other is a scribble.
	slices.SortFunc(xy, func(a, b plotter.XY) int { return int(a.X - b.X) })
	return xy, nil
}

// colours are of Okabe and Ito's palette, which people with any kind of colour vision
// tell apart. This project's is the first; the shapes of the dots tell the programs
// apart in a print in grey.
var (
	colours = []color.Color{
		color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, // blue
		color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, // vermilion
		color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, // green
		color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, // purple
		color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, // orange
	}
	shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.BoxGlyph{}, draw.RingGlyph{}}
)

// decodePlots draws single tokens per second against the text before them: a plot for
// each number of threads, a line in it for each program.
func decodePlots(path, model string) ([]*plot.Plot, error) {
	list, err := readRecords(path, model)
	if err != nil {
		return nil, err
	}
	var plots []*plot.Plot
	for _, r := range list {
		p, err := decodePlot(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		plots = append(plots, p)
	}
	return plots, nil
}

func decodePlot(r *results.Record) (*plot.Plot, error) {
	p := plot.New()
	threads := r.Threads + " threads"
	if r.Threads == "1" {
		threads = "1 thread"
	}
	p.Title.Text = fmt.Sprintf("%s, int4, %s, median of %d", r.Model, threads, r.Rounds())
	p.X.Label.Text, p.Y.Label.Text = "tokens before", "tokens per second"
	// A rate of half the height is half the rate.
	p.Y.Min = 0
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	top := 0.0
	for i := range r.Programs {
		xy, err := points(&r.Programs[i])
		if err != nil {
			return nil, err
		}
		// Dots as well, since between the measured lengths the line is a guess.
		l, dots, err := plotter.NewLinePoints(xy)
		if err != nil {
			return nil, err
		}
		colour := colours[i%len(colours)]
		l.Color, dots.Color, l.Width, dots.Shape = colour, colour, vg.Points(1.5), shapes[i%len(shapes)]
		p.Add(l, dots)
		p.Legend.Add(r.Programs[i].Name, l, dots)
		top = max(top, highest(xy))
	}
	p.Y.Max = top * (1.1 + 0.1*float64(len(r.Programs))) // room for the legend
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
