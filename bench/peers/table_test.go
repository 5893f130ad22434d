package main

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/results"
)

func TestTheTableHoldsMediansSpreadsAndRatios(t *testing.T) {
	line := func(prefill, decode, load string, others float64) results.Measures {
		m, err := results.ReadMeasures("noise\n" + `{"load_ms":` + load + `,"first_token_ms":10,"prefill":{"128":` + prefill + `},"decode":{"0":` + decode + `},"peak_rss_mib":50}` + "\n")
		if err != nil {
			t.Fatal(err)
		}
		m.Others = others
		return m
	}
	still := line("100", "40", "20", 0)
	r := &results.Record{
		Model: "small", Threads: "2", LoadAverage: 1.5, Waited: 12,
		Programs: []results.Program{
			{Name: "coreml", Rounds: []results.Measures{line("300", "20", "5", 0.1), line("100", "10", "5", 0.7), line("200", "60", "5", 0.2)}},
			{Name: "other", Rounds: []results.Measures{still, still, still}},
		},
	}
	var got []string
	for l := range strings.Lines(table(r)) {
		got = append(got, strings.Join(strings.Fields(l), " "))
	}
	want := []string{
		"", "small, threads 2, rounds 3",
		"other programs had 0.05 cores in the median round and 0.70 in the worst; load average 1.50 before, waited 12 s",
		"median spread ratio of rounds",
		"prompt of 128, tokens/s coreml 200 100 %", "other 100 0 % 2.00 1.00 to 3.00",
		"tokens after 0, tokens/s coreml 20 250 %", "other 40 0 % 0.50 0.25 to 1.50",
		"load, ms coreml 5 0 %", "other 20 0 % 4.00 4.00 to 4.00",
		"first token, ms coreml 10 0 %", "other 10 0 % 1.00 1.00 to 1.00",
		"load and first token, ms coreml 15 0 %", "other 30 0 % 2.00 2.00 to 2.00",
		"most memory, MiB coreml 50 0 %", "other 50 0 % 1.00 1.00 to 1.00",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
