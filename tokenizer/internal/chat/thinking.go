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

// thoughts returns the marks of a format's thinking.
func (f *format) thoughts() []thinking {
	if f.thinking != nil {
		return f.thinking
	}
	return commonThinking
}

// openings returns all that the text of an answer is searched for.
func (f *format) openings() words {
	all := slices.Clone(f.opens)
	for _, t := range f.thoughts() {
		if t.open != "" {
			all = append(all, t.open)
		}
	}
	return all
}

// thinkingOf returns the thinking that a mark opens, nil if it opens none.
func (f *format) thinkingOf(mark string) *thinking {
	list := f.thoughts()
	for i := range list {
		if list[i].open == mark {
			return &list[i]
		}
	}
	return nil
}

// opened returns the thinking that is open where a prompt ends.
func (f *format) opened(prompt string) *thinking {
	var open *thinking
	last := -1
	for _, t := range f.thoughts() {
		at := strings.LastIndex(prompt, t.open)
		if t.open == "" || at <= last {
			continue
		}
		if _, end := t.ends().next(prompt[at+len(t.open):], true); end == "" {
			open, last = f.thinkingOf(t.open), at
		}
	}
	return open
}
