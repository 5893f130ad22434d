package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/results"
)

const machineJSON = `"machine":{"cpu":"C, model 7","flags":["avx2"],"cores":2}`

const peerLines = `{"model":"a","threads":"1",` + machineJSON + `,"programs":[` +
	`{"name":"coreml","rounds":[{"decode":{"0":10,"512":8}},{"decode":{"0":12,"512":9}},{"decode":{"0":11,"512":7}}]},` +
	`{"name":"other","rounds":[{"decode":{"0":9,"512":5}},{"decode":{"0":9,"512":5}},{"decode":{"0":9,"512":5}}]},` +
	`{"name":"third","rounds":[{"decode":{"0":8}},{"decode":{"0":8}},{"decode":{"0":8}}]}]}
{"model":"b","threads":"1",` + machineJSON + `,"programs":[{"name":"coreml","rounds":[{"decode":{"0":1}}]},{"name":"other","rounds":[{"decode":{"0":2}}]}]}
{"model":"a","threads":"2",` + machineJSON + `,"programs":[{"name":"coreml","rounds":[{"decode":{"0":20,"512":15}}]},{"name":"other","rounds":[{"decode":{"0":18,"512":9}}]}]}
`

const profileLine = `noise
{"cpu":"C","profile":[{"phase":"prompt of 4","tokens":4,"ms":8,"kinds":[{"operator":"linear","ms":3},{"operator":"linears","ms":1},{"operator":"sin","ms":2}]}]}
`

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// drawn is the figure of a model of peerLines.
func drawn(t *testing.T, model string) []byte {
	t.Helper()
	plots, err := decodePlots(file(t, peerLines), model)
	if err != nil {
		t.Fatal(err)
	}
	costs, err := profilePlot(file(t, profileLine))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := render(&b, "C, model 7", append(plots, costs)...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheFigureNamesWhatItShows(t *testing.T) {
	figure := string(drawn(t, "a"))
	for _, want := range []string{"coreml", "other", "third", "1 thread", "2 threads", "tokens before", "prompt of 4", "attention", "median of 3", "C, model 7"} {
		if !strings.Contains(figure, want) {
			t.Errorf("the figure does not say %q", want)
		}
	}
}

func TestSharesAddUpToTheToken(t *testing.T) {
	phases, err := readProfile(file(t, profileLine))
	if err != nil {
		t.Fatal(err)
	}
	v := phases[0].shares()
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	if v[0] != 1 || v[len(v)-1] != 1 || sum != 2 {
		t.Errorf("shares %v: want 1 for linears, 1 for everything else, 2 together", v)
	}
}

func TestWhatCannotBeDrawnIsAnError(t *testing.T) {
	for name, try := range map[string]func() error{
		"no such file":  func() error { _, err := decodePlots(filepath.Join(t.TempDir(), "none"), "a"); return err },
		"no such model": func() error { _, err := decodePlots(file(t, peerLines), "c"); return err },
		"not JSON":      func() error { _, err := decodePlots(file(t, "{"), "a"); return err },
		"no profile":    func() error { _, err := profilePlot(file(t, "{}")); return err },
		"no number": func() error {
			_, err := decodePlots(file(t, `{"model":"a","programs":[{"rounds":[{"decode":{"x":1}}]}]}`), "a")
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPointsAreMediansAndRiseAsNumbers(t *testing.T) {
	got, err := points(&results.Program{Rounds: []results.Measures{
		{Decode: map[string]float64{"512": 5, "0": 10, "1024": 4, "64": 8}},
		{Decode: map[string]float64{"512": 7, "0": 30}},
		{Decode: map[string]float64{"512": 6, "0": 20}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]float64{{0, 20}, {64, 8}, {512, 6}, {1024, 4}} {
		if got[i].X != want[0] || got[i].Y != want[1] {
			t.Errorf("point %d is %v, want %v", i, got[i], want)
		}
	}
	if highest(got) != 20 || highest(nil) != 0 {
		t.Errorf("the highest of %v is %v", got, highest(got))
	}
}

func TestPartsThatComeToMoreThanTheWholeLeaveNothing(t *testing.T) {
	phases, err := readProfile(file(t, `{"profile":[{"phase":"p","tokens":0,"ms":2,"kinds":[{"operator":"linear","ms":3}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	// A phase of no tokens is not divided by them.
	if v := phases[0].shares(); v[0] != 3 || v[len(v)-1] != 0 {
		t.Errorf("shares %v", v)
	}
}

// TestTheFigureIsADrawingThatBrowsersTake looks at what a page of documentation
// depends on: well-formed XML, of a size of its own.
func TestTheFigureIsADrawingThatBrowsersTake(t *testing.T) {
	var svg struct {
		XMLName xml.Name
		Width   string `xml:"width,attr"`
	}
	if err := xml.Unmarshal(drawn(t, "b"), &svg); err != nil || svg.XMLName.Local != "svg" || svg.Width == "" {
		t.Errorf("%+v, %v", svg, err)
	}
}
