package chat

import (
	"slices"
	"strings"
)

// thinking is how a model's thinking is marked. A call in it is only spoken of.
type thinking struct {
	open, end string
	// before are marks that end it too, and begin something else.
	before []string
}

// commonThinking are the marks of models whose format names none of its own.
var commonThinking = []thinking{{open: "<think>", end: "</think>"}, {open: "[THINK]", end: "[/THINK]"}}

// rareThinking are the marks that are looked for where the template has them.
var rareThinking = []thinking{
	{open: "<seed:think>", end: "</seed:think>"},
	{open: "<thinking>", end: "</thinking>"},
	{open: "<reasoning>", end: "</reasoning>"},
	{open: "◁think▷", end: "◁/think▷"},
	{open: "<|START_THINKING|>", end: "<|END_THINKING|>"},
	{open: "<|inner_prefix|>", end: "<|inner_suffix|>"},
	{open: "<|begin_of_thought|>", end: "<|end_of_thought|>"},
	{open: "<mm:think>", end: "</mm:think>"},
}

// ends returns all that ends it.
func (t *thinking) ends() words {
	if t.end == "" {
		return t.before
	}
	return append(words{t.end}, t.before...)
}

// read reads thinking that begins within a text. There the mark may be what the text
// is about, so it has to have an end: from an opening at the beginning of an answer on
// all is thinking.
func (t *thinking) read(in input) result {
	if _, word := t.ends().next(in.text, in.final); word == "" {
		return in.more()
	}
	return result{is: isCall, thinking: t}
}

// thoughts returns the marks of thinking of a format and a template.
func (f *format) thoughts(template string) []thinking {
	list := slices.Clone(f.thinking)
	if list == nil {
		list = slices.Clone(commonThinking)
	}
	for _, t := range rareThinking {
		if t.in(template) && thinkingOf(list, t.open) == nil {
			list = append(list, t)
		}
	}
	return list
}

// in reports whether a template has one of the marks: some only open thinking, some only
// leave it out of earlier answers.
func (t *thinking) in(template string) bool {
	return strings.Contains(template, t.open) || strings.Contains(template, t.end)
}

// hasToken reports whether a token is one of the marks, or a part of one, which may be a
// token and a word.
func (t *thinking) hasToken(token string) bool {
	return strings.Contains(t.open, token) || slices.ContainsFunc(t.ends(), func(end string) bool { return strings.Contains(end, token) })
}

// knowsThinking reports whether a template has marks of thinking.
func knowsThinking(template string) bool {
	known := func(t thinking) bool { return t.in(template) }
	return slices.ContainsFunc(commonThinking, known) || slices.ContainsFunc(rareThinking, known)
}

// thinkingOf returns the thinking that a mark opens, nil if it opens none.
func thinkingOf(list []thinking, mark string) *thinking {
	for i := range list {
		if list[i].open == mark {
			return &list[i]
		}
	}
	return nil
}

// opened returns the thinking that a prompt opens at its end. What users say of marks is
// further up.
func opened(list []thinking, prompt string) *thinking {
	prompt = strings.TrimRight(prompt, spaces)
	for i := range list {
		if strings.HasSuffix(prompt, list[i].open) {
			return &list[i]
		}
	}
	return nil
}
