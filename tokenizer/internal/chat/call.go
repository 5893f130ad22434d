package chat

import "encoding/json"

// Call is a call of a function that a model asks for.
type Call struct {
	// ID is the name that the model gave the call, often none.
	ID string
	// Name is the name of the function.
	Name string
	// Arguments is a JSON object.
	Arguments json.RawMessage
}

// fields are those of a call that is an object, with the names that models give them.
type fields struct {
	ID         json.RawMessage `json:"id"`
	Name       string          `json:"name"`
	Function   json.RawMessage `json:"function"`
	Arguments  json.RawMessage `json:"arguments"`
	Parameters json.RawMessage `json:"parameters"`
	Args       json.RawMessage `json:"args"`
}

// callOf reads one call from its object. That may be one of OpenAI's interface, with
// the function in an object of its own, or have the name under "function".
func callOf(raw []byte) (Call, bool) {
	var f fields
	if json.Unmarshal(raw, &f) != nil {
		return Call{}, false
	}
	id := f.ID
	if f.Name == "" && json.Unmarshal(f.Function, &f.Name) != nil && json.Unmarshal(f.Function, &f) != nil {
		return Call{}, false
	}
	call := Call{Name: f.Name}
	_ = json.Unmarshal(id, &call.ID) // an id that is no string is none
	for _, other := range []json.RawMessage{f.Parameters, f.Args} {
		if f.Arguments == nil {
			f.Arguments = other
		}
	}
	var ok bool
	call.Arguments, ok = argumentsOf(f.Arguments)
	return call, ok && call.Name != ""
}

// argumentsOf returns the object that arguments are. Some models write it as a text.
func argumentsOf(raw json.RawMessage) (json.RawMessage, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		raw, ok := literalOf(text)
		return raw, ok && raw[0] == '{'
	}
	if s := string(raw); s == "" || s == "null" || s == `""` {
		return json.RawMessage("{}"), true
	}
	return raw, raw[0] == '{'
}

// callsOf reads a call, or a list of calls, which is one only if all of it are calls.
func callsOf(raw json.RawMessage) ([]Call, bool) {
	list := []json.RawMessage{raw}
	if raw[0] == '[' && json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	var calls []Call
	for _, raw := range list {
		call, ok := callOf(raw)
		if !ok {
			return nil, false
		}
		calls = append(calls, call)
	}
	return calls, len(calls) > 0
}

// readCalls reads a call or a list of calls that a text begins with, behind white
// space. Stop is as for readJSON.
func readCalls(in input, stop string) result {
	at := space(in.text)
	if at == len(in.text) {
		return in.more()
	}
	if c := in.text[at]; c != '{' && c != '[' {
		return reject(at + 1)
	}
	raw, n, is := readJSON(in.text[at:], stop, in.final)
	switch is {
	case needMore:
		return result{}
	case notCall:
		return reject(at + n)
	}
	calls, ok := callsOf(raw)
	if !ok {
		return reject(at + n)
	}
	return taken(at+n, calls...)
}
