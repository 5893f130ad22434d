package chat

import "strings"

// llama is the format of Llama 3.1 and later: an answer that is an object, a list of
// calls in Python, or a tag with the name of the function around an object.
var llama = &format{
	name:  "llama",
	marks: []string{"<|python_tag|>"},
	suits: func(template string) bool {
		return strings.Contains(template, "<|python_tag|>") ||
			strings.Contains(template, `"parameters": `) && strings.Contains(template, "<|start_header_id|>")
	},
	opens: words{"<|python_tag|>", openFunction},
	loose: looseLists,
	bare:  true,
	join:  ';',
	ends:  "})]>",
	read:  readers{"": known(readLlama), "<|python_tag|>": readLlama, openFunction: readFunction}.read,
}

// readLlama reads a call: white space before it is for the mark and the join, a bare one
// has none.
func readLlama(in input) result {
	at := space(in.text)
	switch {
	case at == len(in.text):
		return in.more()
	case in.text[at] == '{':
		return readCalls(in, "")
	case in.text[at] == '[':
		return firstOf(readPython(in), func() result { return readCalls(in, "") })
	case in.mark == "<|python_tag|>":
		return readBuiltin(in)
	}
	return reject(at + 1)
}

// builtin is what Llama 3.1 writes behind the name of a tool that it was trained with:
// brave_search.call(query="…"). Other code behind the mark is a program for an
// interpreter of Python.
const builtin = ".call"

// readBuiltin reads a call of a tool that the model was trained with.
func readBuiltin(in input) result {
	r := readPython(in)
	if r.is != isCall {
		return r
	}
	name, ok := strings.CutSuffix(r.calls[0].Name, builtin)
	if !ok {
		return reject(r.n)
	}
	r.calls[0].Name = name
	return r
}

// firstOf returns the first of two results that is no rejection. The other is asked only
// where the first has rejected, so that more text cannot change the answer.
func firstOf(first result, second func() result) result {
	if first.is != notCall {
		return first
	}
	other := second()
	if other.is == notCall {
		other.n = max(other.n, first.n)
	}
	return other
}
