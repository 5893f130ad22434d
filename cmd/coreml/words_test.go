package main

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

func TestTimesAreShownWithTheDigitsThatRunsHaveInCommon(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 ms", 40 * time.Microsecond: "0.0 ms", 1234 * time.Microsecond: "1.2 ms", 9900 * time.Microsecond: "9.9 ms",
		10 * time.Millisecond: "10 ms", 999 * time.Millisecond: "999 ms", time.Second: "1.00 s", 9999 * time.Millisecond: "10.00 s",
		10 * time.Second: "10.0 s", time.Hour: "3600.0 s",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v is shown as %q, want %q", d, got, want)
		}
	}
}

func TestSizesAreShownInUnitsOf1024(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 20: "1.0 MiB", 1<<30 - 1: "1024.0 MiB", 1 << 30: "1.00 GiB", 5 << 40: "5120.00 GiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d bytes are shown as %q, want %q", n, got, want)
		}
	}
}

func TestRatesAreShownWithThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 9.999: "10", 12.34: "12.3", 99.96: "100", 100: "100", 1234.5: "1234"} {
		if got := rate(v); got != want {
			t.Errorf("%v is shown as %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "", 0.04: ", 0.0/s", 12.34: ", 12.3/s"} {
		if got := perSecond(v); got != want {
			t.Errorf("%v ends a phrase as %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]float64{0: 0, 1.23449: 1.234, 1.2346: 1.235, 0.0004: 0} {
		if got := round(v); got != want {
			t.Errorf("%v is %v in an object, want %v", v, got, want)
		}
	}
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{100, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.v); got != c.want {
			t.Errorf("the median of %v is %v, want %v", c.v, got, c.want)
		}
	}
	v := []float64{3, 1, 2}
	median(v)
	if v[0] != 3 {
		t.Error("the rates were put in another order")
	}
}

// TestTheDistanceOfNames has the usual example of Levenshtein's distance, and the
// edges.
func TestTheDistanceOfNames(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"kitten", "sitting", 3}, {"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "cab", 2}, {"x", "y", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestANameThatIsNearlyRightIsRecognised(t *testing.T) {
	names := []string{"inputIds", "causalMask", "x", "attention_mask"}
	for written, want := range map[string]string{
		"inputids": "inputIds", "inputId": "inputIds", "input_ids": "inputIds", "causalMsk": "causalMask", "X": "x",
		"attentionmask": "attention_mask", "y": "", "logits": "", "": "", strings.Repeat("x", 300): "",
	} {
		if got := closest(written, names); got != want {
			t.Errorf("%q is taken for %q, want %q", written, got, want)
		}
	}
	// A package cannot make the search slow by long names.
	if got := closest("abc", []string{strings.Repeat("a", 1<<20), "abd"}); got != "abd" {
		t.Errorf("beside a long name: %q", got)
	}
}

func TestListsOfNamesAreCutAndQuoted(t *testing.T) {
	if got := nameList(nil); got != "none" {
		t.Errorf("no names: %s", got)
	}
	if got, want := nameList([]string{"a", "b\x1b[31m", `C:\c`}), `"a", "b\x1b[31m", "C:\c"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	many := strings.Split(strings.Repeat("n ", 20), " ")[:20]
	if got := nameList(many); strings.Count(got, `"n"`) != 12 || !strings.HasSuffix(got, " and 8 more") {
		t.Errorf("twenty names: %s", got)
	}
	list := []coreml.FeatureDescription{{Name: "inputIds"}, {Name: "mask"}}
	if got, want := among("inputs", "inputids", list), `the inputs are "inputIds", "mask" (did you mean "inputIds"?)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := among("outputs", "y", nil); got != "the model has no outputs" {
		t.Errorf("no outputs: %s", got)
	}
}

func TestATableAlignsItsColumns(t *testing.T) {
	list := table{indent: "> ", right: map[int]bool{1: true}}
	list.row("name", "size", "note")
	list.row("naïve", "7", "")
	list.row("a\nb\x1b", "12345", "x")
	want := "> name       size  note\n> naïve         7\n> a\\nb\\x1b  12345  x\n"
	if got := list.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := (&table{}).String(); got != "" {
		t.Errorf("an empty table is %q", got)
	}
}

func TestOneLineOfALongDescription(t *testing.T) {
	if got := oneLine("  a\n\tb  c "); got != "a b c" {
		t.Errorf("got %q", got)
	}
	if got := []rune(oneLine(strings.Repeat("é", 200))); len(got) != 100 || got[99] != '…' {
		t.Errorf("%d characters, the last %q", len(got), got[len(got)-1])
	}
}

func TestRangesOfFlagsAreSaidInWords(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		what   string
		i      interval
		v      float64
		refuse string // empty where the value is allowed
	}{
		{"the least", interval{flag: "--f", most: 1, means: "m"}, 0, ""},
		{"the most", interval{flag: "--f", most: 1, means: "m"}, 1, ""},
		{"below", interval{flag: "--f", most: 1, means: "0 is off"}, -0.5, "--f is -0.5: it must be between 0 and 1; 0 is off"},
		{"above", interval{flag: "--f", most: 1, means: "0 is off"}, 1.5, "--f is 1.5: it must be between 0 and 1; 0 is off"},
		{"no number", interval{flag: "--f", most: 1, means: "m"}, nan, "--f is NaN: it must be between 0 and 1; m"},
		{"without an upper limit", interval{flag: "--f", most: inf, means: "m"}, 1e300, ""},
		{"infinity", interval{flag: "--f", most: inf, means: "m"}, inf, "--f is +Inf: it must be a number from 0 on; m"},
		{"an edge that is left out", interval{flag: "--f", most: inf, above: true, means: "1 is off"}, 0, "--f is 0: it must be a number above 0; 1 is off"},
		{"just above that edge", interval{flag: "--f", most: inf, above: true, means: "m"}, 1e-300, ""},
	} {
		c.i.value = &c.v
		err := c.i.check()
		if err == nil != (c.refuse == "") || err != nil && err.Error() != c.refuse {
			t.Errorf("%s: %v, want %q", c.what, err, c.refuse)
		}
	}
	if err := (&interval{flag: "--f", least: 5}).check(); err != nil {
		t.Errorf("a flag that is not given: %v", err)
	}
	for n, want := range map[int]string{-1: "--n is -1: it must be 0 or more; 0 means all", 0: "", 7: ""} {
		if err := atLeast("--n", n, 0, "all"); err == nil != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%d: %v, want %q", n, err, want)
		}
	}
	for n, want := range map[int]string{0: "--n is 0: it must be between 1 and 3", 1: "", 3: "", 4: "--n is 4: it must be between 1 and 3"} {
		if err := between("--n", n, 1, 3); err == nil != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%d: %v, want %q", n, err, want)
		}
	}
}

func TestLengthsOfBenchAreReadInTheirOrder(t *testing.T) {
	for text, want := range map[string][]int{"none": nil, "": nil, "5": {5}, "32, 1,8": {32, 1, 8}} {
		got, err := lengths("--prefill", text, 1)
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: %v, %v", text, got, err)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: %v, want %v", text, got, want)
			}
		}
	}
	for _, text := range []string{"0", "-1", "1,", "1.5", "x", "99999999", "none,1"} {
		if got, err := lengths("--prefill", text, 1); err == nil || !strings.HasPrefix(err.Error(), "--prefill: ") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// TestAFlagIsBlamedForTheValueThatItGave holds the names of flags against the
// fields that the library's errors name.
func TestAFlagIsBlamedForTheValueThatItGave(t *testing.T) {
	number, count := 1.0, 1
	given := generateCmd{MaxTokens: 1, packageFlags: packageFlags{PrefillChunk: 1}, samplingFlags: samplingFlags{
		Temperature: &number, TopK: &count, TopP: &number, MinP: &number, RepetitionPenalty: &number,
	}}
	for field, flag := range map[string]string{
		"MaxTokens": "--max-tokens", "PrefillChunk": "--prefill-chunk", "Sampling.Temperature": "--temperature",
		"Sampling.TopK": "--top-k", "Sampling.TopP": "--top-p", "Sampling.MinP": "--min-p", "Sampling.RepetitionPenalty": "--repetition-penalty",
	} {
		wrong := &generate.ConfigError{Field: field, Reason: "is 7, want less"}
		if got, want := given.blame(wrong).Error(), flag+" is 7, want less (see coreml generate --help)"; got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
		// A value that came with the model is not the fault of a flag.
		if got := new(generateCmd).blame(wrong); !errors.Is(got, wrong) || strings.Contains(got.Error(), "--") {
			t.Errorf("%s, which no flag gave: %v", field, got)
		}
	}
	other := errors.New("other")
	if got := given.blame(other); !errors.Is(got, other) {
		t.Errorf("another error became %v", got)
	}
}

func TestTheFlagsOfAModelChangeItsSettingsOneByOne(t *testing.T) {
	own := generate.Sampling{Temperature: 0.6, TopK: 20, TopP: 0.9}
	half, none, five := 0.5, 0.0, 5
	for _, c := range []struct {
		what  string
		flags samplingFlags
		own   *generate.Sampling
		want  generate.Sampling
	}{
		{"a temperature", samplingFlags{Temperature: &half}, &own, generate.Sampling{Temperature: 0.5, TopK: 20, TopP: 0.9}},
		{"a zero, which is a value", samplingFlags{TopP: &none}, &own, generate.Sampling{Temperature: 0.6, TopK: 20}},
		{"top-k for a model without settings", samplingFlags{TopK: &five}, nil, generate.Sampling{Temperature: 1, TopK: 5}},
		{"top-k and no temperature on purpose", samplingFlags{TopK: &five, Temperature: &none}, nil, generate.Sampling{TopK: 5}},
		{"a penalty for the likeliest token", samplingFlags{RepetitionPenalty: &half}, nil, generate.Sampling{RepetitionPenalty: 0.5}},
	} {
		if got := c.flags.sampling(c.own); got == nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
	if got := (&samplingFlags{}).sampling(&own); got != nil {
		t.Errorf("without flags: %+v, want the model's own", got)
	}
	if own.Temperature != 0.6 || own.TopP != 0.9 {
		t.Errorf("the model's own settings were changed to %+v", own)
	}
}
