package main

import "github.com/gocoreml/coreml/generate"

// repeatHint is what to try when an answer repeats itself because the likeliest
// token was taken each time; empty when there is nothing to say.
func repeatHint(answer *generate.Result) string {
	if !answer.Stats.Greedy || answer.Stats.Loop.Times == 0 {
		return ""
	}
	return "the answer repeats itself, as answers do when the likeliest token is taken each time: try --temperature 0.7, or --repetition-penalty 1.2"
}
