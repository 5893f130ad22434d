package tokenizer

import (
	"encoding/json"
	"errors"

	"github.com/gocoreml/coreml/internal/quote"
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
	// ToolsApertus is [{"name": {…}}] between <|tools_prefix|> and <|tools_suffix|>.
	ToolsApertus ToolFormat = "apertus"
	// ToolsApriel is a list of objects in <tool_calls>, after thinking up to [BEGIN FINAL RESPONSE].
	ToolsApriel ToolFormat = "apriel"
	// ToolsCohere is a list between <|START_ACTION|> and <|END_ACTION|>, as Command R7B and A write it.
	ToolsCohere ToolFormat = "cohere"
	// ToolsCommandR is Action: and a list in a fence of Markdown, as the first Command R writes it.
	ToolsCommandR ToolFormat = "command-r"
	// ToolsDeepSeek is name<｜tool▁sep｜>{…} between marks, as DeepSeek R1, V3 and V3.1 write it.
	ToolsDeepSeek ToolFormat = "deepseek"
	// ToolsDeepSeekML is <｜DSML｜invoke name="…">, as DeepSeek V3.2 and V4 write it, and GigaChat 3.5 with GCML.
	ToolsDeepSeekML ToolFormat = "dsml"
	// ToolsDots is <invoke name="…"> in <dots_function_call>.
	ToolsDots ToolFormat = "dots"
	// ToolsFirefunction is functools[…], or <functioncall> and an object.
	ToolsFirefunction ToolFormat = "firefunction"
	// ToolsFunctionary is >>>name, a line break and an object, as functionary v3.2 writes it.
	ToolsFunctionary ToolFormat = "functionary"
	// ToolsFunctionary2 is <|recipient|>name and <|content|>{…}, as functionary v2 writes it.
	ToolsFunctionary2 ToolFormat = "functionary-v2"
	// ToolsFunctionGemma is call:name{key:<escape>value<escape>} between marks.
	ToolsFunctionGemma ToolFormat = "functiongemma"
	// ToolsGemma3 is Python in a fence named tool_code.
	ToolsGemma3 ToolFormat = "gemma3"
	// ToolsGemma4 is call:name{key:value} between <|tool_call> and <tool_call|>.
	ToolsGemma4 ToolFormat = "gemma4"
	// ToolsGigaChat is a message of the role "function call" with an object.
	ToolsGigaChat ToolFormat = "gigachat"
	// ToolsGLM is <tool_call>name<arg_key>…</arg_key><arg_value>…</arg_value>, as GLM 4.5 and later, Ling 3, Laguna and Spark write it.
	ToolsGLM ToolFormat = "glm"
	// ToolsGLM4 is a line with the name and an object, as GLM 4 writes it.
	ToolsGLM4 ToolFormat = "glm4"
	// ToolsGranite is <|tool_call|> and a list, as Granite 3 writes it.
	ToolsGranite ToolFormat = "granite"
	// ToolsGranite20B is <function_call> and an object.
	ToolsGranite20B ToolFormat = "granite-20b"
	// ToolsHarmony is messages with channels and recipients, as gpt-oss writes them.
	ToolsHarmony ToolFormat = "harmony"
	// ToolsHunyuan is a name and arguments, or objects, in <tool_calls>.
	ToolsHunyuan ToolFormat = "hunyuan"
	// ToolsHyperCLOVA is -> tool/function_call and a list, as HyperCLOVA X writes it.
	ToolsHyperCLOVA ToolFormat = "hyperclova"
	// ToolsInkling is <|content_invoke_tool_json|> and an object.
	ToolsInkling ToolFormat = "inkling"
	// ToolsInternLM is an object between <|action_start|><|plugin|> and <|action_end|>.
	ToolsInternLM ToolFormat = "internlm"
	// ToolsIQuest is the form of GLM in <iquest_tool_call>.
	ToolsIQuest ToolFormat = "iquest"
	// ToolsJamba is a list of objects in <tool_calls>.
	ToolsJamba ToolFormat = "jamba"
	// ToolsJSON is an answer that is an object or a list with nothing around it, as xLAM and others write it.
	ToolsJSON ToolFormat = "json"
	// ToolsK2 is the form of GLM with tags named <ifm|…>, as K2 Horizon writes it.
	ToolsK2 ToolFormat = "k2"
	// ToolsKimi is functions.name:0 and an object between marks, as Kimi K2 writes it.
	ToolsKimi ToolFormat = "kimi"
	// ToolsKimi3 is <|open|>call tool="…"<|sep|>, as Kimi K3 writes it.
	ToolsKimi3 ToolFormat = "kimi-k3"
	// ToolsLFM2 is Python between <|tool_call_start|> and <|tool_call_end|>, as LFM2 and MiniCPM 3 and 4 write it.
	ToolsLFM2 ToolFormat = "lfm2"
	// ToolsLongCat is an object or the form of GLM in <longcat_tool_call>.
	ToolsLongCat ToolFormat = "longcat"
	// ToolsMiniCPM5 is <function name="…"><param name="…">.
	ToolsMiniCPM5 ToolFormat = "minicpm5"
	// ToolsMiniMax is <invoke name="…"> in <minimax:tool_call>, as MiniMax M2 writes it.
	ToolsMiniMax ToolFormat = "minimax"
	// ToolsMiniMaxM1 is objects in <tool_calls>, one to a line.
	ToolsMiniMaxM1 ToolFormat = "minimax-m1"
	// ToolsMiniMaxM3 is elements with the names of arguments, each behind ]<]minimax[>[.
	ToolsMiniMaxM3 ToolFormat = "minimax-m3"
	// ToolsMuse is <atem:invoke name="…"> in messages with recipients, as Muse Glimmer writes it.
	ToolsMuse ToolFormat = "muse"
	// ToolsNemotron is a list in <TOOLCALL>, as Nemotron before version 3 writes it.
	ToolsNemotron ToolFormat = "nemotron"
	// ToolsOlmo3 is Python in <function_calls>, one call to a line.
	ToolsOlmo3 ToolFormat = "olmo3"
	// ToolsPangu is a list between [unused11] and [unused12].
	ToolsPangu ToolFormat = "pangu"
	// ToolsPhi4 is a list between <|tool_call|> and <|/tool_call|>, or functools[…], as Phi-4 mini writes it.
	ToolsPhi4 ToolFormat = "phi4"
	// ToolsPythonic is an answer that is a list of calls in Python, as Llama 4 and ToolACE write it.
	ToolsPythonic ToolFormat = "pythonic"
	// ToolsSeed is the tags of Qwen 3 Coder in <seed:tool_call>.
	ToolsSeed ToolFormat = "seed"
	// ToolsSmolLM is objects in <tool_call> or Python in <code>, as SmolLM3 writes it.
	ToolsSmolLM ToolFormat = "smollm"
	// ToolsSolar is <|tool_call:name|>name<|tool_call:args|>{…}, as Solar Open writes it.
	ToolsSolar ToolFormat = "solar"
)

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
	// Chat are the options that the prompt was written with, for
	// [Tokenizer.NewToolParser]: their template is the one that the answer follows. Nil
	// are the zero ones. Their Tools count where those above are nil.
	Chat *ChatOptions
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
// that the template or the format knows. It returns nil, which passes answers on as they
// are, where there is nothing to find.
//
// Where the prompt had no tools, a call stays text: nobody waits for it, and an answer
// that has vanished helps nobody. The channels and marks that some models write around
// all that they say, such as those of gpt-oss, are taken out of the text with tools and
// without, and thinking is told apart; of a call in such a form, which would be a
// mistake of the model, the text is left without its special tokens.
func (t *Tokenizer) NewToolParser(opts *ToolParserOptions) *ToolParser {
	t = t.made()
	var o ToolParserOptions
	if opts != nil {
		o = *opts
	}
	var in ChatOptions
	if o.Chat != nil {
		in = *o.Chat
	}
	if o.Tools == nil {
		o.Tools = in.Tools
	}
	in.Tools = o.Tools
	known := o.known()
	known.Template = t.template(&in)
	known.Hidden = t.isSpecialToken
	known.NoTools = len(o.Tools) == 0
	p := chat.NewParser(string(t.answerFormat(&in)), known)
	if !p.Finds() {
		return nil
	}
	if known.Prompt == "" {
		p.Follow(t.usualPrompt(&in))
	}
	return &ToolParser{p}
}

// isSpecialToken reports whether a text is a special token.
func (t *Tokenizer) isSpecialToken(text string) bool {
	id, ok := t.TokenToID(text)
	return ok && t.IsSpecial(id)
}

// IsMark reports whether a special token is one that the parser looks for, which a
// [Decoder] that feeds it has to keep.
func (p *ToolParser) IsMark(token string) bool { return p != nil && p.parser.IsMark(token) }

// EndsThinking reports whether a token is the mark that ends the thinking of which the
// answer is a part just now. Some models end a thought and an answer with the same token.
func (p *ToolParser) EndsThinking(token string) bool { return p != nil && p.parser.EndsThinking(token) }

// IsThinking reports whether the answer is in a thought just now, as it may be before
// its first part where the prompt opens one.
func (p *ToolParser) IsThinking() bool { return p != nil && p.parser.IsThinking() }

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
	// Errors are the texts that began as a call and were none. They are part of Text and
	// of All as well.
	Errors []*ToolCallError
}

// ErrToolCall means that a text began as a call of a function and was none. The error is
// a [*ToolCallError].
var ErrToolCall = errors.New("the call of a function cannot be read")

// ToolCallError is an [ErrToolCall]: what the model wrote behind the mark of a call does
// not have the form of one, or the answer ended before it was whole.
type ToolCallError struct {
	// Text is the text as the model wrote it, with the mark, as far as it was looked at.
	Text string
}

// Error shows the beginning of the text.
func (e *ToolCallError) Error() string {
	return ErrToolCall.Error() + ": " + quote.Name(e.Text, 80)
}

// Unwrap returns [ErrToolCall].
func (e *ToolCallError) Unwrap() error { return ErrToolCall }

// ThinkingEnd returns the mark that ends the thinking of which the answer is a part just
// now. It is empty where the answer is no thinking.
func (p *ToolParser) ThinkingEnd() string {
	if p == nil {
		return ""
	}
	return p.parser.ThinkingEnd()
}

// InCall reports whether the answer is in the midst of a call, or of what begins like one.
func (p *ToolParser) InCall() bool { return p != nil && p.parser.InCall() }

// Pending returns the text of the call that the answer is in, in the model's own form,
// behind the mark that opened it and from the given byte on, and how many bytes there are
// so far. Outside of a call there are none.
func (p *ToolParser) Pending(from int) (text string, n int) {
	if p == nil {
		return "", 0
	}
	return p.parser.Pending(max(from, 0))
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
	a := AnswerPart{All: part.All, Text: part.Text, Reasoning: part.Thinking, Calls: toolCalls(part.Calls)}
	for _, text := range part.Failed {
		a.Errors = append(a.Errors, &ToolCallError{Text: text})
	}
	return a
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
