package generate

import (
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/samebits"
	"github.com/gocoreml/coreml/tokenizer"
)

// MaxLogProbs bounds the alternatives of [Options.LogProbs].
const MaxLogProbs = 100

// LogProb is a token with the natural logarithm of its probability.
type LogProb struct {
	// ID is the token, and Text what it is within a text; bytes that are no whole
	// character become U+FFFD.
	ID   int
	Text string
	// LogProb is 0 for a token that is certain, and -Inf for one that is impossible.
	LogProb float64
}

// TokenLogProbs is a token of a text with the likeliest tokens in its place, the
// likeliest first.
type TokenLogProbs struct {
	// ID is the token, Text what it is within a text, and LogProb how likely it is: as in
	// [LogProb].
	ID      int
	Text    string
	LogProb float64
	// Top is empty where no others are asked for.
	Top []LogProb
}

// appendLogProbs adds those of a token of a stream, where it has any.
func appendLogProbs(list []TokenLogProbs, t *Token) []TokenLogProbs {
	if t.scored == nil {
		return list
	}
	return append(list, *t.scored)
}

// logProbs tells how likely tokens are by the logits of a step. Its memory is used again
// from step to step, but for what it returns.
type logProbs struct {
	most   int       // alternatives
	logits []float32 // a copy: what follows changes them
	total  float64   // log of the sum of their exponentials
	top    []int     // the likeliest, a heap with the least likely first
}

func newLogProbs(most int) *logProbs { return &logProbs{most: most} }

// take notes the logits of a step.
func (l *logProbs) take(logits []float32) {
	l.logits = append(l.logits[:0], logits...)
	l.total = logSumExp(logits)
}

// logSumExp returns the logarithm of the sum of exponentials, with the greatest taken out
// first: e to the power of usual logits is no float32.
func logSumExp(logits []float32) float64 {
	top := float64(ruledOut)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	if math.IsInf(top, 0) {
		return top
	}
	sum := 0.0
	for _, v := range logits {
		sum += samebits.Exp(float64(v) - top)
	}
	return top + samebits.Log(sum)
}

// at returns the logarithm of a token's probability.
func (l *logProbs) at(id int) float64 { return float64(l.logits[id]) - l.total }

// of tells of a token and of the likeliest ones.
func (l *logProbs) of(t *tokenizer.Tokenizer, id int) TokenLogProbs {
	out := TokenLogProbs{ID: id, Text: textOf(t, id), LogProb: l.at(id)}
	if l.most == 0 {
		return out
	}
	l.findTop()
	out.Top = make([]LogProb, len(l.top))
	for i, id := range l.top {
		out.Top[i] = LogProb{ID: id, Text: textOf(t, id), LogProb: l.at(id)}
	}
	return out
}

// textOf returns what a token is within a text: what a second one adds to a first one,
// since decoders leave a space out at the beginning.
func textOf(t *tokenizer.Tokenizer, id int) string {
	if t == nil {
		return ""
	}
	one, two := t.Decode([]int{id}, false), t.Decode([]int{id, id}, false)
	if text, ok := strings.CutPrefix(two, one); ok {
		return text
	}
	return one
}

// findTop finds the likeliest tokens, equal ones by rising id. One pass over the
// vocabulary seldom changes a heap of the best so far.
func (l *logProbs) findTop() {
	less := func(a, b int) bool { // likely
		x, y := l.logits[a], l.logits[b]
		return x < y || x == y && a > b
	}
	h := l.top[:0]
	down := func(i int) {
		for {
			child := 2*i + 1
			if child >= len(h) {
				return
			}
			if child+1 < len(h) && less(h[child+1], h[child]) {
				child++
			}
			if !less(h[child], h[i]) {
				return
			}
			h[i], h[child] = h[child], h[i]
			i = child
		}
	}
	for id := range l.logits {
		switch {
		case len(h) < l.most:
			if h = append(h, id); len(h) == l.most {
				for i := len(h)/2 - 1; i >= 0; i-- {
					down(i)
				}
			}
		case less(h[0], id):
			h[0] = id
			down(0)
		}
	}
	slices.SortFunc(h, func(a, b int) int {
		if less(b, a) {
			return -1
		}
		return 1
	})
	l.top = h
}
