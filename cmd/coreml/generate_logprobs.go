package main

import (
	"math"

	"github.com/gocoreml/coreml/generate"
)

// logProbsJSON are log-probabilities as --json prints them.
func logProbsJSON(list []generate.TokenLogProbs) []logProbJSON {
	var out []logProbJSON
	for i := range list {
		out = append(out, logProbOf(&list[i]))
	}
	return out
}

// logProbJSON is a token with its log-probability, null for an impossible one and for one
// that nothing comes before.
type logProbJSON struct {
	ID      int           `json:"id"`
	Text    string        `json:"text"`
	LogProb *float64      `json:"logprob"`
	Top     []logProbJSON `json:"top,omitempty"`
}

// logProbOf is a token with those in its place as --json prints it.
func logProbOf(t *generate.TokenLogProbs) logProbJSON {
	out := oneLogProb(generate.LogProb{ID: t.ID, Text: t.Text, LogProb: t.LogProb})
	for _, p := range t.Top {
		out.Top = append(out.Top, oneLogProb(p))
	}
	return out
}

func oneLogProb(p generate.LogProb) logProbJSON {
	return logProbJSON{ID: p.ID, Text: p.Text, LogProb: orNull(p.LogProb)}
}

// orNull is a number as JSON has it: nil, which is null, for an infinite one.
func orNull(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}
