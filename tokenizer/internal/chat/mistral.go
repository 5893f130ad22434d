package chat

import "strings"

// mistral is the format of Mistral's models: a mark, and a list of calls or a name
// with its arguments.
var mistral = &format{
	name:  "mistral",
	marks: []string{"[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"},
	suits: naming("[TOOL_CALLS]"),
	opens: words{"[TOOL_CALLS]"},
	ends:  "]}",
	read:  readMistral,
}

// readMistral reads a list of calls, which models up to version 7 of Mistral's
// tokenizers write, or a name with its arguments, which those from version 11 on do.
func readMistral(in input) result {
	at := space(in.text)
	switch {
	case at == len(in.text):
		return in.more()
	case in.text[at] == '[':
		return readCalls(in, "")
	}
	return readNamed(in)
}

// readNamed reads name[CALL_ID]id[ARGS]{…}, of which both marks may be missing: the
// name ends at the object.
func readNamed(in input) result {
	brace := strings.IndexByte(in.text, '{')
	if brace < 0 {
		return in.more()
	}
	head, _, _ := strings.Cut(in.text[:brace], "[ARGS]")
	name, id, _ := strings.Cut(head, "[CALL_ID]")
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsAny(name, " \n") {
		return reject(brace)
	}
	raw, n, is := readJSON(in.text[brace:], "", in.final)
	switch is {
	case needMore:
		return result{}
	case notCall:
		return reject(brace + n)
	}
	return taken(brace+n, Call{ID: strings.TrimSpace(id), Name: name, Arguments: raw})
}
