package openai

import (
	"net/http"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// tokenized is the reply of POST /tokenize.
type tokenized struct {
	Tokens      any      `json:"tokens"` // ids, or these with their texts
	Count       int      `json:"count"`
	MaxModelLen int      `json:"max_model_len"`
	Texts       []string `json:"token_strs,omitempty"`
}

// piece is a token with its text.
type piece struct {
	ID    int `json:"id"`
	Piece any `json:"piece"` // a text, or bytes that are none
}

// tokenize answers POST /tokenize: the tokens of a text, or of messages as the chat template
// writes them.
func (h *Handler) tokenize(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	to, tok, err := x.findTokenizer(o)
	if err != nil {
		return err
	}
	special := !o.has("add_special_tokens") || o.flag("add_special_tokens")
	if o.has("add_special") { // llama.cpp's name
		special = o.flag("add_special")
	}
	var text string
	var j *job
	switch {
	case o.has("messages"):
		if j, err = x.templated(o, to); err != nil {
			return err
		}
	case o.has("prompt"):
		text = o.text("prompt")
	case o.has("content"):
		text = o.text("content")
	default:
		o.bad("prompt", "is missing, and so are content and messages")
	}
	pieces, strings := o.flag("with_pieces"), o.flag("return_token_strs")
	if err := o.failed(); err != nil {
		return err
	}
	var ids []int
	if j != nil {
		ids, err = j.promptTokens()
	} else {
		ids, err = tok.EncodeContext(x.ctx, text, special)
	}
	if err != nil {
		return err
	}
	return x.reply(http.StatusOK, describe(ids, to, tok, pieces, strings))
}

// describe returns the reply with tokens.
func describe(ids []int, to *target, tok *tokenizer.Tokenizer, pieces, strings bool) tokenized {
	if ids == nil {
		ids = []int{}
	}
	reply := tokenized{Tokens: ids, Count: len(ids), MaxModelLen: to.info().MaxModelLen}
	texts := newTokenTexts(tok)
	if pieces {
		list := []piece{}
		for _, id := range ids {
			list = append(list, piece{id, shownPiece(texts.of(id))})
		}
		reply.Tokens = list
	}
	if strings {
		for _, id := range ids {
			text, _ := tok.IDToToken(id)
			reply.Texts = append(reply.Texts, text)
		}
	}
	return reply
}

// findTokenizer returns the model of a request about tokens, of either kind.
func (x *exchange) findTokenizer(o *object) (*target, *tokenizer.Tokenizer, error) {
	name := o.text("model")
	if err := o.failed(); err != nil {
		return nil, nil, err
	}
	to, err := x.find(name)
	if err != nil {
		return nil, nil, err
	}
	var tok *tokenizer.Tokenizer
	if to.Generator != nil {
		tok = to.Generator.Tokenizer()
	} else {
		tok = to.Encoder.Tokenizer()
	}
	if tok == nil {
		return nil, nil, badField("model", "%s has no tokenizer", shown(to.name))
	}
	return to, tok, nil
}

// templated reads a conversation of which the tokens are asked for.
func (x *exchange) templated(o *object, to *target) (*job, error) {
	if to.Generator == nil {
		return nil, badField("model", "%s takes no messages", shown(to.name))
	}
	j := &job{x: x, to: to}
	j.toolFields(o)
	j.templateFields(o)
	j.messageFields(o)
	return j, o.failed()
}

// promptTokens returns the tokens of a conversation as the chat template writes it. A picture
// is the one token that stands in its place.
func (j *job) promptTokens() ([]int, error) {
	tok := j.to.Generator.Tokenizer()
	if tok == nil {
		return nil, j.explain(generate.ErrNoChatTemplate)
	}
	opts := j.to.Generator.ChatOptions()
	if j.opts.Chat != nil {
		*opts = *j.opts.Chat
	}
	opts.AddGenerationPrompt = !opts.ContinueFinalMessage
	if opts.Tools = j.opts.Tools; j.opts.ToolChoice == generate.ToolNone {
		opts.Tools = nil
	}
	ids, err := tok.EncodeChat(j.x.ctx, j.prompt.Messages, opts)
	if err != nil {
		return nil, j.explain(err)
	}
	return ids, nil
}

// shownPiece returns the text of a token, or its bytes where they are none.
func shownPiece(data []byte) any {
	if text := string(data); utf8.ValidString(text) {
		return text
	}
	return numbers(data)
}

// numbers returns bytes as JSON has them: a list of bytes would be base64.
func numbers(data []byte) []int {
	list := make([]int, len(data))
	for k, b := range data {
		list[k] = int(b)
	}
	return list
}

// detokenize answers POST /detokenize: the text of tokens.
func (h *Handler) detokenize(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	_, tok, err := x.findTokenizer(o)
	if err != nil {
		return err
	}
	if !o.has("tokens") {
		o.bad("tokens", "is missing")
	}
	ids := o.ids("tokens", maxValues)
	if err := o.failed(); err != nil {
		return err
	}
	text, err := tok.DecodeContext(x.ctx, ids, false)
	if err != nil {
		return err
	}
	// llama.cpp's servers call it content, others prompt.
	return x.reply(http.StatusOK, map[string]string{"content": text, "prompt": text})
}
