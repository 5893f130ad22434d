package generate

import (
	"context"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// lastTurn is what a session remembers of its last answer, for one that goes on with it.
type lastTurn struct {
	// Tokens are those that the answer's next one follows: prompt and answer, or what is
	// left of them where the context was slid along.
	Tokens []int `json:"tokens"`
	// Opening is the end of the prompt, and Answer all tokens of the answer.
	Opening []int        `json:"opening"`
	Answer  []int        `json:"answer"`
	Finish  FinishReason `json:"finish"`
	// Whole says that a grammar ended the answer: its last token is part of the text.
	Whole bool `json:"whole,omitempty"`
	// Text, Reasoning, Content and Calls are what of it was yielded.
	Text      string `json:"text"`
	Reasoning string `json:"reasoning,omitempty"`
	Content   string `json:"content,omitempty"`
	Calls     int    `json:"calls,omitempty"`

	pictures []placed
}

// clone returns a copy that can be kept while the other one changes.
func (l *lastTurn) clone() *lastTurn {
	if l == nil {
		return nil
	}
	c := *l
	c.Tokens, c.Answer = slices.Clone(l.Tokens), slices.Clone(l.Answer)
	return &c
}

// withoutEnd returns the tokens that a text goes on from: an end token ended the answer
// and is no part of the text.
func (l *lastTurn) withoutEnd() []int {
	if l.Finish == FinishEnd && !l.Whole && len(l.Tokens) > 0 {
		return l.Tokens[:len(l.Tokens)-1]
	}
	return l.Tokens
}

// turnAnswer is what the messages of a turn were answered with.
type turnAnswer struct {
	// text is the answer with its thinking, plain the same without.
	text, thinking strings.Builder
	plain          string
	calls          []tokenizer.ToolCall
	ids            []int
	finish         FinishReason
}

// add adds a token.
func (a *turnAnswer) add(t Token) {
	a.text.WriteString(t.Text)
	a.thinking.WriteString(t.Reasoning)
	a.calls = append(a.calls, t.Calls...)
	a.ids = append(a.ids, t.ID)
	a.finish = t.Finish
}

// message returns the answer as a message of the assistant, in the form that the chat
// template of the options reads. Templates find thinking in a text by its marks; where
// these are special tokens, which the text lacks, it goes into a field of its own. The
// answer counts even if the context has ended meanwhile.
func (a *turnAnswer) message(ctx context.Context, tok *tokenizer.Tokenizer, opts *tokenizer.ChatOptions) tokenizer.Message {
	text, thinking := a.text.String(), a.thinking.String()
	unmarked := thinking != "" && len(text) == len(a.plain)+len(thinking)
	if unmarked {
		text = a.plain
	}
	m := tok.AnswerMessageWith(context.WithoutCancel(ctx), text, a.calls, opts)
	if unmarked {
		if m.Extra == nil {
			m.Extra = map[string]any{}
		}
		m.Extra["reasoning_content"] = thinking
	}
	return m
}

// overlap takes what was yielded before out of a text that is made once more: an answer
// that ended in the midst of a character, or of what may begin a stop string, gave all
// that it had.
type overlap struct{ rest string }

// cut returns what of the next part is new.
func (o *overlap) cut(text string) string {
	n := 0
	for n < len(text) && n < len(o.rest) && text[n] == o.rest[n] {
		n++
	}
	switch {
	case n == len(text): // all of it is known
		o.rest = o.rest[n:]
	default: // the rest, if any, was no more than a guess
		o.rest = ""
	}
	return text[n:]
}
