package chat

import (
	"encoding/json"
	"strings"
)

// Call is a call of a function that a model asks for.
type Call struct {
	// ID is the name that the model gave the call, often none.
	ID string
	// Name is the name of the function.
	Name string
	// Arguments is a JSON object.
	Arguments json.RawMessage
}

// callOf reads one call from its object.
func callOf(raw []byte) (Call, bool) {
	var f struct {
		ID         json.RawMessage `json:"id"`
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(raw, &f) != nil || f.Name == "" {
		return Call{}, false
	}
	call := Call{Name: f.Name, Arguments: f.Arguments}
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

// readObject reads a call that is an object.
func readObject(p *Parser) (calls []Call, end int, result progress) {
	at := p.solid.solid(p, p.base)
	if at == none {
		return nil, 0, needMore
	}
	if p.text(at, at+1)[0] != '{' {
		return nil, 0, notCall
	}
	_, end = p.object(at)
	if end <= 0 {
		return nil, 0, unended(end)
	}
	call, ok := p.call(at, end)
	if !ok {
		return nil, 0, notCall
	}
	return []Call{call}, end, isCall
}

// call reads the call that is an object between two places.
func (p *Parser) call(at, end int) (Call, bool) {
	p.looked += end - at
	return callOf(p.text(at, end))
}

// unended returns what an object is that has no end yet, or never will have one.
func unended(end int) progress {
	if end == none {
		return notCall
	}
	return needMore
}
