package openai

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate"
)

// completionLogProbs are the log-probabilities of completions, an element for each token.
type completionLogProbs struct {
	Tokens []string `json:"tokens"`
	// TokenLogProbs are null for a token that nothing came before.
	TokenLogProbs []*float64 `json:"token_logprobs"`
	// TopLogProbs are the likeliest tokens in the place of each; null where none are wanted.
	TopLogProbs []map[string]float64 `json:"top_logprobs"`
	// TextOffset is where the token begins in the text, in characters.
	TextOffset []int `json:"text_offset"`
}

// clone returns a copy that can be added to.
func (l *completionLogProbs) clone() *completionLogProbs {
	if l == nil {
		return nil
	}
	return &completionLogProbs{slices.Clone(l.Tokens), slices.Clone(l.TokenLogProbs), slices.Clone(l.TopLogProbs), slices.Clone(l.TextOffset)}
}

// append adds a token.
func (l *completionLogProbs) append(texts *tokenTexts, id int, logProb *float64, top []generate.LogProb, wanted, offset int) {
	show := func(id int) string { return strings.ToValidUTF8(string(texts.of(id)), "\uFFFD") }
	l.Tokens = append(l.Tokens, show(id))
	l.TokenLogProbs = append(l.TokenLogProbs, logProb)
	l.TextOffset = append(l.TextOffset, offset)
	if wanted == 0 {
		return
	}
	var list map[string]float64
	if logProb != nil {
		list = map[string]float64{}
		for _, t := range top {
			// Of tokens that look alike the likeliest counts, which comes first.
			setOnce(list, show(t.ID), finite(t.LogProb))
		}
		setOnce(list, show(id), *logProb) // which is there too, likely or not
	}
	l.TopLogProbs = append(l.TopLogProbs, list)
}

// setOnce sets what is not set.
func setOnce(list map[string]float64, name string, v float64) {
	if _, ok := list[name]; !ok {
		list[name] = v
	}
}

// prompt adds the tokens of a prompt with its text.
func (l *completionLogProbs) prompt(s *generate.Score, text string, texts *tokenTexts, wanted int) {
	offset, rest := 0, text // of characters, and the bytes from there on
	for _, t := range s.Tokens {
		var p *float64
		if !t.First {
			p = new(finite(t.LogProb))
		}
		l.append(texts, t.ID, p, t.Top, wanted, offset)
		data := texts.of(t.ID)
		if texts.tok.IsSpecial(t.ID) && !strings.HasPrefix(rest, string(data)) {
			continue // which the tokenizer has added
		}
		n := min(len(data), len(rest))
		for _, b := range []byte(rest[:n]) {
			if utf8.RuneStart(b) { // a character may have several tokens
				offset++
			}
		}
		rest = rest[n:]
	}
}

// completionProbs makes the log-probabilities of events.
type completionProbs struct {
	texts  *tokenTexts
	wanted int
}

// newProbs returns what makes them, nil where none are wanted.
func (r *completionReply) newProbs() *completionProbs {
	if r.logProbs < 0 {
		return nil
	}
	return &completionProbs{newTokenTexts(r.j.to.Generator.Tokenizer()), r.logProbs}
}

// add adds those of an event, which comes behind so many characters, to others; nil means none
// yet.
func (p *completionProbs) add(to *completionLogProbs, e *event, offset int) *completionLogProbs {
	if p.texts.isEnd(e.token) {
		return to
	}
	if to == nil {
		to = &completionLogProbs{}
	}
	to.append(p.texts, e.token.ID, new(finite(e.token.LogProb)), e.token.TopLogProbs, p.wanted, offset)
	return to
}
