package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// benchOf runs bench --json and reads the last line.
func benchOf(t *testing.T, args ...string) benchJSON {
	t.Helper()
	r := call(t, append([]string{"bench", "--json"}, args...)...)
	var b benchJSON
	if r.status != exitOK {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	if err := json.Unmarshal([]byte(r.lastLine()), &b); err != nil {
		t.Fatalf("%v in %q", err, r.lastLine())
	}
	return b
}

func TestBenchMeasuresEveryLength(t *testing.T) {
	b := benchOf(t, model, "--prefill", "3,40", "--decode", "0,7", "--tokens", "4", "--rounds", "2", "--threads", "1", "--arithmetic", "faithful")
	if b.CPU == "" || b.Threads != 1 || b.Arithmetic != "faithful" {
		t.Errorf("processor %q, threads %d, arithmetic %q", b.CPU, b.Threads, b.Arithmetic)
	}
	for _, m := range []struct {
		what string
		v    float64
	}{
		{"load", b.LoadMS},
		{"first token", b.FirstTokenMS},
		{"prompt of 3", b.Prefill["3"]},
		{"prompt of 40", b.Prefill["40"]},
		{"tokens after 0", b.Decode["0"]},
		{"tokens after 7", b.Decode["7"]},
	} {
		if !(m.v > 0) || math.IsInf(m.v, 0) {
			t.Errorf("%s is %v", m.what, m.v)
		}
	}
	if len(b.Prefill) != 2 || len(b.Decode) != 2 {
		t.Errorf("measured %v and %v", b.Prefill, b.Decode)
	}
	if want := peakRSS() > 0; (b.PeakRSS > 0) != want {
		t.Errorf("peak memory is %v MiB", b.PeakRSS)
	}
	if b.Profile != nil || b.Perplexity != nil {
		t.Error("more was measured than was asked for")
	}
}

func TestBenchMeasuresSequencesAtOnce(t *testing.T) {
	args := []string{"bench", model, "--prefill", "none", "--decode", "0,5", "--tokens", "4", "--rounds", "2"}
	b := benchOf(t, append(args[1:], "--sequences", "3")...)
	if b.Sequences != 3 || len(b.DecodeTogether) != 2 || len(b.TogetherGain) != 2 {
		t.Fatalf("%d sequences gave %v and gains of %v", b.Sequences, b.DecodeTogether, b.TogetherGain)
	}
	for length, rate := range b.DecodeTogether {
		// Three decimals are kept of each.
		if gain := rate / b.Decode[length]; !(rate > 0) || math.Abs(gain-b.TogetherGain[length]) > 0.01*gain+0.001 {
			t.Errorf("behind %s: %v beside %v is a gain of %v", length, rate, b.Decode[length], b.TogetherGain[length])
		}
	}
	if b := benchOf(t, args[1:]...); b.Sequences != 0 || len(b.DecodeTogether) > 0 || b.TogetherGain != nil {
		t.Errorf("one sequence has %d, %v and %v", b.Sequences, b.DecodeTogether, b.TogetherGain)
	}
	r := call(t, append(args, "--sequences", "2")...)
	for _, want := range []string{"2 times 4 after 0", "2 times 4 after 5", "2 sequences at once give so many times the tokens of one: "} {
		r.want(t, exitOK, want, "")
	}
}

func TestBenchLeavesOutWhatDoesNotFit(t *testing.T) {
	path := synth(t, smallFlags...)
	b := benchOf(t, path, "--prefill", "48,49", "--decode", "40,41", "--tokens", "8", "--rounds", "1")
	if b.Prefill["48"] == 0 || b.Decode["40"] == 0 || len(b.Prefill)+len(b.Decode) != 2 {
		t.Errorf("a context of 48 gave %v and %v", b.Prefill, b.Decode)
	}
	call(t, "bench", path, "--prefill", "49", "--decode", "41", "--tokens", "8", "--rounds", "1").
		want(t, exitOK, "the context of 48 is too short", "")
}

func TestBenchPrintsATableForPeople(t *testing.T) {
	r := call(t, "bench", model, "--prefill", "5", "--decode", "0", "--tokens", "3", "--rounds", "1", "--profile")
	for _, want := range []string{"processor", "first token", "behind a prompt of 5", "prompt of 5", "3 tokens after 0", "linear", "GB/s"} {
		r.want(t, exitOK, want, "")
	}
}

func TestProfileAccountsForEveryWeight(t *testing.T) {
	path := synth(t, append(slices.Clone(smallFlags), "--weights", "int8")...)
	b := benchOf(t, path, "--prefill", "5", "--decode", "2", "--tokens", "6", "--rounds", "1", "--profile")
	if len(b.Profile) != 2 || b.Profile[0].Tokens != 5 || b.Profile[1].Tokens != 6 {
		t.Fatalf("profile %+v", b.Profile)
	}
	predictions := []int{1, 6}
	for i, p := range b.Profile {
		products, sum := 0, 0.0
		for _, k := range p.Kinds {
			sum += k.MS
			if k.Operator != "linear" && k.Operator != "linears" && k.Operator != "gated_linears" {
				continue
			}
			products += k.Steps
			if !strings.HasPrefix(k.Weights, "int8") || !(k.GBps > 0) {
				t.Errorf("%s: product over %q at %v GB/s", p.Phase, k.Weights, k.GBps)
			}
		}
		// In a layer query, key and value are one product, and so are gate and up.
		if want := predictions[i] * (small.Layers*4 + 1); products != want {
			t.Errorf("%s: %d products, want %d", p.Phase, products, want)
		}
		// Three decimals are kept of each.
		timed := sum > 0 || runtime.GOOS == "windows" && sum == 0 // its clock may be too coarse
		if !timed || sum > p.MS+0.001*float64(len(p.Kinds)+1) {
			t.Errorf("%s: its steps took %v of %v ms", p.Phase, sum, p.MS)
		}
	}
}

func TestBenchRefusesWrongCalls(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte("word"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no model":               {nil, exitUsage, "bench needs a MODEL"},
		"a model that is absent": {[]string{"absent.mlpackage"}, exitFailure, "absent.mlpackage"},
		"an empty prompt":        {[]string{model, "--prefill", "0"}, exitUsage, "--prefill"},
		"no number":              {[]string{model, "--decode", "x"}, exitUsage, "--decode"},
		"no rounds":              {[]string{model, "--rounds", "0"}, exitUsage, "--rounds"},
		"no tokens":              {[]string{model, "--tokens", "0"}, exitUsage, "--tokens"},
		"a text that is absent":  {[]string{model, "--perplexity", "absent.txt"}, exitUsage, "absent.txt"},
		"no tokenizer":           {[]string{model, "--perplexity", text, "--tokenizer", t.TempDir()}, exitFailure, "tokenizer"},
	} {
		t.Run(name, func(t *testing.T) {
			call(t, append([]string{"bench"}, c.args...)...).want(t, c.status, "", c.want)
		})
	}
}

// perplexityRecord is perplexity.json: what the reference measured.
type perplexityRecord struct {
	Perplexity float64 `json:"perplexity"`
}

// TestPerplexityEqualsTheReference needs COREML_FIXTURES.
func TestPerplexityEqualsTheReference(t *testing.T) {
	root := os.Getenv("COREML_FIXTURES")
	if root == "" {
		t.Skip("COREML_FIXTURES names no folder with the larger fixtures")
	}
	dir := filepath.Join(root, "smollm2")
	var want perplexityRecord
	if err := readJSON(filepath.Join(dir, "perplexity.json"), &want); err != nil {
		t.Fatal(err)
	}
	for _, arithmetic := range []string{"faithful", "wide"} {
		b := benchOf(t, filepath.Join(dir, "model.mlpackage"), "--prefill", "none", "--decode", "none", "--rounds", "1",
			"--arithmetic", arithmetic, "--perplexity", filepath.Join(dir, "perplexity.txt"))
		if b.Perplexity == nil {
			t.Fatalf("%s: no perplexity", arithmetic)
		}
		if off := b.Perplexity.Perplexity/want.Perplexity - 1; !(math.Abs(off) <= 0.005) {
			t.Errorf("%s: perplexity %.4f, want %.4f: %.2f %% off", arithmetic, b.Perplexity.Perplexity, want.Perplexity, 100*off)
		}
	}
}

func TestPerplexityEqualsTheDefinition(t *testing.T) {
	path := synth(t, smallFlags...)
	ids := make([]int, small.Context+3)
	for i := range ids {
		ids[i] = (i*i*31 + 5) % small.Vocab
	}
	// The first piece fills the context; the first token of each is given.
	want, foretold := 0.0, 0
	ref := readReference(t, path, small)
	for _, piece := range [][]int{ids[:small.Context], ids[small.Context:]} {
		for i, row := range ref.logits(piece[:len(piece)-1]) {
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(v)
			}
			want += math.Log(sum) - row[piece[i+1]]
			foretold++
		}
	}
	want /= float64(foretold)

	m, err := coreml.Load(t.Context(), path, &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, nil, &generate.Config{PrefillChunk: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got, err := perplexity(t.Context(), g, ids)
	if err != nil {
		t.Fatal(err)
	}
	if got.Tokens != foretold || math.Abs(got.MeanNLL-want) > 1e-3*want || math.Abs(math.Log(got.Perplexity)-got.MeanNLL) > 1e-9 {
		t.Errorf("%+v, want a mean of %v over %d tokens", *got, want, foretold)
	}
	ids[9] = small.Vocab
	if _, err := perplexity(t.Context(), g, ids); err == nil {
		t.Error("a token beyond the vocabulary was foretold")
	}
}

func TestARateIsFiniteHoweverShortTheTime(t *testing.T) {
	step := clockStep()
	if step <= 0 || step > time.Second {
		t.Errorf("the clock goes in steps of %v", step)
	}
	most := perSecondOf(1, step)
	for _, elapsed := range []time.Duration{-1, 0, step} {
		if got := perSecondOf(1, elapsed); got != most || math.IsInf(got, 0) {
			t.Errorf("1 in %v: %v per second, want %v", elapsed, got, most)
		}
	}
	if got := perSecondOf(3, 2*time.Second); got != 1.5 {
		t.Errorf("3 in 2 s: %v per second", got)
	}
}
