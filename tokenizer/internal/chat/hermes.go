package chat

import (
	"encoding/json"
	"strings"
)

// hermes is the format of Hermes, Qwen and SmolLM3: a tag around an object, or
// around one tag for each parameter.
var hermes = &format{
	name:  "hermes",
	marks: []string{"<tool_call>", "</tool_call>"},
	suits: naming("<tool_call>"),
	open:  behind("<tool_call>"),
	read:  readHermes,
}

// readHermes reads a call up to </tool_call>.
func readHermes(s string) ([]Call, int, progress) {
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
		return []Call{call}, stop + len(end), isCall
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
	return []Call{call}, next, isCall
}

// readTags reads <function=name><parameter=key>value</parameter></function>.
// A value that is JSON is taken as such, any other as a text.
func readTags(s string) (Call, bool) {
	_, s, ok := strings.Cut(s, "<function=")
	name, body, found := strings.Cut(s, ">")
	if name = strings.TrimSpace(name); !ok || !found || name == "" {
		return Call{}, false
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
			return Call{}, false
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
	return Call{Name: name, Arguments: data}, err == nil
}
