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

// jsonEnd returns the end of the object or list at the start of s, 0 where it
// has none yet. It counts brackets outside of strings, of either kind: whether they fit
// is for the reader of the JSON to say.
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
func callOf(raw string) (Call, bool) {
	var f struct {
		ID         json.RawMessage `json:"id"`
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal([]byte(raw), &f) != nil || f.Name == "" {
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
func readObject(s string) (calls []Call, used int, result progress) {
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
	return []Call{call}, at + n, isCall
}

// leading returns how much white space s begins with.
func leading(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\r\n")) }
