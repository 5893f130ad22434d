package generate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// count returns n tokens that never repeat.
func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 1000 + i
	}
	return out
}

func TestLoopsAreFound(t *testing.T) {
	sentence := []int{5, 6, 7, 8, 9, 6} // one of its tokens comes twice
	for _, c := range []struct {
		name   string
		tokens []int
		want   generate.Loop
	}{
		{"nothing", nil, generate.Loop{}},
		{"no repetition", count(500), generate.Loop{}},
		{"one token again and again", append(count(9), slices.Repeat([]int{5}, 40)...), generate.Loop{Length: 1, Times: 40}},
		{"a row of dashes", append(count(9), slices.Repeat([]int{5}, 20)...), generate.Loop{}},
		{"a sentence again and again", append(count(9), slices.Repeat(sentence, 15)...), generate.Loop{Length: 6, Times: 15}},
		{"a sentence that breaks off", append(slices.Repeat(sentence, 5), 5, 6, 7), generate.Loop{Length: 6, Times: 5}},
		{"a refrain", append(count(9), slices.Repeat(count(40), 2)...), generate.Loop{}},
		{"a paragraph again and again", slices.Repeat(count(200), 3), generate.Loop{Length: 200, Times: 3}},
		{"a loop that was left", append(slices.Repeat(sentence, 15), count(9)...), generate.Loop{}},
		{"a short sentence three times", slices.Repeat(sentence, 3), generate.Loop{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := generate.FindLoop(c.tokens); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	start := time.Now()
	generate.FindLoop(append([]int{1}, slices.Repeat([]int{0, 0, 0, 0, 0, 0, 0, 1}, 1<<17)...))
	if d := time.Since(start); d > time.Minute {
		t.Errorf("a million tokens took %v", d)
	}
}

func TestAnAnswerSaysThatItRepeatsItself(t *testing.T) {
	round := func(tokens []int) int { return 50 + len(tokens)%4 }
	m := &fakeModel{next: round}
	g := newFake(t, m, generate.Config{})
	r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 40}))
	if want := (generate.Loop{Length: 4, Times: 10}); err != nil || r.Stats.Loop != want || !r.Stats.Greedy {
		t.Errorf("got %+v, greedy %v, %v; want %+v", r.Stats.Loop, r.Stats.Greedy, err, want)
	}
	// The prompt is no part of the answer, and neither is its end token.
	m.next = script(len(prompt), slices.Repeat([]int{50, 51, 52, 53}, 10))
	r, err = generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 50}))
	if want := (generate.Loop{Length: 4, Times: 10}); err != nil || r.Finish != generate.FinishEnd || r.Stats.Loop != want {
		t.Errorf("with an end token came %+v, %v", r.Stats.Loop, err)
	}
	m.next = counting
	r, err = generate.Collect(g.StreamTokens(t.Context(), slices.Repeat([]int{40}, 30), &generate.Options{
		MaxTokens: 30, Sampling: &generate.Sampling{Temperature: 1, TopK: 1},
	}))
	if err != nil || r.Stats.Loop != (generate.Loop{}) || r.Stats.Greedy {
		t.Errorf("without a loop came %+v, greedy %v, %v", r.Stats.Loop, r.Stats.Greedy, err)
	}
}
