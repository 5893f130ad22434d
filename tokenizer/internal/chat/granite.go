package chat

// granite is the format of Granite 3: a mark and a list of objects.
var granite = &format{
	name:     "granite",
	marks:    []string{"<|tool_call|>", "<tool_call>", "</tool_call>"},
	suits:    contains("<|tool_call|>", "<|start_of_role|>"),
	opens:    graniteReaders.opens(),
	always:   true,
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
