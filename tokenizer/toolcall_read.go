package tokenizer

import (
	"encoding/json"
	"strings"
)

// jsonEnd returns the end of the object or list at the start of s, 0 where it
// has none yet.
func jsonEnd(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return 0
}

// callOf reads one call from its object.
func callOf(raw string) (ToolCall, bool) {
	var f struct {
		ID         json.RawMessage `json:"id"`
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal([]byte(raw), &f) != nil || f.Name == "" {
		return ToolCall{}, false
	}
	call := ToolCall{Name: f.Name, Arguments: f.Arguments}
	_ = json.Unmarshal(f.ID, &call.ID) // an id that is no string is none
	if call.Arguments == nil {
		call.Arguments = f.Parameters
	}
	// Some models write the object as a text.
	var text string
	if json.Unmarshal(call.Arguments, &text) == nil && json.Valid([]byte(text)) {
		call.Arguments = json.RawMessage(text)
	}
	if len(call.Arguments) == 0 || string(call.Arguments) == "null" {
		call.Arguments = json.RawMessage("{}")
	}
	return call, strings.HasPrefix(strings.TrimSpace(string(call.Arguments)), "{")
}

// readHermes reads a call up to </tool_call>.
func readHermes(s string) ([]ToolCall, int, progress) {
	const end = "</tool_call>"
	at := leading(s)
	if at == len(s) {
		return nil, 0, needMore
	}
	if s[at] != '{' {
		stop := strings.Index(s, end)
		if stop < 0 {
			return nil, 0, needMore
		}
		call, ok := readTags(s[:stop])
		if !ok {
			return nil, 0, notCall
		}
		return []ToolCall{call}, stop + len(end), isCall
	}
	n := jsonEnd(s[at:])
	if n == 0 {
		return nil, 0, needMore
	}
	next := at + n
	next += leading(s[next:])
	rest := s[next:]
	switch {
	case strings.HasPrefix(rest, end):
		next += len(end)
	case strings.HasPrefix(end, rest):
		return nil, 0, needMore
	}
	call, ok := callOf(s[at : at+n])
	if !ok {
		return nil, 0, notCall
	}
	return []ToolCall{call}, next, isCall
}

// readTags reads <function=name><parameter=key>value</parameter></function>.
// A value that is JSON is taken as such, any other as a text.
func readTags(s string) (ToolCall, bool) {
	_, s, ok := strings.Cut(s, "<function=")
	name, body, found := strings.Cut(s, ">")
	if name = strings.TrimSpace(name); !ok || !found || name == "" {
		return ToolCall{}, false
	}
	arguments := map[string]json.RawMessage{}
	for {
		_, rest, ok := strings.Cut(body, "<parameter=")
		if !ok {
			break
		}
		key, rest, ok := strings.Cut(rest, ">")
		value, rest, closed := strings.Cut(rest, "</parameter>")
		if !ok || !closed {
			return ToolCall{}, false
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			raw, _ = json.Marshal(value) // a text cannot fail
		}
		arguments[strings.TrimSpace(key)] = raw
		body = rest
	}
	data, err := json.Marshal(arguments)
	return ToolCall{Name: name, Arguments: data}, err == nil
}

// readMistral reads a list of calls, or a name with its arguments.
func readMistral(s string) ([]ToolCall, int, progress) {
	at := leading(s)
	if at == len(s) {
		return nil, 0, needMore
	}
	if s[at] == '[' {
		n := jsonEnd(s[at:])
		if n == 0 {
			return nil, 0, needMore
		}
		var list []json.RawMessage
		if json.Unmarshal([]byte(s[at:at+n]), &list) != nil || len(list) == 0 {
			return nil, 0, notCall
		}
		var calls []ToolCall
		for _, raw := range list {
			call, ok := callOf(string(raw))
			if !ok {
				return nil, 0, notCall
			}
			calls = append(calls, call)
		}
		return calls, at + n, isCall
	}
	brace := strings.IndexByte(s, '{')
	if brace < 0 {
		return nil, 0, needMore
	}
	n := jsonEnd(s[brace:])
	if n == 0 {
		return nil, 0, needMore
	}
	head, _, _ := strings.Cut(s[at:brace], "[ARGS]")
	name, id, _ := strings.Cut(head, "[CALL_ID]")
	call := ToolCall{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name), Arguments: json.RawMessage(s[brace : brace+n])}
	if call.Name == "" || strings.ContainsAny(call.Name, " \n") || !json.Valid(call.Arguments) {
		return nil, 0, notCall
	}
	return []ToolCall{call}, brace + n, isCall
}

// readObject reads a call that is an object.
func readObject(s string) (calls []ToolCall, used int, result progress) {
	at := leading(s)
	if at == len(s) {
		return nil, 0, needMore
	}
	if s[at] != '{' {
		return nil, 0, notCall
	}
	n := jsonEnd(s[at:])
	if n == 0 {
		return nil, 0, needMore
	}
	call, ok := callOf(s[at : at+n])
	if !ok {
		return nil, 0, notCall
	}
	return []ToolCall{call}, at + n, isCall
}
