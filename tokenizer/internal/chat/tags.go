package chat

import (
	"encoding/json"
	"strings"
)

// The tags of calls with a tag for each parameter.
const (
	openFunction  = "<function="
	endFunction   = "</function>"
	openParameter = "<parameter="
	endParameter  = "</parameter>"
)

// readFunction reads name><parameter=key>value</parameter></function> behind
// <function=, and a </tool_call> that may follow.
func readFunction(in input) result {
	stop := strings.Index(in.text, endFunction)
	if stop < 0 {
		return in.more()
	}
	name, body, ok := strings.Cut(in.text[:stop], ">")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return reject(stop)
	}
	var arguments object
	for {
		_, rest, ok := strings.Cut(body, openParameter)
		if !ok {
			break
		}
		key, rest, ok := strings.Cut(rest, ">")
		value, rest, closed := strings.Cut(rest, endParameter)
		if !ok || !closed {
			return reject(stop)
		}
		key = strings.TrimSpace(key)
		arguments.set(key, in.tools.value(name, key, trimBreaks(value)))
		body = rest
	}
	return in.closing(taken(stop+len(endFunction), Call{Name: name, Arguments: arguments.json()}), endHermes)
}

// trimBreaks leaves out the line breaks next to the tags: they belong to the form, not
// to the value.
func trimBreaks(value string) string {
	return strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
}

// object makes a JSON object whose keys keep their order. A key that comes again has
// its last value at its first place, as in a dict of Python.
type object struct {
	keys   []string
	values map[string]json.RawMessage
}

// set sets a key.
func (o *object) set(key string, value json.RawMessage) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	if o.values == nil {
		o.values = map[string]json.RawMessage{}
	}
	o.values[key] = value
}

// json returns the object.
func (o *object) json() json.RawMessage {
	out := []byte("{")
	for i, key := range o.keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted(key)...), ':'), o.values[key]...)
	}
	return append(out, '}')
}
