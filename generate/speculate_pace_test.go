package generate_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// The times of predictions of 1 to 8 tokens, in microseconds, as two cores of an Intel
// with AVX-512 took them. The storyteller gains nothing before eight.
var predictionTimes = map[string][]time.Duration{
	"smollm2":     {0, 5040, 6270, 7700, 9080, 13000, 14000, 14500, 14700},
	"storyteller": {0, 150, 235, 324, 480, 560, 620, 660, 700},
}

// draftText is an element of testdata/speculation.json.
type draftText struct {
	Name, Model    string
	Temperature    float64
	Prompt, Tokens []int
}

func draftTexts(t testing.TB) []draftText {
	t.Helper()
	data, err := os.ReadFile("testdata/speculation.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts []draftText
	if err := json.Unmarshal(data, &texts); err != nil || len(texts) == 0 {
		t.Fatalf("%d texts: %v", len(texts), err)
	}
	return texts
}

// TestDraftsPay writes recorded texts again over predictions whose times are given, so
// that the figures are those of the policy alone, on every machine.
func TestDraftsPay(t *testing.T) {
	for _, x := range draftTexts(t) {
		var known generate.Costs
		for _, when := range []string{"first", "later"} {
			plain, drafted, stats := generate.ReplayDrafts(&known, x.Prompt, x.Tokens, predictionTimes[x.Model])
			gain := float64(plain) / float64(drafted)
			t.Logf("%s, %s at temperature %v, %s: %.2f times plain, %+v", x.Model, x.Name, x.Temperature, when, gain, stats)
			// At a temperature the model soon leaves what it copies.
			if least := 1.5; strings.HasPrefix(x.Name, "copy") && x.Temperature == 0 && gain < least {
				t.Errorf("%s, %s: %.2f times plain, want %v", x.Model, x.Name, gain, least)
			}
			if least := 0.97; gain < least {
				t.Errorf("%s, %s at temperature %v, %s: %.3f times plain, want %v at least", x.Model, x.Name, x.Temperature, when, gain, least)
			}
		}
	}
}

// TestAnUnluckyMeasurementIsForgotten begins with blocks that took twenty times as long as
// they do later, because the machine was busy: they are tried again.
func TestAnUnluckyMeasurementIsForgotten(t *testing.T) {
	for _, x := range draftTexts(t) {
		if !strings.HasPrefix(x.Name, "copy") || x.Temperature > 0 {
			continue
		}
		var known generate.Costs
		times := predictionTimes[x.Model]
		known.Measured(1, times[1])
		for n := 2; n < len(times); n++ {
			known.Measured(n, 20*times[n])
		}
		var plain, drafted time.Duration
		for range 4 {
			a, b, _ := generate.ReplayDrafts(&known, x.Prompt, x.Tokens, times)
			plain, drafted = plain+a, drafted+b
		}
		if gain := float64(plain) / float64(drafted); gain < 1.2 {
			t.Errorf("%s: %.2f times plain over four answers, want 1.2", x.Name, gain)
		}
	}
}

// TestDraftsThatFailCostLittle looks at the worst text: one whose repetitions never go on as
// before.
func TestDraftsThatFailCostLittle(t *testing.T) {
	var text []int
	for i := range 2000 {
		text = append(text, 1, 2, 3, 4, 5, 6, 100+i)
	}
	for name, times := range predictionTimes {
		for _, n := range []int{100, 400, len(text)} {
			plain, drafted, stats := generate.ReplayDrafts(new(generate.Costs), text[:7], text[7:n], times)
			if gain := float64(plain) / float64(drafted); gain < 0.97 {
				t.Errorf("%s: %d tokens take %.3f times as long as plain, %+v", name, n, 1/gain, stats)
			}
		}
	}
}

func TestLookUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		text    []int
		least   int
		want    []int
		matched int
	}{
		{"nothing", nil, 2, nil, 0},
		{"one token", []int{1}, 2, nil, 0},
		{"nothing twice", []int{1, 2, 3, 4}, 2, nil, 0},
		{"one token twice", []int{1, 2, 3, 1}, 2, nil, 0},
		{"two tokens twice", []int{1, 2, 3, 4, 1, 2}, 2, []int{3, 4, 1, 2}, 2},
		{"fewer than asked for", []int{1, 2, 3, 4, 1, 2}, 3, nil, 0},
		{"into its own end", []int{7, 7, 7}, 2, []int{7, 7, 7, 7}, 2},
		{"the longer match", []int{9, 1, 2, 5, 6, 8, 1, 2, 6, 6, 9, 1, 2}, 2, []int{5, 6, 8, 1}, 3},
		{"the last of two", []int{1, 2, 5, 5, 1, 2, 6, 6, 1, 2}, 2, []int{6, 6, 1, 2}, 2},
	} {
		got, matched := generate.LookUp(c.text, c.least, 4)
		if !slices.Equal(got, c.want) || matched != c.matched {
			t.Errorf("%s: %v after %d tokens, want %v after %d", c.name, got, matched, c.want, c.matched)
		}
	}
}

func FuzzLookUp(f *testing.F) {
	f.Add([]byte("abcabcab"), 2, 4)
	f.Add([]byte("aaaa"), 3, 63)
	f.Fuzz(func(t *testing.T, data []byte, least, n int) {
		if len(data) > 1<<12 || n > 64 || least < 2 {
			return
		}
		text := make([]int, len(data))
		for i, b := range data {
			text[i] = int(b) - 128 // ids may be anything
		}
		got, matched := generate.LookUp(text, least, n)
		if len(got) > max(n, 0) || len(got) > 0 && matched < least {
			t.Fatalf("%v of %d after %d", got, n, matched)
		}
		if len(got) == 0 {
			return
		}
		// Somewhere before, the tokens at the end were followed by these.
		whole := append(slices.Clone(text), got...)
		for at := matched; at < len(text); at++ {
			if slices.Equal(whole[at-matched:at], text[len(text)-matched:]) && slices.Equal(whole[at:at+len(got)], got) {
				return
			}
		}
		t.Fatalf("%v does not follow the end of %v", got, text)
	})
}

// BenchmarkDraftsOverhead is what a token costs beside its prediction: to look for drafts
// and to decide on them.
func BenchmarkDraftsOverhead(b *testing.B) {
	for _, x := range draftTexts(b) {
		if x.Model != "storyteller" || x.Temperature > 0 {
			continue
		}
		b.Run(x.Name, func(b *testing.B) {
			var known generate.Costs
			for b.Loop() {
				generate.ReplayDrafts(&known, x.Prompt, x.Tokens, predictionTimes[x.Model])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x.Tokens)), "ns/token")
		})
	}
}
