package main

import (
	"math"

	"github.com/gocoreml/coreml/generate"
)

// The flags that say how generate chooses tokens.

// samplingFlags override the model's own settings one by one.
//
// They are pointers because 0 is a value of theirs: --top-k 0 turns off what the
// model's settings turn on, and leaving the flag out does not.
type samplingFlags struct {
	Temperature       *float64 `aliases:"temp" help:"Randomness; 0 takes the likeliest token." placeholder:"T"`
	TopK              *int     `help:"Choose among the K likeliest tokens; 0 is off." placeholder:"K"`
	TopP              *float64 `help:"Choose among the likeliest tokens that reach probability P together, from 0 to 1; 0 is off." placeholder:"P"`
	MinP              *float64 `help:"Choose among tokens at least P times as likely as the likeliest, from 0 to 1; 0 is off." placeholder:"P"`
	RepetitionPenalty *float64 `help:"Make repetition less likely, above 0; 1 is off." placeholder:"R"`
	Seed              *uint64  `help:"Make random choices repeatable." placeholder:"N"`
}

// check says which range a number leaves.
func (f *samplingFlags) check() error {
	for _, i := range []interval{
		{flag: "--temperature", value: f.Temperature, most: math.Inf(1), means: "0 takes the likeliest token"},
		{flag: "--top-p", value: f.TopP, most: 1, means: "0 is off"},
		{flag: "--min-p", value: f.MinP, most: 1, means: "0 is off"},
		{flag: "--repetition-penalty", value: f.RepetitionPenalty, most: math.Inf(1), above: true, means: "1 is off"},
	} {
		if err := i.check(); err != nil {
			return err
		}
	}
	if f.TopK != nil {
		return atLeast("--top-k", *f.TopK, 0, "off")
	}
	return nil
}

// sampling merges the flags with the model's defaults. It returns nil, which
// means the defaults, when no flag is given.
func (f *samplingFlags) sampling(def *generate.Sampling) *generate.Sampling {
	if *f == (samplingFlags{}) {
		return nil
	}
	var s generate.Sampling
	if def != nil {
		s = *def
	}
	narrows := f.TopK != nil || f.TopP != nil || f.MinP != nil
	if narrows && s.Temperature == 0 {
		s.Temperature = 1 // choosing among tokens asks for a choice
	}
	set(&s.Temperature, f.Temperature)
	set(&s.TopK, f.TopK)
	set(&s.TopP, f.TopP)
	set(&s.MinP, f.MinP)
	set(&s.RepetitionPenalty, f.RepetitionPenalty)
	if f.Seed != nil {
		s.Seed = f.Seed
	}
	return &s
}

// set overrides a setting by a flag, where the flag is given.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// idleWith returns a sentence for each sampling flag that changes nothing because s,
// what the flags and the model's own settings come to, takes the likeliest token.
// It is known only when the model has been opened.
func (f *samplingFlags) idleWith(s *generate.Sampling) []string {
	if s != nil && s.Temperature > 0 {
		return nil
	}
	given := flagSet{"seed": f.Seed != nil, "top-k": on(f.TopK), "top-p": on(f.TopP), "min-p": on(f.MinP)}
	return given.without("where the likeliest token is taken: give a --temperature above 0", "seed", "top-k", "top-p", "min-p")
}

// on reports whether a flag that 0 turns off is given and is not turned off.
func on[T int | float64](v *T) bool { return v != nil && *v != 0 }
