package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// sampling merges the flags with the model's defaults. It returns nil, which
// means the defaults, when no flag is given. Bad words that are texts are not in it:
// see withWords.
func (f *samplingFlags) sampling(def *generate.Sampling) *generate.Sampling {
	if !f.given() {
		return nil
	}
	var s generate.Sampling
	if def != nil {
		s = *def
		// What the flags change in part is copied: the defaults stay as they are.
		s.XTC, s.Mirostat, s.DRY = copied(s.XTC), copied(s.Mirostat), copied(s.DRY)
		s.ForcedBOS = copied(s.ForcedBOS)
	}
	if f.narrows() && s.Temperature == 0 {
		s.Temperature = 1 // choosing among tokens asks for a choice
	}
	merge(&s, f.numbers())
	merge(&s, f.counts())
	for _, x := range f.lists() {
		if *x.ids != nil {
			*x.place(&s) = *x.ids
		}
	}
	if f.MirostatTau != nil && *f.MirostatTau == 0 {
		s.Mirostat = nil
	}
	if f.DRYBreaker != nil {
		made(&s.DRY).Breakers = f.DRYBreaker
	}
	// What is no bias was refused before.
	if bias, err := f.logitBias(); err == nil && bias != nil {
		s.LogitBias = bias
	}
	if bias, err := f.sequenceBias(); err == nil && bias != nil {
		s.SequenceBias = bias
	}
	if f.words != nil {
		s.BadWords = f.words
	}
	if f.Seed != nil {
		s.Seed = f.Seed
	}
	return &s
}

// copied returns a pointer to a copy, nil for nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// merge puts the settings that are given over others.
func merge[T any](s *generate.Sampling, list []setting[T]) {
	for _, x := range list {
		if x.given() {
			set(x.place(s), *x.value)
		}
	}
}

// set overrides a setting by a flag, where the flag is given.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// narrowing are the flags that mean nothing where the likeliest token is taken.
var narrowing = []string{
	"top-k", "top-p", "min-p", "top-n-sigma", "typical-p", "epsilon-cutoff", "eta-cutoff", "xtc-probability", "xtc-threshold", "mirostat-tau", "mirostat-eta",
}

// narrows reports whether a flag is given that asks for a choice among tokens.
func (f *samplingFlags) narrows() bool {
	return slices.ContainsFunc(f.names(), func(n flagName) bool { return n.given && slices.Contains(narrowing, n.flag) })
}

// logitBias reads the flag; nil where it is not given.
func (f *samplingFlags) logitBias() (map[int]float64, error) {
	if f.LogitBias == nil {
		return nil, nil
	}
	out := map[int]float64{}
	for _, name := range slices.Sorted(maps.Keys(f.LogitBias)) {
		id, bad := strconv.Atoi(name)
		bias, err := strconv.ParseFloat(f.LogitBias[name], 64)
		if bad != nil || err != nil {
			return nil, fmt.Errorf("--logit-bias %s=%s: it must be a token id and a number, as in --logit-bias 17=-2.5, or -inf", plain(name), plain(f.LogitBias[name]))
		}
		out[id] = bias
	}
	return out, nil
}

// sequenceBias reads the flag; nil where it is not given.
func (f *samplingFlags) sequenceBias() ([]generate.BiasedSequence, error) {
	if f.SequenceBias == nil {
		return f.biases, nil
	}
	var out []generate.BiasedSequence
	for _, text := range f.SequenceBias {
		ids, number, _ := strings.Cut(text, "=")
		var q generate.BiasedSequence
		var bad error
		for _, id := range strings.Split(ids, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(id))
			if err != nil {
				bad = err
			}
			q.Tokens = append(q.Tokens, n)
		}
		var err error
		if q.Bias, err = strconv.ParseFloat(number, 64); err != nil || bad != nil {
			return nil, fmt.Errorf("--sequence-bias is %s: it must be token ids and a number, as in --sequence-bias 17,4=-2.5, or -inf", quoted(text))
		}
		out = append(out, q)
	}
	return out, nil
}

// withWords adds the bad words that are texts to settings: each as it stands, and behind
// a space, which most vocabularies have as another token.
func (f *samplingFlags) withWords(s *generate.Sampling, t *tokenizer.Tokenizer) (*generate.Sampling, error) {
	if len(f.BadWord) == 0 {
		return s, nil
	}
	words := slices.Clone(s.BadWords)
	for _, word := range f.BadWord {
		for _, text := range []string{word, " " + word} {
			ids, err := t.Encode(text, false)
			if err != nil {
				return nil, fmt.Errorf("--bad-word %s: %w", quoted(word), err)
			}
			if len(ids) == 0 {
				return nil, usagef("--bad-word %s has no tokens", quoted(word))
			}
			if !slices.ContainsFunc(words, func(other []int) bool { return slices.Equal(other, ids) }) {
				words = append(words, ids)
			}
		}
	}
	out := *s
	out.BadWords = words
	return &out, nil
}

// resolve returns what the flags ask of a model, nil for its own settings.
func (f *samplingFlags) resolve(g *generate.Generator) (*generate.Sampling, error) {
	s := f.sampling(g.Defaults().Sampling)
	if s == nil {
		return nil, nil
	}
	return f.withWords(s, g.Tokenizer())
}

// idleWith returns a sentence for each sampling flag that changes nothing in s, what the
// flags and the model's own settings come to. It is known only when the model has been
// opened.
func (f *samplingFlags) idleWith(s *generate.Sampling) []string {
	given := flagSet{"seed": f.Seed != nil, "top-k": on(f.TopK)}
	for _, x := range f.numbers() {
		given[x.flag] = on(*x.value)
	}
	if s == nil || s.Temperature == 0 {
		return given.without("where the likeliest token is taken: give a --temperature above 0", append([]string{"seed"}, narrowing...)...)
	}
	var list []string
	if s.Mirostat != nil {
		list = given.without("with Mirostat, which takes its place", narrowing[:len(narrowing)-2]...)
	} else if s.XTC != nil && s.XTC.Probability == 0 {
		list = given.without("without --xtc-probability", "xtc-threshold")
	}
	if s.DRY != nil && s.DRY.Multiplier == 0 {
		given["dry-allowed-length"], given["dry-last-n"], given["dry-breaker"] = on(f.DRYAllowedLength), on(f.DRYLastN), f.DRYBreaker != nil
		list = append(list, given.without("without --dry-multiplier", "dry-base", "dry-allowed-length", "dry-last-n", "dry-breaker")...)
	}
	return list
}

// on reports whether a flag that 0 turns off is given and is not turned off.
func on[T int | float64](v *T) bool { return v != nil && *v != 0 }
