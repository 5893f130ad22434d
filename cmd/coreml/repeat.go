package main

import "github.com/gocoreml/coreml/generate"

// The least tokens that must come round again and again before an answer counts
// as one that repeats itself, and how often they must.
const (
	leastRepeated = 24
	leastRounds   = 3
)

// repeatsItself reports whether the tokens end in a passage that came at least
// three times in a row.
func repeatsItself(tokens []int) bool {
	n := len(tokens)
	for period := 1; period*leastRounds <= n; period++ {
		run := 0 // tokens at the end that equal the one a period before
		for i := n - 1; i >= period && tokens[i] == tokens[i-period]; i-- {
			run++
		}
		if total := run + period; run >= period*(leastRounds-1) && total >= leastRepeated {
			return true
		}
	}
	return false
}

// repeatHint is what to try when an answer repeats itself because the likeliest
// token was taken each time; empty when there is nothing to say. s is what the
// answer was made with, nil for the likeliest token each time.
func repeatHint(s *generate.Sampling, answer *generate.Result) string {
	if s != nil && s.Temperature != 0 || !repeatsItself(answer.Tokens) {
		return ""
	}
	return "the answer repeats itself, as answers do when the likeliest token is taken each time: try --temperature 0.7, or --repetition-penalty 1.2"
}
