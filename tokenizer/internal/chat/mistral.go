package chat

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
	case in.text[at] == '[' || in.text[at] == '{':
		return readCalls(in, "")
	}
	return readNamed(in.behind(at)).after(at)
}

// readNamed reads name[CALL_ID]id[ARGS]{…}, of which both marks may be missing: the
// name ends at the object.
func readNamed(in input) result {
	s := scanner{input: in}
	var call Call
	var ok bool
	if call.Name, ok = s.until("[{"); !ok {
		return s.failed()
	}
	if s.word("[CALL_ID]") {
		if call.ID, ok = s.until("[{"); !ok {
			return s.failed()
		}
	}
	s.word("[ARGS]")
	s.space()
	if s.next() != '{' {
		return s.failed()
	}
	raw, n, is := readJSON(s.text[s.at:], "", s.final)
	switch is {
	case needMore:
		return result{}
	case notCall:
		return reject(s.at + n)
	}
	call.Arguments = raw
	return taken(s.at+n, call)
}
