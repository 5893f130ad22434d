package tokenizer

import (
	"encoding/json"
	"strings"
)

// ToolCall is a call of a function that a model asks for.
type ToolCall struct {
	// ID is the name that the model gave the call, often none.
	ID string
	// Name is the name of the function.
	Name string
	// Arguments is a JSON object.
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
	text := t.config.ChatTemplate
	if other, ok := t.config.ChatTemplates["tool_use"]; ok {
		text = other
	}
	switch {
	case strings.Contains(text, "[TOOL_CALLS]"):
		return ToolsMistral
	case strings.Contains(text, "<tool_call>"):
		return ToolsHermes
	case strings.Contains(text, "<|python_tag|>"), strings.Contains(text, `"parameters": `) && strings.Contains(text, "<|start_header_id|>"):
		return ToolsLlama
	}
	return ""
}

// IsMark reports whether a special token is one that calls are written with in
// the format, which a [Decoder] that feeds a [ToolParser] has to keep.
func (f ToolFormat) IsMark(token string) bool {
	switch f {
	case ToolsHermes:
		return token == "<tool_call>" || token == "</tool_call>"
	case ToolsLlama:
		return token == "<|python_tag|>"
	case ToolsMistral:
		return token == "[TOOL_CALLS]" || token == "[ARGS]" || token == "[CALL_ID]"
	}
	return false
}

// maxCall bounds the text of one call, which is held back until it is whole.
const maxCall = 1 << 18

// ToolParser finds calls in an answer that arrives in parts. Feed it the texts
// of a [Decoder] that keeps special tokens: the marks of some formats are such
// tokens. It belongs to one answer and is not safe for concurrent use.
type ToolParser struct {
	format ToolFormat
	buf    string
	mark   string // what opened the call that is being read
	inside bool
	begun  bool // text other than white space has gone before
	chain  bool // only white space has come since the last call
}

// NewToolParser returns a parser for a new answer. A format that is empty or
// unknown finds no calls.
func NewToolParser(format ToolFormat) *ToolParser { return &ToolParser{format: format} }

// ParseToolCalls returns the calls in a whole answer and the text around them.
func ParseToolCalls(format ToolFormat, answer string) (text string, calls []ToolCall) {
	p := NewToolParser(format)
	text, calls = p.Write(answer)
	rest, more := p.Close()
	return text + rest, append(calls, more...)
}

// Write takes the next part of the answer. It returns the text that is no part
// of a call and the calls that have become whole. Text that may begin a call
// is held back.
func (p *ToolParser) Write(part string) (text string, calls []ToolCall) {
	p.buf += part
	return p.run(false)
}

// Close ends the answer. A call that has no end, or that is malformed, is
// returned as the text that it is.
func (p *ToolParser) Close() (text string, calls []ToolCall) {
	text, calls = p.run(true)
	*p = ToolParser{format: p.format}
	return text, calls
}

// progress is what reading a call came to.
type progress int

const (
	needMore progress = iota
	isCall
	notCall
)

func (p *ToolParser) run(final bool) (text string, calls []ToolCall) {
	var out strings.Builder
	emit := func(s string) {
		out.WriteString(s)
		if strings.TrimSpace(s) != "" {
			p.begun, p.chain = true, false
		}
	}
	for {
		if !p.inside {
			at, mark, held := p.open()
			if at < 0 {
				if final {
					held = 0
				}
				emit(p.buf[:len(p.buf)-held])
				p.buf = p.buf[len(p.buf)-held:]
				return out.String(), calls
			}
			emit(p.buf[:at])
			p.buf, p.mark, p.inside = p.buf[at+len(mark):], mark, true
		}
		found, used, result := p.read()
		switch {
		case result == needMore && !final && len(p.buf) <= maxCall:
			return out.String(), calls
		case result == isCall:
			calls = append(calls, found...)
			p.buf, p.inside, p.chain = p.buf[used:], false, true
		default:
			emit(p.mark)
			p.inside = false
			if p.mark == "" { // an object that is no call
				emit(p.buf)
				p.buf = ""
			}
		}
	}
}

// open finds where the next call starts. Without one it returns -1 and how
// much at the end of the text may be the beginning of a mark.
func (p *ToolParser) open() (at int, mark string, held int) {
	switch p.format {
	case ToolsHermes:
		mark = "<tool_call>"
	case ToolsMistral:
		mark = "[TOOL_CALLS]"
	case ToolsLlama:
		mark = "<|python_tag|>"
		if !p.begun || p.chain {
			rest := strings.TrimLeft(p.buf, " \t\r\n")
			if rest == "" {
				return -1, "", len(p.buf)
			}
			if rest[0] == '{' {
				return len(p.buf) - len(rest), "", 0
			}
			if rest[0] == ';' && p.chain {
				return 0, p.buf[:len(p.buf)-len(rest)+1], 0
			}
		}
	default:
		return -1, "", 0
	}
	if at = strings.Index(p.buf, mark); at >= 0 {
		return at, mark, 0
	}
	for held = min(len(mark)-1, len(p.buf)); held > 0; held-- {
		if strings.HasSuffix(p.buf, mark[:held]) {
			break
		}
	}
	return -1, "", held
}

// read reads what follows a mark.
func (p *ToolParser) read() (calls []ToolCall, used int, result progress) {
	switch p.format {
	case ToolsHermes:
		return readHermes(p.buf)
	case ToolsMistral:
		return readMistral(p.buf)
	}
	return readObject(p.buf)
}

// leading returns how much white space s begins with.
func leading(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\r\n")) }
