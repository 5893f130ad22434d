package results_test

import (
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/results"
)

func rates(v ...float64) []results.Measures {
	var list []results.Measures
	for _, x := range v {
		list = append(list, results.Measures{Arithmetic: "fast", Load: x, Decode: map[string]float64{"0": x}})
	}
	return list
}

func TestTheNewestRecordOfAModelAndNumberOfThreadsCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	for _, r := range []*results.Record{
		{Model: "a", Threads: "1", Programs: []results.Program{{Name: "coreml", Rounds: rates(1)}}},
		{Model: "a", Threads: "2", Programs: []results.Program{{Name: "coreml", Rounds: rates(2)}}},
		{Model: "a", Threads: "1", Programs: []results.Program{{Name: "coreml", Rounds: rates(3)}}},
		{Model: "b", Threads: "1", Programs: []results.Program{{Name: "coreml", Rounds: rates(4)}}},
	} {
		if err := results.Append(path, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var loads []float64
	for _, r := range got {
		loads = append(loads, r.Programs[0].Rounds[0].Load)
	}
	if len(loads) != 3 || loads[0] != 2 || loads[1] != 3 || loads[2] != 4 {
		t.Errorf("read %v, want 2, 3 and 4", loads)
	}
	if err := results.Append(filepath.Join(path, "x"), got[0]); err == nil {
		t.Error("a file below a file was written")
	}
	if err := results.Append(path, &results.Record{Model: "empty"}); err != nil {
		t.Fatal(err)
	}
	if _, err := results.Read(path); err == nil {
		t.Error("a record without rounds was read")
	}
}

func TestARatioAboveOneIsInThisProjectsFavour(t *testing.T) {
	for _, c := range []struct {
		what      string
		less      bool
		own, peer float64
		want      float64
	}{
		{"more tokens a second", false, 30, 10, 3},
		{"fewer milliseconds", true, 10, 30, 3},
		{"fewer tokens a second", false, 10, 40, 0.25},
		{"what the other one did not measure", false, 10, 0, 0},
		{"what this one did not measure", true, 0, 10, 0},
	} {
		m := results.Measure{Less: c.less}
		if got := m.Ratio(c.own, c.peer); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestMediansAndSpreads(t *testing.T) {
	load := results.Measure{Value: func(m *results.Measures) float64 { return m.Load }}
	for _, c := range []struct {
		rounds         []float64
		median, spread float64
	}{{nil, 0, 0}, {[]float64{4}, 4, 0}, {[]float64{6, 2, 5}, 5, 0.8}, {[]float64{1, 3}, 2, 1}} {
		p := &results.Program{Rounds: rates(c.rounds...)}
		if load.Median(p) != c.median || load.Spread(p) != c.spread {
			t.Errorf("%v: median %v, spread %v", c.rounds, load.Median(p), load.Spread(p))
		}
	}
}

func TestLengthsRiseAsNumbersAndAreThoseOfAll(t *testing.T) {
	r := &results.Record{Programs: []results.Program{
		{Rounds: []results.Measures{{Prefill: map[string]float64{"512": 1, "32": 1}}}},
		{Rounds: []results.Measures{{Prefill: map[string]float64{"128": 1}}}},
	}}
	list := results.MeasuresOf(r)
	for i, want := range []string{"prompt of 32", "prompt of 128", "prompt of 512", "load"} {
		if list[i].Name != want {
			t.Errorf("measure %d is %s, want %s", i, list[i].Name, want)
		}
	}
}

func TestOutputWithoutMeasuresIsAnError(t *testing.T) {
	for _, out := range []string{"", "done\n", "{\"load_ms\":1}\ndone\n"} {
		if _, err := results.ReadMeasures(out); err == nil {
			t.Errorf("%q was read", out)
		}
	}
}
