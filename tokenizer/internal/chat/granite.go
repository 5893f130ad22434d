package chat

// granite is the format of Granite 3: a mark and a list of objects.
var granite = &format{
	name:     "granite",
	marks:    []string{"<|tool_call|>", "<tool_call>", "</tool_call>"},
	suits:    contains("<|tool_call|>", "<|start_of_role|>"),
	opens:    graniteReaders.opens(),
	ends:     "]}>",
	thinking: thinkingToo(thinking{open: "Here is my thought process:", end: "Here is my response:"}),
	read:     graniteReaders.read,
}

var graniteReaders = silent("<response>", "</response>").and(jsonSeries(""), "<|tool_call|>").and(readHermes, "<tool_call>", openFunction)

// granite20b is the format of Granite 20B for functions: a mark before each object.
var granite20b = &format{
	name:  "granite-20b",
	marks: []string{"<function_call>"},
	suits: contains("<function_call>"),
	opens: words{"<function_call>"},
	ends:  "}",
	read:  jsonSeries(""),
}

// phi4 is the format of Phi-4 mini: a list of objects between marks, or behind a word.
var phi4 = &format{
	name:  "phi4",
	marks: []string{"<|tool_call|>", "<|/tool_call|>", "<think>", "</think>"},
	suits: func(template string) bool {
		return containsAny("<|/tool_call|>", "<|tool|>")(template) || contains("functools", "<|end|>")(template)
	},
	opens: words{"<|tool_call|>", "functools"},
	bare:  true,
	join:  ',',
	ends:  "]>",
	read: readers{
		"<|tool_call|>": jsonSeries("<|/tool_call|>"), "functools": readFunctools, "": jsonSeries(""),
	}.read,
}

// firefunction is the format of Firefunction: a word before a list of objects, or a mark
// before one.
var firefunction = &format{
	name:  "firefunction",
	suits: containsAny("functools", "<functioncall>"),
	opens: words{"functools", "<functioncall>"},
	ends:  "]}",
	read:  readers{"functools": readFunctools, "<functioncall>": jsonSeries("")}.read,
}

// readFunctools reads the list behind the word, with nothing between them: programs
// have it too.
func readFunctools(in input) result {
	switch {
	case in.text == "":
		return in.more()
	case in.text[0] != '[':
		return reject(1)
	}
	return jsonSeries("")(in)
}
