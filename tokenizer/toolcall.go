package tokenizer

import (
	"encoding/json"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
)

// ToolCall is a call of a function that a model asks for.
type ToolCall struct {
	// ID is the name that the model gave the call, often none.
	ID string
	// Name is the name of the function.
	Name string
	// Arguments is a JSON object, with the arguments in the model's order.
	Arguments json.RawMessage
}

// ToolFormat is how a family of models writes calls.
type ToolFormat string

// The formats.
const (
	// ToolsHermes is <tool_call>{"name": …, "arguments": …}</tool_call>, as
	// Hermes, Qwen and SmolLM3 write it, and the form of Qwen with one tag for
	// each parameter.
	ToolsHermes ToolFormat = "hermes"
	// ToolsLlama is an answer that is {"name": …, "parameters": …}, with or
	// without <|python_tag|> before it, as Llama 3.1 and later write it.
	ToolsLlama ToolFormat = "llama"
	// ToolsMistral is [TOOL_CALLS] with a list of calls, or with a name and its
	// arguments, as Mistral's models write it.
	ToolsMistral ToolFormat = "mistral"
)

// ToolFormat returns the format that the chat template suggests, empty where
// it suggests none.
func (t *Tokenizer) ToolFormat() ToolFormat {
	t = t.made()
	text := t.config.ChatTemplate
	if other, ok := t.config.ChatTemplates["tool_use"]; ok {
		text = other
	}
	return ToolFormat(chat.Suggested(text))
}

// IsMark reports whether a special token is one that calls are written with in
// the format, which a [Decoder] that feeds a [ToolParser] has to keep.
func (f ToolFormat) IsMark(token string) bool { return chat.IsMark(string(f), token) }

// ToolParser finds calls and thinking in an answer that arrives in parts. Feed it
// the texts of a [Decoder] that keeps special tokens: the marks of some formats are
// such tokens. However an answer is cut into parts, the same is found in it. A call
// within thinking is only spoken of, and none. It belongs to one answer and is not
// safe for concurrent use.
type ToolParser struct{ parser chat.Parser }

// NewToolParser returns a parser for a new answer. A format that is empty or
// unknown finds no calls. See [ToolFormat.NewParser] and [Tokenizer.NewToolParser]
// for one that knows more of the answer.
func NewToolParser(format ToolFormat) *ToolParser { return format.NewParser(nil) }

// ToolParserOptions are what a [ToolParser] may know of an answer before it comes.
type ToolParserOptions struct {
	// Tools are those that the prompt named, as in ChatOptions.Tools. Where calls
	// are written without quotation marks, their schemas decide which arguments are
	// texts and which are numbers; without them it is what they look like.
	Tools []any
	// Prompt is the text before the answer, or the end of it. Thinking that it opens
	// goes on in the answer. If it is empty, [Tokenizer.NewToolParser] takes what the
	// chat template puts before an answer when nothing else is asked of it.
	Prompt string
}

// NewParser is [NewToolParser] with options; nil are the zero ones.
func (f ToolFormat) NewParser(opts *ToolParserOptions) *ToolParser {
	return &ToolParser{chat.NewParser(string(f), opts.known())}
}

// known returns the options as the parser takes them.
func (o *ToolParserOptions) known() chat.Options {
	if o == nil {
		return chat.Options{}
	}
	return chat.Options{Tools: chat.NewTools(o.Tools), Prompt: o.Prompt}
}

// NewToolParser returns a parser for an answer to a prompt of the chat template: it
// finds calls in the template's format where the prompt had tools, and the thinking
// that the template knows. It returns nil, which passes answers on as they are, where
// there is nothing to find.
func (t *Tokenizer) NewToolParser(opts *ToolParserOptions) *ToolParser {
	t = t.made()
	known := opts.known()
	known.Template = t.config.ChatTemplate
	known.Hidden = t.isSpecialToken
	var format ToolFormat
	if opts != nil && len(opts.Tools) > 0 {
		format = t.ToolFormat()
	}
	if format == "" && !chat.KnowsThinking(known.Template) {
		return nil
	}
	if known.Prompt == "" {
		known.Prompt = t.usualPrompt()
	}
	return &ToolParser{chat.NewParser(string(format), known)}
}

// isSpecialToken reports whether a text is a special token.
func (t *Tokenizer) isSpecialToken(text string) bool {
	id, ok := t.TokenToID(text)
	return ok && t.IsSpecial(id)
}

// IsMark reports whether a special token is one that the parser looks for, which a
// [Decoder] that feeds it has to keep.
func (p *ToolParser) IsMark(token string) bool { return p != nil && p.parser.IsMark(token) }

// AnswerPart is what a part of an answer comes to.
type AnswerPart struct {
	// All is what is no part of a call: Text and Reasoning in their order, with the
	// marks of thinking, but for those that are special tokens where the parser knows
	// the tokenizer.
	All string
	// Text is what is neither part of a call nor thinking.
	Text string
	// Reasoning is the model's thinking, without its marks.
	Reasoning string
	// Calls are those that have become whole.
	Calls []ToolCall
}

// Read is [ToolParser.Write] with the thinking apart from the text.
func (p *ToolParser) Read(part string) AnswerPart {
	if p == nil {
		return AnswerPart{All: part, Text: part}
	}
	return answerPart(p.parser.Write(part))
}

// End is [ToolParser.Close] with the thinking apart from the text.
func (p *ToolParser) End() AnswerPart {
	if p == nil {
		return AnswerPart{}
	}
	return answerPart(p.parser.Close())
}

// answerPart gives a part the type of this package.
func answerPart(part chat.Part) AnswerPart {
	return AnswerPart{All: part.All, Text: part.Text, Reasoning: part.Thinking, Calls: toolCalls(part.Calls)}
}

// ParseToolCalls returns the calls in a whole answer and the text around them.
func ParseToolCalls(format ToolFormat, answer string) (text string, calls []ToolCall) {
	p := NewToolParser(format)
	text, calls = p.Write(answer)
	rest, more := p.Close()
	return text + rest, append(calls, more...)
}

// Write takes the next part of the answer. It returns the text that is no part
// of a call, thinking and its marks included, and the calls that have become whole.
// Text that may begin a call is held back.
func (p *ToolParser) Write(part string) (text string, calls []ToolCall) {
	if p == nil { // there is no format in which calls are written
		return part, nil
	}
	found := p.parser.Write(part)
	return found.All, toolCalls(found.Calls)
}

// Close ends the answer. A call without its closing tag is one if the rest of it is
// whole; what is no whole call is returned as the text that it is.
func (p *ToolParser) Close() (text string, calls []ToolCall) {
	if p == nil {
		return "", nil
	}
	found := p.parser.Close()
	return found.All, toolCalls(found.Calls)
}

// toolCalls gives calls the type of this package.
func toolCalls(found []chat.Call) (calls []ToolCall) {
	for _, call := range found {
		calls = append(calls, ToolCall(call))
	}
	return calls
}
