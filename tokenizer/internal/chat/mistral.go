package chat

import (
	"encoding/json"
	"strings"
)

// mistral is the format of Mistral's models: a mark, and a list of calls or a name
// with its arguments.
var mistral = &format{
	name:  "mistral",
	marks: []string{"[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"},
	suits: naming("[TOOL_CALLS]"),
	open:  behind("[TOOL_CALLS]"),
	read:  readMistral,
}

// readMistral reads a list of calls, or a name with its arguments.
func readMistral(s string) ([]Call, int, progress) {
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
		var calls []Call
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
	call := Call{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name), Arguments: json.RawMessage(s[brace : brace+n])}
	if call.Name == "" || strings.ContainsAny(call.Name, " \n") || !json.Valid(call.Arguments) {
		return nil, 0, notCall
	}
	return []Call{call}, brace + n, isCall
}
