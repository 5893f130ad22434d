// Command figure draws what bench/peers and `coreml bench --profile --json`
// measured:
//
//	figure -peers peers.jsonl -profile profile.json -out docs/speed.svg
//
// On the left are tokens per second against the length of the text before, on
// the right the time that each kind of operation takes of a token.
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
	left, err := decodePlot(*peers, *model)
	if err != nil {
		return err
	}
	right, err := profilePlot(*profile)
	if err != nil {
		return err
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return render(f, left, right)
}

// render writes the two plots side by side.
func render(w io.Writer, left, right *plot.Plot) error {
	// As wide as the page of docs/benchmarks, at a size at which its text can be
	// read.
	const width, height = 30 * vg.Centimeter, 11 * vg.Centimeter
	c := vgsvg.New(width, height)
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Centimeter, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 12}
	area := draw.New(c)
	canvases := plot.Align([][]*plot.Plot{{left, right}}, tiles, area)
	left.Draw(canvases[0][0])
	right.Draw(canvases[0][1])
	_, err := c.WriteTo(w)
	return err
}
