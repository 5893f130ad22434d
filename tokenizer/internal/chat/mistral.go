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

// readMistral reads a list of calls, which models up to version 7 of Mistral's
// tokenizers write, or a name with its arguments, which those from version 11 on do.
func readMistral(s string) ([]Call, int, progress) {
	at := leading(s)
	switch {
	case at == len(s):
		return nil, 0, needMore
	case s[at] == '[':
		calls, n, result := readList(s[at:])
		return calls, at + n, result
	}
	return readNamed(s)
}

// readList reads a list of calls, which is one only if all its elements are calls.
func readList(s string) ([]Call, int, progress) {
	n := jsonEnd(s)
	if n == 0 {
		return nil, 0, needMore
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(s[:n]), &list) != nil || len(list) == 0 {
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
	return calls, n, isCall
}

// readNamed reads name[CALL_ID]id[ARGS]{…}, of which both marks may be missing: the
// name ends at the object.
func readNamed(s string) ([]Call, int, progress) {
	brace := strings.IndexByte(s, '{')
	if brace < 0 {
		return nil, 0, needMore
	}
	n := jsonEnd(s[brace:])
	if n == 0 {
		return nil, 0, needMore
	}
	head, _, _ := strings.Cut(s[:brace], "[ARGS]")
	name, id, _ := strings.Cut(head, "[CALL_ID]")
	call := Call{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name), Arguments: json.RawMessage(s[brace : brace+n])}
	if call.Name == "" || strings.ContainsAny(call.Name, " \n") || !json.Valid(call.Arguments) {
		return nil, 0, notCall
	}
	return []Call{call}, brace + n, isCall
}
