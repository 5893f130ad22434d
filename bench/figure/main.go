// Command figure draws what bench/peers and `coreml bench --profile --json`
// measured:
//
//	figure -peers peers.jsonl -profile profile.json -out docs/speed.svg
//
// On the left are tokens per second against the length of the text before, a plot for
// each number of threads; on the right is the time that each kind of operation takes
// of a token. The processor is named below.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "figure: %v\n", err)
		os.Exit(1)
	}
}

// run draws both plots before it makes the file: a mistake leaves the old one
// alone.
func run() (err error) {
	peers := flag.String("peers", "", "the lines that peers -save wrote")
	profile := flag.String("profile", "", "what coreml bench --profile --json printed")
	model := flag.String("model", "smollm2-135m", "the model to show")
	out := flag.String("out", "speed.svg", "the file to write")
	flag.Parse()
	list, err := readRecords(*peers, *model)
	if err != nil {
		return err
	}
	plots, err := decodePlots(*peers, *model)
	if err != nil {
		return err
	}
	costs, err := profilePlot(*profile)
	if err != nil {
		return err
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return render(f, list[0].Machine.String(), append(plots, costs)...)
}

// render writes the plots side by side, with a line of text below.
func render(w io.Writer, below string, plots ...*plot.Plot) error {
	// At a size at which the text of each can be read.
	width, height := vg.Length(len(plots))*14*vg.Centimeter, 11*vg.Centimeter
	const line = 16 // points
	c := vgsvg.New(width, height+line)
	tiles := draw.Tiles{Rows: 1, Cols: len(plots), PadX: vg.Centimeter, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 12}
	whole := draw.New(c)
	area := draw.Crop(whole, 0, 0, line, 0)
	canvases := plot.Align([][]*plot.Plot{plots}, tiles, area)
	for i, p := range plots {
		p.Draw(canvases[0][i])
	}
	style := plots[0].X.Label.TextStyle
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	whole.FillText(style, vg.Point{X: 6, Y: 4}, below)
	_, err := c.WriteTo(w)
	return err
}
