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
func readHermes(p *Parser) ([]Call, int, progress) {
	at := p.solid.solid(p, p.base)
	switch {
	case at == none:
		return nil, 0, needMore
	case p.text(at, at+1)[0] == '{':
		return readTagged(p, at)
	}
	stop := p.stop.word(p, at, endHermes)
	if stop == none {
		return nil, 0, needMore
	}
	if p.tags.known(p, at, stop); !p.tags.fit(p, at) {
		return nil, 0, notCall
	}
	p.looked += stop - at
	call, ok := readTags(string(p.text(at, stop)))
	if !ok {
		return nil, 0, notCall
	}
	return []Call{call}, stop + len(endHermes), isCall
}

// readTagged reads the object at a place and the end behind it. A model may write other
// text in its place, but as long as nothing comes the end still may.
func readTagged(p *Parser, at int) ([]Call, int, progress) {
	_, end := p.object(at)
	if end <= 0 {
		return nil, 0, unended(end)
	}
	next := p.behind.solid(p, end)
	if next == none {
		return nil, 0, needMore
	}
	rest := string(p.text(next, min(next+len(endHermes), p.end())))
	switch {
	case rest == endHermes:
		next += len(endHermes)
	case strings.HasPrefix(endHermes, rest): // it may still come
		return nil, 0, needMore
	}
	call, ok := p.call(at, end)
	if !ok {
		return nil, 0, notCall
	}
	return []Call{call}, next, isCall
}

// readTags reads <function=name><parameter=key>value</parameter></function>.
// A value that is JSON is taken as such, any other as a text.
func readTags(s string) (Call, bool) {
	_, s, ok := strings.Cut(s, openFunction)
	name, body, found := strings.Cut(s, ">")
	if name = strings.TrimSpace(name); !ok || !found || name == "" {
		return Call{}, false
	}
	arguments := map[string]json.RawMessage{}
	for {
		_, rest, ok := strings.Cut(body, openParameter)
		if !ok {
			break
		}
		key, rest, ok := strings.Cut(rest, ">")
		value, rest, closed := strings.Cut(rest, endParameter)
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
