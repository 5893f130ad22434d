package chat

import (
	"encoding/json"
	"strings"
)

// gemma4 is the format of Gemma 4: a name and arguments in braces, where texts stand
// between marks.
var gemma4 = &format{
	name:  "gemma4",
	marks: []string{"<|tool_call>", "<tool_call|>", `<|"|>`, "<|channel>", "<channel|>"},
	suits: contains("<|tool_call>", "<tool_call|>"),
	opens: words{"<|tool_call>"},
	ends:  "}>",
	thinking: []thinking{
		{open: "<|channel>thought", end: "<channel|>"},
		{open: "<|channel>", end: "<channel|>"},
	},
	read: gemmaForm{quote: `<|"|>`, end: "<tool_call|>"}.read,
}

// functionGemma is the format of FunctionGemma, whose marks for texts stand around
// every value.
var functionGemma = &format{
	name:  "functiongemma",
	marks: []string{"<start_function_call>", "<end_function_call>", "<escape>", "<start_function_response>"},
	suits: contains("<start_function_call>"),
	opens: words{"<start_function_call>"},
	ends:  "}>",
	read:  gemmaForm{quote: "<escape>", end: "<end_function_call>", all: true}.read,
}

// gemmaForm is the form of call:f{k:v}.
type gemmaForm struct {
	// quote is the mark around texts, end the one behind a call.
	quote, end string
	// all says that the marks are around all values, so that they tell no type.
	all bool
}

// read reads a call.
func (f gemmaForm) read(in input) result {
	const call = "call:"
	s := scanner{input: in}
	name, ok := s.upTo("{")
	if !ok {
		return s.failed()
	}
	if name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), call)); !identifier(name) {
		return reject(s.at)
	}
	g := gemmaText{gemmaForm: f, in: in, at: s.at}
	arguments, ok := g.object(in.tools.arguments(name))
	switch {
	case ok:
		return in.closing(taken(g.at, Call{Name: name, Arguments: arguments}), f.end)
	case g.short:
		return in.more()
	}
	return reject(g.at)
}

// gemmaText reads values at a place of a text.
type gemmaText struct {
	gemmaForm
	in    input
	at    int
	depth int
	short bool // it failed because the text ended
}

// next passes white space and returns the byte behind it, 0 at the end of the text.
func (g *gemmaText) next() byte {
	g.at += space(g.in.text[g.at:])
	if g.at == len(g.in.text) {
		g.short = true
		return 0
	}
	return g.in.text[g.at]
}

// object reads the members behind a brace. The comma between them may be missing.
func (g *gemmaText) object(s schema) (json.RawMessage, bool) {
	var o object
	if g.depth++; g.depth > maxDepth {
		return nil, false
	}
	defer func() { g.depth-- }()
	for {
		switch g.next() {
		case 0:
			return nil, false
		case ',':
			g.at++
			continue
		case '}':
			g.at++
			return o.json(), true
		}
		key, ok := g.key()
		if !ok {
			return nil, false
		}
		value, ok := g.value(s.member(key))
		if !ok {
			return nil, false
		}
		o.set(key, value)
	}
}

// list reads the elements between brackets.
func (g *gemmaText) list(s schema) (json.RawMessage, bool) {
	if g.depth++; g.depth > maxDepth {
		return nil, false
	}
	defer func() { g.depth-- }()
	var values []json.RawMessage
	element := s.element()
	g.at++
	for {
		switch g.next() {
		case 0:
			return nil, false
		case ',':
			g.at++
			continue
		case ']':
			g.at++
			return listOf(values), true
		case '}': // where a value ends: it would be an empty one, again and again
			return nil, false
		}
		value, ok := g.value(element)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
}

// key reads a key and the colon behind it.
func (g *gemmaText) key() (string, bool) {
	if text, is := g.quoted(); is != notCall {
		if is == needMore || g.next() != ':' {
			return "", false
		}
		g.at++
		return text, true
	}
	n := strings.IndexAny(g.in.text[g.at:], ":,{}[]\n")
	if n < 0 {
		g.short = true
		return "", false
	}
	key := strings.Trim(g.in.text[g.at:g.at+n], spaces+`"'`)
	if g.in.text[g.at+n] != ':' || key == "" {
		return "", false
	}
	g.at += n + 1
	return key, true
}

// value reads a value.
func (g *gemmaText) value(s schema) (json.RawMessage, bool) {
	switch g.next() {
	case 0:
		return nil, false
	case '{':
		g.at++
		return g.object(s)
	case '[':
		return g.list(s)
	case '"':
		raw, n, is := readJSON(g.in.text[g.at:], "", g.in.final)
		g.at, g.short = g.at+n, g.short || is == needMore
		return raw, is == isCall
	}
	text, is := g.quoted()
	switch {
	case is == needMore:
		return nil, false
	case is == isCall && !g.all:
		return quoted(text), true
	case is == notCall:
		n := strings.IndexAny(g.in.text[g.at:], ",}]")
		if n < 0 {
			g.short = true
			return nil, false
		}
		text = strings.Trim(g.in.text[g.at:g.at+n], spaces)
		g.at += n
	}
	return s.value(text), true
}

// quoted reads a text between marks. It answers notCall where there is none.
func (g *gemmaText) quoted() (text string, is progress) {
	rest := g.in.text[g.at:]
	switch body, found := strings.CutPrefix(rest, g.quote); {
	case found:
		n := strings.Index(body, g.quote)
		if n < 0 {
			g.short = true
			return "", needMore
		}
		g.at += len(g.quote) + n + len(g.quote)
		return body[:n], isCall
	case strings.HasPrefix(g.quote, rest):
		g.short = true
		return "", needMore
	}
	return "", notCall
}
