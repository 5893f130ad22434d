package generate

import "slices"

// The processors that Sampling asks for, in the order of transformers'
// GenerationMixin._get_logits_processor; logit biases go with sequence biases, and the
// penalties that transformers lacks follow its repetition penalty, as in llama.cpp.

// answerPlace is what processors know of an answer before its first token.
type answerPlace struct {
	prompt int   // tokens before it
	most   int   // tokens of prompt and answer together at most
	ends   []int // that end it
}

// links returns the processors of an answer.
func (c *samplerChain) links(at answerPlace) []Processor {
	s := &c.settings
	var list []Processor
	add := func(on bool, p Processor) {
		if on {
			list = append(list, p)
		}
	}
	add(len(s.LogitBias) > 0, LogitBias(s.LogitBias))
	add(len(s.SequenceBias) > 0, SequenceBias(s.SequenceBias))
	add(c.history.on, &countedPenalties{
		history: &c.history, repetition: float32(s.RepetitionPenalty),
		presence: float32(s.PresencePenalty), frequency: float32(s.FrequencyPenalty),
	})
	add(c.dry != nil, c.dry)
	add(s.NoRepeatNgram > 0, NoRepeatNgram(s.NoRepeatNgram))
	add(len(s.BadWords) > 0, BadWords(withoutEnds(s.BadWords, at.ends)))
	add(s.MinTokens > 0, MinLength{s.MinTokens, at.ends})
	add(s.MinNewTokens > 0, MinLength{at.prompt + s.MinNewTokens, at.ends})
	if s.ForcedBOS != nil {
		list = append(list, ForcedTokens{[]int{*s.ForcedBOS}, 1})
	}
	add(len(s.ForcedEOS) > 0, ForcedEnd{s.ForcedEOS, at.most - 1})
	add(len(s.ForcedTokens) > 0, ForcedTokens{s.ForcedTokens, at.prompt})
	add(len(s.SuppressTokens) > 0, SuppressTokens(s.SuppressTokens))
	begin := at.prompt
	if begin <= 1 && s.ForcedBOS != nil {
		begin++ // behind the token that is forced
	}
	add(len(s.BeginSuppressTokens) > 0, BeginSuppressTokens{s.BeginSuppressTokens, begin})
	return list
}

// withoutEnds leaves out the words that are an end token alone, as transformers does.
func withoutEnds(words [][]int, ends []int) [][]int {
	set := setOf(ends)
	return slices.DeleteFunc(slices.Clone(words), func(word []int) bool { return len(word) == 1 && set[word[0]] })
}

// setOf returns ids as a set.
func setOf(ids []int) map[int]bool {
	set := make(map[int]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// history is what penalties know of a text: its tokens, each once, and how often the
// answer has each. A set would cost an allocation now and then.
type history struct {
	on       bool
	distinct []int
	of       []tokenHistory // by id
}

type tokenHistory struct {
	seen  bool
	count int32 // in the answer
}

// penalises reports whether there are penalties that need a history.
func (s *Sampling) penalises() bool {
	return s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1 || s.PresencePenalty != 0 || s.FrequencyPenalty != 0
}

// reset forgets the text.
func (h *history) reset() {
	for _, id := range h.distinct {
		h.of[id] = tokenHistory{}
	}
	h.distinct = h.distinct[:0]
}

// grow makes room for ids below n, so that no step has to.
func (h *history) grow(n int) {
	if h.on && len(h.of) < n {
		h.of = append(h.of, make([]tokenHistory, n-len(h.of))...)
		h.distinct = slices.Grow(h.distinct, n-len(h.distinct))
	}
}

// add notes a token of the prompt, or of the answer.
func (h *history) add(id int, answer bool) {
	if !h.on || id < 0 {
		return
	}
	if id >= len(h.of) {
		h.of = append(h.of, make([]tokenHistory, id+1-len(h.of))...)
	}
	t := &h.of[id]
	if !t.seen {
		t.seen = true
		h.distinct = append(h.distinct, id)
	}
	if answer {
		t.count++
	}
}

// countedPenalties are [RepetitionPenalty] and [TokenPenalties] over a history.
type countedPenalties struct {
	history                         *history
	repetition, presence, frequency float32
}

// Process implements Processor.
func (p *countedPenalties) Process(_ []int, logits []float32) error {
	for _, id := range p.history.distinct {
		if id >= len(logits) {
			continue
		}
		if p.repetition != 0 && p.repetition != 1 {
			logits[id] = penalise(logits[id], p.repetition)
		}
		if n := int(p.history.of[id].count); n > 0 {
			logits[id] -= countPenalty(n, p.presence, p.frequency)
		}
	}
	return nil
}
