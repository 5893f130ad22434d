package generate_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// tableRow has the logits behind two tokens that testdata/gen/processors.py has too.
func tableRow(row []float32, seen []int) {
	a, b := 0, seen[len(seen)-1]
	if len(seen) > 1 {
		a = seen[len(seen)-2]
	}
	for v := range row {
		x := (a*7919 + b*104729 + v*1299709 + v*v%1009*(b%97+3)) % 10007
		row[v] = float32(x) / 1024
	}
	row[0] += 2.5
}

// beamCase is an element of testdata/beams.json.
type beamCase struct {
	Prompt   []int
	Settings hfSettings
	Answers  [][]int
	Scores   []float64
}

func TestBeamsAreThoseOfTransformers(t *testing.T) {
	for _, states := range []int{1, 3, 8} {
		g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{MaxStates: states})
		for i, c := range readRecords[beamCase](t, "beams.json") {
			if testing.Short() && i%4 != 0 {
				continue
			}
			penalty := get[float64](t, c.Settings, "length_penalty")
			b := &generate.Beams{N: get[int](t, c.Settings, "num_beams"), Return: get[int](t, c.Settings, "num_return_sequences"), LengthPenalty: &penalty}
			switch string(c.Settings["early_stopping"]) {
			case "true":
				b.EarlyStopping = generate.StopFirst
			case `"never"`:
				b.EarlyStopping = generate.StopNever
			}
			opts := &generate.Options{MaxTokens: get[int](t, c.Settings, "max_new_tokens"), Sampling: c.Settings.sampling(t)}
			got, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: c.Prompt}, b, opts)
			if err != nil {
				t.Fatalf("case %d: %v", i, err)
			}
			if len(got) != len(c.Answers) {
				t.Errorf("case %d: %d answers, want %d", i, len(got), len(c.Answers))
				continue
			}
			for k, r := range got {
				if !slices.Equal(r.Tokens, c.Answers[k]) || math.Abs(r.Score-c.Scores[k]) > 1e-5*max(1, math.Abs(c.Scores[k])) {
					t.Errorf("%d states, case %d, %s: answer %d is %v with %v, want %v with %v", states, i, mustJSON(t, c.Settings), k, r.Tokens, r.Score, c.Answers[k], c.Scores[k])
				}
			}
		}
		if held := generate.HeldLanes(g); held != 0 {
			t.Errorf("%d states are still held", held)
		}
	}
}

func TestBeamsThatMakeNoSenseAreRefused(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow}, generate.Config{})
	nan := math.NaN()
	word, err := grammar.Choice("word")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field, want string
		beams       *generate.Beams
		opts        *generate.Options
	}{
		{"Beams.N", "is 0, want 1 to 128", nil, nil},
		{"Beams.N", "is 129", &generate.Beams{N: 129}, nil},
		{"Beams.Return", "is 3, want 1 to the number of beams, 2", &generate.Beams{N: 2, Return: 3}, nil},
		{"Beams.LengthPenalty", "is NaN, want -100 to 100", &generate.Beams{N: 2, LengthPenalty: &nan}, nil},
		{"Beams.EarlyStopping", `is "soon", want "unlikely"`, &generate.Beams{N: 2, EarlyStopping: "soon"}, nil},
		{"Sampling.Temperature", "beam search", &generate.Beams{N: 2}, &generate.Options{Sampling: &generate.Sampling{Temperature: 1}}},
		{"LogProbs", "beam search", &generate.Beams{N: 2}, &generate.Options{LogProbs: 1}},
		{"Grammar", "beam search", &generate.Beams{N: 2}, &generate.Options{Grammar: word}},
		{"Guidance", "beam search", &generate.Beams{N: 2}, &generate.Options{Guidance: &generate.Guidance{Scale: 2}}},
	} {
		_, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, c.beams, c.opts)
		wantConfigError(t, err, c.field, c.want)
	}
}

func TestABeamSearchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &fakeModel{fillRow: tableRow, unrecorded: true}
	m.before = func(_ context.Context, call int) error {
		if call == 5 {
			cancel()
		}
		return nil
	}
	g := newFake(t, m, generate.Config{})
	_, err := g.BeamSearch(ctx, generate.Prompt{Tokens: prompt}, &generate.Beams{N: 3}, &generate.Options{MaxTokens: 40, IgnoreEnd: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if held := generate.HeldLanes(g); held != 0 {
		t.Errorf("%d states are still held", held)
	}
}

// guidanceCase is an element of testdata/guidance.json.
type guidanceCase struct {
	Prompt, Negative []int
	Settings         hfSettings
	Answer           []int
}

func TestGuidanceIsThatOfTransformers(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{MaxStates: 2})
	for i, c := range readRecords[guidanceCase](t, "guidance.json") {
		guide := &generate.Guidance{Scale: get[float64](t, c.Settings, "guidance_scale")}
		if c.Negative != nil {
			guide.Negative = &generate.Prompt{Tokens: c.Negative}
		}
		opts := &generate.Options{MaxTokens: get[int](t, c.Settings, "max_new_tokens"), Sampling: &generate.Sampling{}, Guidance: guide}
		for r, err := range g.Answers(t.Context(), generate.Prompt{Tokens: c.Prompt}, 2, opts) {
			if err != nil || !slices.Equal(r.Tokens, c.Answer) {
				t.Errorf("case %d, %s: %v, %v, want %v", i, mustJSON(t, c.Settings), r.Tokens, err, c.Answer)
			}
		}
	}
	if held := generate.HeldLanes(g); held != 0 {
		t.Errorf("%d states are still held", held)
	}
}

func TestGuidanceNeedsASecondState(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow}, generate.Config{MaxStates: 1})
	opts := &generate.Options{Guidance: &generate.Guidance{Scale: 2}}
	_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
	wantConfigError(t, err, "Guidance", "takes two states, and Config.MaxStates allows 1")
	opts.Guidance.Scale = math.Inf(1)
	_, err = generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
	wantConfigError(t, err, "Guidance.Scale", "is +Inf, want -1e+06 to 1e+06")
}
