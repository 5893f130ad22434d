package model

import (
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// Step is the best way to a place in a text.
type Step struct {
	Score float64
	Start int32 // -1 where nothing ends
	ID    int32
}

// Lattice is the memory in which the best way through a text is found: a step for each
// byte, of which those inside characters stay empty. SentencePiece's own models use it
// as well, with other scores.
type Lattice struct {
	May   *budget.Budget
	steps []Step
	ends  []int32
}

// Reset lets go of the memory that a very long text took.
func (l *Lattice) Reset() { l.steps, l.ends = budget.Kept(l.steps), budget.Kept(l.ends) }

// Places returns the steps to each place of a text, before there are any. The first is
// where the text begins, with a score of 0.
func (l *Lattice) Places(text string) []Step {
	if !l.May.Cuts(len(text)) {
		return nil
	}
	steps := budget.Sized(l.steps, len(text)+1)[:len(text)+1]
	for part := range slices.Chunk(steps, budget.LookAfter) {
		if !l.May.Spend(len(part) / 4) {
			return nil
		}
		for i := range part {
			part[i] = Step{Start: -1}
		}
	}
	l.steps = steps
	return steps
}

// Path returns the places where the steps of the best way end, the last first;
// none if the way has no end yet.
func (l *Lattice) Path(steps []Step) []int32 {
	path := l.ends[:0]
	if l.May.Err == nil {
		if len(steps) > budget.MaxKept {
			path = budget.Sized(path, len(steps))
		}
		for end := int32(len(steps) - 1); end > 0 && l.May.Spend(1); end = steps[end].Start {
			path = append(path, end)
		}
	}
	l.ends = path
	return path
}
