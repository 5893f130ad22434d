package main

import (
	"strings"
	"testing"
)

func TestTheTableHoldsMediansAndRatios(t *testing.T) {
	line := func(prefill, decode, load string) measures {
		m, err := readMeasures("noise\n" + `{"load_ms":` + load + `,"first_token_ms":10,"prefill":{"128":` + prefill + `},"decode":{"0":` + decode + `},"peak_rss_mib":50}` + "\n")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	c := comparison{
		model: "small", threads: "2", peerName: "other",
		own:  []measures{line("300", "20", "5"), line("100", "10", "5"), line("200", "60", "5")},
		peer: []measures{line("100", "40", "20"), line("100", "40", "20"), line("100", "40", "20")},
	}
	var got []string
	for l := range strings.Lines(c.table()) {
		got = append(got, strings.Join(strings.Fields(l), " "))
	}
	want := []string{
		"", "small, threads 2, rounds 3", "coreml other ratio of rounds",
		"prompt of 128, tokens/s 200 100 2.00 1.00 to 3.00",
		"tokens after 0, tokens/s 20 40 0.50 0.25 to 1.50",
		"load, ms 5 20 4.00 4.00 to 4.00",
		"first token, ms 10 10 1.00 1.00 to 1.00",
		"load and first token, ms 15 30 2.00 2.00 to 2.00",
		"most memory, MiB 50 50 1.00 1.00 to 1.00",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLengthsRiseAsNumbers(t *testing.T) {
	c := comparison{own: []measures{{Prefill: map[string]float64{"512": 1, "32": 1, "128": 1}}}}
	if got := strings.Join(c.lengths(func(m measures) map[string]float64 { return m.Prefill }), " "); got != "32 128 512" {
		t.Errorf("got %s", got)
	}
}

func TestOutputWithoutMeasuresIsAnError(t *testing.T) {
	for _, out := range []string{"", "done\n", "{\"load_ms\":1}\ndone\n"} {
		if _, err := readMeasures(out); err == nil {
			t.Errorf("%q was read", out)
		}
	}
}

func TestACommandIsFilledWithWhatIsMeasured(t *testing.T) {
	o := options{run: "env  GOMAXPROCS={threads} timer -data models/{model}.hf -p {prefill} -d {decode} -n={tokens}", prefill: "1", decode: "0,512", tokens: 16}
	got := strings.Join(o.command("small model", "2"), "|")
	if want := "env|GOMAXPROCS=2|timer|-data|models/small model.hf|-p|1|-d|0,512|-n=16"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
