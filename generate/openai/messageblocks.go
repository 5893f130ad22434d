package openai

import (
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// The kinds of blocks of an answer.
const (
	blockText     = "text"
	blockThinking = "thinking"
	blockCall     = "tool_use"
)

// blockWriter makes blocks of the events of an answer: one is open at a time. White space at
// the beginning of a text comes with what follows it: between thinking and a call it is no
// text, and Anthropic's own interface takes no text of white space back.
type blockWriter struct {
	start func(kind string, call *tokenizer.ToolCall) error
	delta func(kind, piece string) error
	stop  func(kind string) error
	// hideThinking leaves out what the thinking says.
	hideThinking bool

	open  string // the kind of the open block, "" for none
	any   bool   // there was a block
	space string // that waits for a text
}

// add writes what became known.
func (b *blockWriter) add(e *event) error {
	if err := b.thinking(e.reasoning); err != nil {
		return err
	}
	if err := b.text(e.text); err != nil {
		return err
	}
	for k := range e.calls {
		if err := b.call(&e.calls[k]); err != nil {
			return err
		}
	}
	if e.finish == finishNone {
		return nil
	}
	return b.finish()
}

// thinking writes a piece of thinking.
func (b *blockWriter) thinking(piece string) error {
	if piece == "" {
		return nil
	}
	if err := b.begin(blockThinking, nil); err != nil {
		return err
	}
	if b.hideThinking {
		return nil
	}
	return b.delta(blockThinking, piece)
}

// text writes a piece of text.
func (b *blockWriter) text(piece string) error {
	if b.open != blockText {
		piece = b.space + piece
		if b.space = piece; strings.TrimSpace(piece) == "" {
			return nil
		}
		b.space = ""
		if err := b.begin(blockText, nil); err != nil {
			return err
		}
	}
	if piece == "" {
		return nil
	}
	return b.delta(blockText, piece)
}

// call writes a call.
func (b *blockWriter) call(call *tokenizer.ToolCall) error {
	if err := b.close(); err != nil {
		return err
	}
	b.space = ""
	if err := b.begin(blockCall, call); err != nil {
		return err
	}
	if err := b.delta(blockCall, toolCall(*call).Function.Arguments); err != nil {
		return err
	}
	return b.close()
}

// finish closes the last block. An answer that is white space is that.
func (b *blockWriter) finish() error {
	if b.space != "" && !b.any {
		if err := b.begin(blockText, nil); err != nil {
			return err
		}
		if err := b.delta(blockText, b.space); err != nil {
			return err
		}
	}
	return b.close()
}

// begin opens a block of a kind, unless it is open.
func (b *blockWriter) begin(kind string, call *tokenizer.ToolCall) error {
	if b.open == kind {
		return nil
	}
	if err := b.close(); err != nil {
		return err
	}
	b.open, b.any = kind, true
	return b.start(kind, call)
}

// close closes the open block.
func (b *blockWriter) close() error {
	if b.open == "" {
		return nil
	}
	kind := b.open
	b.open = ""
	return b.stop(kind)
}
