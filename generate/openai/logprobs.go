package openai

import (
	"math"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// leastLogProb stands for tokens that are impossible: JSON has no infinity.
const leastLogProb = -9999

// finite returns a log-probability as JSON can have it.
func finite(v float64) float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) || v < leastLogProb {
		return leastLogProb
	}
	return v
}

// tokenTexts tells the text of tokens. It serves one answer at a time.
type tokenTexts struct {
	tok   *tokenizer.Tokenizer
	bytes *tokenizer.TokenBytes
}

func newTokenTexts(tok *tokenizer.Tokenizer) *tokenTexts {
	return &tokenTexts{tok: tok, bytes: tok.TokenBytes()}
}

// of returns the bytes of a token within a text. A special token is shown as it is written.
func (t *tokenTexts) of(id int) []byte {
	if text, ok := t.tok.IDToToken(id); ok && t.tok.IsSpecial(id) {
		return []byte(text)
	}
	data, _ := t.bytes.Append(nil, id, false)
	return data
}

// isEnd reports whether a token ends the answer and is no part of it.
func (t *tokenTexts) isEnd(tok *generate.Token) bool {
	return tok.Finish == generate.FinishEnd && t.tok.IsSpecial(tok.ID)
}

// The log-probabilities of chat completions.
type (
	chatLogProbs struct {
		Content []chatLogProb `json:"content"`
		Refusal *string       `json:"refusal"`
	}
	chatLogProb struct {
		tokenLogProb
		Top []tokenLogProb `json:"top_logprobs"`
	}
	tokenLogProb struct {
		Token   string  `json:"token"`
		LogProb float64 `json:"logprob"`
		Bytes   []int   `json:"bytes"`
	}
)

// join returns both.
func (c *chatLogProbs) join(next *chatLogProbs) *chatLogProbs {
	if c == nil || next == nil {
		if c == nil {
			return next
		}
		return c
	}
	c.Content = append(c.Content, next.Content...)
	return c
}

// chatProbs makes the log-probabilities of events.
type chatProbs struct{ texts *tokenTexts }

// newLogProbs returns what makes them, nil where none are wanted.
func (j *job) newLogProbs() *chatProbs {
	if j.opts.LogProbs == 0 {
		return nil
	}
	return &chatProbs{newTokenTexts(j.to.Generator.Tokenizer())}
}

// of returns those of an event, nil for a token that ends the answer.
func (p *chatProbs) of(e *event) *chatLogProbs {
	if p.texts.isEnd(e.token) {
		return nil
	}
	one := chatLogProb{tokenLogProb: p.one(e.token.ID, e.token.LogProb), Top: []tokenLogProb{}}
	for _, t := range e.token.TopLogProbs {
		one.Top = append(one.Top, p.one(t.ID, t.LogProb))
	}
	return &chatLogProbs{Content: []chatLogProb{one}}
}

// one returns a token with its log-probability.
func (p *chatProbs) one(id int, logProb float64) tokenLogProb {
	data := p.texts.of(id)
	return tokenLogProb{strings.ToValidUTF8(string(data), "\uFFFD"), finite(logProb), numbers(data)}
}
