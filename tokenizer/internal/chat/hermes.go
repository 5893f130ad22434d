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

// endHermes ends a call.
const endHermes = "</tool_call>"

// readHermes reads a call up to </tool_call>. The object of a call may have that text
// in a string, so where there is an object, its own end comes first.
func readHermes(s string) ([]Call, int, progress) {
	at := leading(s)
	switch {
	case at == len(s):
		return nil, 0, needMore
	case s[at] == '{':
		return readTagged(s, at)
	}
	stop := strings.Index(s, endHermes)
	if stop < 0 {
		return nil, 0, needMore
	}
	call, ok := readTags(s[:stop])
	if !ok {
		return nil, 0, notCall
	}
	return []Call{call}, stop + len(endHermes), isCall
}

// readTagged reads the object at s[at] and the end behind it. A model may write other
// text in its place, but as long as nothing comes the end still may.
func readTagged(s string, at int) ([]Call, int, progress) {
	n := jsonEnd(s[at:])
	if n == 0 {
		return nil, 0, needMore
	}
	next := at + n
	next += leading(s[next:])
	rest := s[next:]
	switch {
	case strings.HasPrefix(rest, endHermes):
		next += len(endHermes)
	case strings.HasPrefix(endHermes, rest): // it may still come
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
		arguments[strings.TrimSpace(key)] = rawValue(value)
		body = rest
	}
	data, err := json.Marshal(arguments)
	return Call{Name: name, Arguments: data}, err == nil
}

// rawValue returns the value of a parameter as JSON. The line breaks next to the tags
// belong to the form, not to the value.
func rawValue(value string) json.RawMessage {
	value = strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
	if raw := json.RawMessage(value); json.Valid(raw) {
		return raw
	}
	raw, _ := json.Marshal(value) // a text cannot fail
	return raw
}
