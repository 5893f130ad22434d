package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const peerLines = `{"model":"a","threads":"1","rounds":3,"cpu":"C","coreml":{"decode":{"0":10,"512":8}},"llama.cpp":{"decode":{"0":9,"512":5}}}
{"model":"b","threads":"1","rounds":3,"cpu":"C","coreml":{"decode":{"0":1}},"llama.cpp":{"decode":{"0":2}}}
{"model":"a","threads":"2","rounds":3,"cpu":"C","coreml":{"decode":{"0":20,"512":15}},"llama.cpp":{"decode":{"0":18,"512":9}}}
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

func TestTheFigureNamesWhatItShows(t *testing.T) {
	left, err := decodePlot(file(t, peerLines), "a")
	if err != nil {
		t.Fatal(err)
	}
	right, err := profilePlot(file(t, profileLine))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := render(&b, left, right); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"coreml, 1 thread", "llama.cpp, 2 threads", "tokens before", "prompt of 4", "attention", "median of 3"} {
		if !strings.Contains(b.String(), want) {
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
		"no such file":  func() error { _, err := decodePlot(filepath.Join(t.TempDir(), "none"), "a"); return err },
		"no such model": func() error { _, err := decodePlot(file(t, peerLines), "c"); return err },
		"not JSON":      func() error { _, err := decodePlot(file(t, "{"), "a"); return err },
		"no profile":    func() error { _, err := profilePlot(file(t, "{}")); return err },
		"no number": func() error {
			_, err := decodePlot(file(t, `{"model":"a","coreml":{"decode":{"x":1}}}`), "a")
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTheNewestRecordOfANumberOfThreadsCounts(t *testing.T) {
	again := `{"model":"a","threads":"1","rounds":5,"cpu":"D","coreml":{"decode":{"0":11}},"llama.cpp":{"decode":{"0":12}}}` + "\n"
	list, err := readRecords(file(t, peerLines+again), "a")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Threads != "2" || list[1].Rounds != 5 || list[1].Own.Decode["0"] != 11 {
		t.Errorf("records %+v", list)
	}
}

func TestPointsRiseAsNumbers(t *testing.T) {
	got, err := points(map[string]float64{"512": 5, "0": 10, "1024": 4, "64": 8})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]float64{{0, 10}, {64, 8}, {512, 5}, {1024, 4}} {
		if got[i].X != want[0] || got[i].Y != want[1] {
			t.Errorf("point %d is %v, want %v", i, got[i], want)
		}
	}
	if highest(got) != 10 || highest(nil) != 0 {
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
// depends on: well-formed XML, of a size of its own, with both plots in it.
func TestTheFigureIsADrawingThatBrowsersTake(t *testing.T) {
	left, err := decodePlot(file(t, peerLines), "b")
	if err != nil {
		t.Fatal(err)
	}
	right, err := profilePlot(file(t, profileLine))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := render(&b, left, right); err != nil {
		t.Fatal(err)
	}
	var svg struct {
		XMLName xml.Name
		Width   string `xml:"width,attr"`
	}
	if err := xml.Unmarshal(b.Bytes(), &svg); err != nil || svg.XMLName.Local != "svg" || svg.Width == "" {
		t.Errorf("%+v, %v", svg, err)
	}
}
