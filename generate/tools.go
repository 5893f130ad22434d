package generate

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// toolReader finds the calls of functions and the thinking in an answer. A nil one
// leaves the text as it is.
type toolReader struct {
	tok    *tokenizer.Tokenizer
	parser *tokenizer.ToolParser
	calls  int // the calls so far, of which the ids are made
	shown  int // how much of the call under way was shown
	// ended says that the answer has, which was in ending: the parser begins anew then.
	ended  bool
	ending TokenKind
}

// promptEnd is the number of tokens at the end of a prompt that can open thinking.
const promptEnd = 16

// newToolReader returns the reader of the answer to a prompt that was written with the
// options, nil where there is nothing to find. Calls are those that the conversation has
// had.
func newToolReader(tok *tokenizer.Tokenizer, opts *tokenizer.ChatOptions, prompt []int, calls int) *toolReader {
	parser := tok.NewToolParser(&tokenizer.ToolParserOptions{
		Chat: opts, Prompt: tok.Decode(prompt[max(0, len(prompt)-promptEnd):], false),
	})
	if parser == nil {
		return nil
	}
	return &toolReader{tok: tok, parser: parser, calls: calls}
}

// isText reports whether a token is part of the text. Special tokens are not,
// but for those that mark a call or thinking in the model's way to write them: the
// parser must see them.
func (t *toolReader) isText(id int) bool {
	if t == nil || !t.tok.IsSpecial(id) {
		return true
	}
	token, ok := t.tok.IDToToken(id)
	return ok && t.parser.IsMark(token)
}

// endsThinking reports whether a token ends the thinking that the answer is in.
func (t *toolReader) endsThinking(id int) bool {
	if t == nil {
		return false
	}
	token, ok := t.tok.IDToToken(id)
	return ok && t.parser.EndsThinking(token)
}

// isThinking reports whether what comes next is thinking.
func (t *toolReader) isThinking() bool { return t != nil && t.parser.IsThinking() }

// read takes the next part of the answer and returns what of it is text, thinking with
// it, and the calls that are whole; last ends the answer.
func (t *toolReader) read(text string, last bool) tokenizer.AnswerPart {
	if t == nil {
		return tokenizer.AnswerPart{All: text, Text: text}
	}
	part := t.parser.Read(text)
	if last {
		t.ending, t.ended = t.place(), true
		rest := t.parser.End()
		part.All += rest.All
		part.Text += rest.Text
		part.Reasoning += rest.Reasoning
		part.Calls = append(part.Calls, rest.Calls...)
		part.Errors = append(part.Errors, rest.Errors...)
	}
	for i := range part.Calls {
		t.calls++
		if part.Calls[i].ID == "" {
			// Mistral's templates ask for nine letters or digits.
			part.Calls[i].ID = fmt.Sprintf("call%05d", t.calls)
		}
	}
	return part
}

// callText returns what is new in the call under way.
func (t *toolReader) callText() string {
	if t == nil || t.ended {
		return ""
	}
	text, n := t.parser.Pending(t.shown)
	if n < t.shown { // another one
		text, n = t.parser.Pending(0)
	}
	t.shown = n
	return text
}

// plainText gathers the text of an answer without its thinking, up to where a stop string
// ends it.
type plainText struct {
	stop stopMatcher
	text strings.Builder
}

// add adds the next part of the text, and returns what of it is certain; last ends it.
func (p *plainText) add(text string, last bool) string {
	out, found := p.stop.push(text)
	if last && !found {
		out += p.stop.flush()
	}
	p.text.WriteString(out)
	return out
}
